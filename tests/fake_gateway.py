"""A gateway without WhatsApp: does at once what it should, and whatever else a test tells it to.

It obeys `whatsapp/test_gateway_conformance.py` as the real one does. A test may also make a
session say anything, late, twice or after its death (`FakeSession.say`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from waremind.domain.lifecycle import Cause
from waremind.errors import ErrorCode, WaremindError
from waremind.whatsapp.gateway import Media, Message, OnReport, Opening
from waremind.whatsapp.report_writer import FINAL_CAUSES
from waremind.whatsapp.reports import (
    AnyReport,
    Code,
    GroupSnapshot,
    Identity,
    LifeReport,
    NotSent,
    NotUploaded,
    Outcome,
    SendUnknown,
    Sent,
)

Answer = Callable[[Message], Outcome | None]
UploadAnswer = Callable[[Media], Awaitable[NotUploaded | None]]
RevokeAnswer = Callable[[str], Outcome | None]


@dataclass
class FakeWhatsApp:
    """What lies beyond the gateway: which keys are linked, the groups, how sends are answered."""

    devices: dict[Path, Identity] = field(default_factory=dict)
    groups: list[GroupSnapshot] = field(default_factory=list)
    answer: Answer | None = None
    """How to answer a send: an outcome, or None to hold it; without it each is sent."""
    answer_revoke: RevokeAnswer | None = None
    """How to answer the deletion of a message, by its id: as `answer` does."""
    answer_upload: UploadAnswer | None = None
    """How to answer an upload; without it each is taken."""
    connects: bool = True
    """Whether a login connects by itself."""
    removes: bool = True
    """Whether a log out reaches WhatsApp."""
    questions: list[str] = field(default_factory=list[str])
    """What was asked about groups: a JID, or `all`."""
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set, what is asked about groups is answered later, as it was when asked."""

    def __post_init__(self) -> None:
        self.answering.set()

    async def tell_groups(self, question: str) -> list[GroupSnapshot]:
        """Answer a question about groups."""
        self.questions.append(question)
        groups = list(self.groups)
        await self.answering.wait()
        return groups


