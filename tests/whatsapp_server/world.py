"""Who there is and what was said: people, their devices, groups, messages."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, Unpack

from msgspec.structs import replace

from whatsapp_server.addresses import GROUP, JID, LID, PHONE_NUMBER
from whatsapp_server.behaviour import Addressing, Behaviour, Decrypting, GroupOptions
from whatsapp_server.node import Node
from whatsapp_server.records import Message, Presence, State
from whatsapp_server.signal_protocol import SignalDevice

if TYPE_CHECKING:
    from whatsapp_server.connection import Connection

T = TypeVar("T")

_FIRST_OTHER_DEVICE = 40
_FIRST_LID = 10**14
_FIRST_GROUP = 120363000000000000


@dataclass
class LinkedDevice:
    """A real client that a played phone has linked."""

    number: int
    identity: bytes
    registration_id: bytes
    signed_prekey: tuple[bytes, bytes, bytes]
    """Its id, public key and signature."""
    prekeys: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    connection: Connection | None = None
    has_app_state_key: bool = False
    """The phone has handed it the key to its settings."""
    mail: dict[str, Node] = field(default_factory=dict[str, Node])
    """Receipts that it has not acked."""


@dataclass(eq=False)
class User:
    """A person: a phone, played companions, and the real clients linked to it."""

    phone: str
    lid_number: str
    name: str
    devices: dict[int, SignalDevice]
    """Played devices by number; 0 is the phone."""
    linked: dict[int, LinkedDevice] = field(default_factory=dict[int, LinkedDevice])
    links: int = 0
    """Devices linked, ever: numbers are never given twice."""
    refusal: dict[str, str] | None = None
    """The <failure> that each login gets."""
    passkey: bool = False
    """Linking has to be confirmed with a passkey, which no headless client can do."""
    app_state_key: bytes = field(default_factory=lambda: os.urandom(32))
    """The phone's settings are sealed under it."""
    changes: dict[str, object] = field(default_factory=dict[str, object])
    """Where the server behaves differently towards this account."""

    @property
    def pn(self) -> JID:
        return JID(self.phone, PHONE_NUMBER)

    @property
    def lid(self) -> JID:
        return JID(self.lid_number, LID)

    def address(self, addressing: Addressing, device: int = 0) -> JID:
        user = self.lid if addressing == "lid" else self.pn
        return JID(user.user, user.server, device)

    @property
    def connections(self) -> list[Connection]:
        return [linked.connection for linked in self.linked.values() if linked.connection]


@dataclass
class Group:
    """A group; members and admins are phone numbers, the first admin owns it."""

    id: str
    subject: str
    members: list[str]
    admins: list[str] = field(default_factory=list[str])
    addressing: Addressing = "lid"
    announce_only: bool = False
    expiration: int = 0
    """Seconds after which messages disappear; 0 is never."""
    hide_numbers: bool = False
    """Members are known by their LIDs alone."""
    created: int = field(default_factory=lambda: int(time.time()) - 86_400)
    version: int = 1

    @property
    def jid(self) -> JID:
        return JID(self.id, GROUP)

    @property
    def owner(self) -> str:
        return (self.admins or self.members)[0]


class World:
    """Everything the server knows. `changed` wakes those who wait for progress."""

    def __init__(self, decrypting: Decrypting, *, keep_frames: bool) -> None:
        self.decrypting = decrypting
        self.keep_frames = keep_frames
        self.behaviour = Behaviour()
        self.users: dict[str, User] = {}
        self.lids: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.connections: set[Connection] = set()
        self.messages: dict[tuple[str, str], Message] = {}
        self.recipients: dict[tuple[str, str], list[str]] = {}
        """Message → the phones of those it was for when it came."""
        self.frames: list[str] = []
        self.counts: Counter[str] = Counter()
        self.unhandled: Counter[str] = Counter()
        self.presences: list[Presence] = []
        self.media_address = ""
        self.media: dict[str, bytes] = {}
        """Path → an uploaded ciphertext."""
        self.files: dict[tuple[str, bytes], bytes] = {}
        """Path and key → the file that phones saved."""
        self.handshakes = 0
        self.refused = 0
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def add_user(self, phone: str, name: str = "", devices: int = 1) -> User:
        """Add a person with so many played devices, or find the one with that phone."""
        if phone in self.users:
            return self.users[phone]
        digits = int(hashlib.sha256(phone.encode()).hexdigest()[:10], 16)
        numbers = [0, *range(_FIRST_OTHER_DEVICE, _FIRST_OTHER_DEVICE + devices - 1)]
        played = {number: SignalDevice() for number in numbers}
        user = User(phone, str(_FIRST_LID + digits), name or phone, played)
        self.users[phone] = self.lids[user.lid_number] = user
        return user

    def user(self, phone: str) -> User:
        if phone not in self.users:
            raise LookupError(f"nobody has the phone {phone}")
        return self.users[phone]

    def find_user(self, jid: JID) -> User | None:
        return (self.lids if jid.server == LID else self.users).get(jid.user)

    def names_of(self, to: str) -> set[str]:
        """Return every JID that means the same: a client may turn a phone number into a LID."""
        user = self.find_user(JID.parse(to))
        return {to} if user is None else {str(user.pn), str(user.lid)}

    def add_group(self, subject: str, members: list[str], **options: Unpack[GroupOptions]) -> Group:
        for phone in members:
            self.add_user(phone)
        group = Group(str(_FIRST_GROUP + len(self.groups) + 1), subject, members, **options)
        self.groups[group.id] = group
        return group

    def find_message(self, message_id: str) -> Message:
        found = next((one for one in self.messages.values() if one.id == message_id), None)
        if found is None:
            raise LookupError(f"no message {message_id}")
        return found

    def addressing(self, to: str) -> Addressing:
        """Return how people are named where a message went."""
        group = self.groups.get(JID.parse(to).user)
        return "lid" if group is None else group.addressing

    def behaviour_towards(self, user: User) -> Behaviour:
        return replace(self.behaviour, **user.changes)

    def state(self) -> State:
        users = self.users.values()
        return State(
            connections=self.handshakes,
            refused=self.refused,
            online=sorted(str(connection.jid) for user in users for connection in user.connections),
            linked=sorted(
                str(user.address("pn", number)) for user in users for number in user.linked
            ),
            pairing=sum(connection.pairing is not None for connection in self.connections),
            messages=len(self.messages),
            counts=dict(self.counts),
            unhandled=dict(self.unhandled),
        )

    def notice(self) -> None:
        """Wake everyone who waits: something has changed."""
        self._changed.set()
        self._changed = asyncio.Event()

    def soon(self, work: Coroutine[object, object, None]) -> None:
        """Do something that no connection has to last for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def until(self, happened: Callable[[], T | None], seconds: float, what: str) -> T:
        """Wait until `happened()` gives something, at most so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := happened()):
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"waited {seconds:g} s: {what}") from None
        return found