class FakeSession:
    """One opening; `sent` is what it was asked to send, `held` what waits for an outcome."""

    def __init__(
        self,
        whatsapp: FakeWhatsApp,
        opening: Opening,
        on_report: OnReport,
        leave: Callable[[], None],
    ) -> None:
        self.opening = opening
        self.on_report = on_report
        self.sent: list[Message] = []
        self.revoked: list[tuple[str, str]] = []
        self.uploaded: dict[str, bytes] = {}
        self.held: list[asyncio.Future[Outcome]] = []
        self.log_outs = 0
        self._news = asyncio.Event()
        self.connected = False
        self.gone = asyncio.Event()
        self._whatsapp = whatsapp
        self._leave = leave
        self._ids = count(1)
        self._sending = asyncio.Lock()
        self._removed: bool | None = None
        asyncio.get_running_loop().call_soon(self._start)

    @property
    def number(self) -> int:
        return self.opening.session

    # What a test makes happen.

    def say(self, report: AnyReport) -> None:
        """Report anything, at any time: late, twice, after the end."""
        self.on_report(report)

    def turn(
        self,
        cause: Cause,
        detail: str = "",
        *,
        until: datetime | None = None,
        identity: Identity | None = None,
    ) -> None:
        """Let the account's life take a turn, as WhatsApp would; a final one ends the session."""
        if self.gone.is_set():
            return
        self.connected = cause is Cause.CONNECTED
        if cause in {Cause.LOGGED_OUT, Cause.BANNED}:
            self._whatsapp.devices.pop(self.opening.directory, None)
        self.say(
            LifeReport(
                session=self.number, cause=cause, detail=detail, until=until, identity=identity
            )
        )
        if cause in FINAL_CAUSES:
            self.die()

    def scan(self, identity: Identity) -> None:
        """Scan the code that is showing: paired, then connected."""
        self._whatsapp.devices[self.opening.directory] = identity
        self.turn(Cause.PAIRED, identity=identity)
        self.turn(Cause.CONNECTED, identity=identity)

    def show(self, code: str = "https://wa.me/settings/linked_devices#2@fake") -> None:
        """Show the next QR."""
        expires_at = datetime.now(UTC) + timedelta(seconds=60)
        self.say(Code(session=self.number, kind="qr", code=code, expires_at=expires_at))

    def release(self, outcome: Outcome) -> None:
        """Answer the send that has been held longest."""
        self.held.pop(0).set_result(outcome)

    async def wait_held(self, number: int = 1) -> None:
        """Wait until so many sends are held."""
        while len(self.held) < number:
            self._news.clear()
            await self._news.wait()

    def die(self, detail: str = "its process died") -> None:
        """End as a child does that is killed: sends in flight are unknown, the last word said."""
        if self.gone.is_set():
            return
        self.connected = False
        self.gone.set()
        self._leave()
        for held in self.held:
            if not held.done():
                held.set_result(SendUnknown("the session has ended"))
        self.say(LifeReport(session=self.number, cause=Cause.ENDED, detail=detail))

    # The port.

    async def end(self, *, log_out: bool = False) -> bool:
        if self._removed is None:
            self._removed = self._log_out() if log_out else not self._device
            self.die("it was ended")
        return self._removed

    async def groups(self) -> list[GroupSnapshot]:
        return await self._told("all")

    async def group(self, jid: str) -> GroupSnapshot | None:
        return next((group for group in await self._told(jid) if group.jid == jid), None)

    async def _told(self, question: str) -> list[GroupSnapshot]:
        if not self.connected:
            raise WaremindError(ErrorCode.NOT_CONNECTED, "cannot fetch groups: not connected")
        return await self._whatsapp.tell_groups(question)

    async def send(self, message: Message) -> Outcome:
        async with self._sending:
            if not self.connected:
                return NotSent("not connected")
            if message.media and message.media.sha256 not in self.uploaded:
                return NotSent("its file was not uploaded")
            self.sent.append(message)
            answer = self._whatsapp.answer
            outcome = answer(message) if answer else Sent(f"fake-{self.number}-{next(self._ids)}")
            return outcome or await self._hold()

    async def upload(self, media: Media, content: AsyncIterable[bytes]) -> NotUploaded | None:
        async with self._sending:
            if not self.connected:
                return NotUploaded("not connected")
            if media.sha256 in self.uploaded:
                return None
            read = b"".join([data async for data in content])
            answer = self._whatsapp.answer_upload
            if (failed := await answer(media) if answer else None) is None:
                self.uploaded[media.sha256] = read
            return failed

    async def revoke(self, group: str, message_id: str) -> Outcome:
        async with self._sending:
            if not self.connected:
                return NotSent("not connected")
            self.revoked.append((group, message_id))
            answer = self._whatsapp.answer_revoke
            outcome = answer(message_id) if answer else Sent(f"deletion of {message_id}")
            return outcome or await self._hold()

    @property
    def _device(self) -> Identity | None:
        return self._whatsapp.devices.get(self.opening.directory)

    async def _hold(self) -> Outcome:
        held: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.held.append(held)
        self._news.set()
        return await held

    def _start(self) -> None:
        if self.gone.is_set():
            return
        pairing = self.opening.pairing
        if pairing is None and self._device is None:
            self.turn(Cause.LOGGED_OUT, "there is no stored device")
        elif pairing is None and self._whatsapp.connects:
            self.turn(Cause.CONNECTED, identity=self._device)
        elif pairing is not None and pairing.phone is None:
            self.show()
        elif pairing is not None:
            expires_at = datetime.now(UTC) + timedelta(seconds=160)
            self.say(
                Code(session=self.number, kind="pair_code", code="FAKE-C0DE", expires_at=expires_at)
            )

    def _log_out(self) -> bool:
        self.log_outs += 1
        if self._device and not (self.connected and self._whatsapp.removes):
            return False
        self._whatsapp.devices.pop(self.opening.directory, None)
        return True


class FakeGateway:
    """Opens fake sessions; `sessions` has all of them, the newest last."""

    def __init__(self, whatsapp: FakeWhatsApp | None = None) -> None:
        self.whatsapp = whatsapp or FakeWhatsApp()
        self.sessions: list[FakeSession] = []
        self._live: dict[str, FakeSession] = {}

    async def open(self, opening: Opening, on_report: OnReport) -> FakeSession:
        while previous := self._live.get(opening.account):
            await previous.end()
        session = FakeSession(
            self.whatsapp, opening, on_report, lambda: self._live.pop(opening.account, None)
        )
        self._live[opening.account] = session
        self.sessions.append(session)
        return session

    async def log_out(self, opening: Opening, within_seconds: float) -> bool:  # noqa: ARG002
        session = await self.open(opening, lambda _: None)
        await asyncio.sleep(0)  # it connects
        return await session.end(log_out=True)

    def owns(self, pid: int) -> bool:  # noqa: ARG002
        return False

    async def close(self) -> None:
        for session in list(self._live.values()):
            await session.end()

    @property
    def live(self) -> list[FakeSession]:
        """The sessions that have not ended."""
        return list(self._live.values())
