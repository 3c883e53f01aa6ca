"""`PlayedWhatsApp`: starts the server as a process and makes things happen in it, synchronously."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Self, TypeVar, Unpack

import msgspec

from whatsapp_server.behaviour import (
    Changes,
    Decrypting,
    GroupOptions,
    ReceiptKind,
    ReceiptWishes,
    Spoil,
)
from whatsapp_server.certificates import trusted_path
from whatsapp_server.records import Message, Presence, Request, State

T = TypeVar("T")

_TESTS = Path(__file__).parent.parent
_END_SECONDS = 10
_PATIENCE_SECONDS = 20.0


class PlayedWhatsAppError(Exception):
    """The server could not do what a test asked for."""


class PlayedWhatsApp:
    """A WhatsApp of one's own. A phone is named by its number, digits only."""

    def __init__(
        self,
        *,
        decrypt: Decrypting = "all",
        keep_frames: bool = False,
    ) -> None:
        """Start the server; `decrypt` says how many recipients read each message."""
        arguments = ["--with-parent", "--decrypt", decrypt, *["--keep-frames"] * keep_frames]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "whatsapp_server", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(_TESTS)},
            start_new_session=True,
        )
        started = json.loads(self._stdout().readline() or b"{}")
        if not started:
            raise PlayedWhatsAppError(f"the server ended with {self._process.wait()}")
        self.pid: int = self._process.pid
        self.port: int = started["port"]
        self.overlay = Path(started["overlay"])
        self._control: tuple[str, int] = ("127.0.0.1", started["control"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server; it removes its overlay."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._stdout().close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def env(self) -> dict[str, str]:
        """Return the environment for a process whose neonize shall talk to this server."""
        paths = [str(self.overlay), *filter(None, [os.environ.get("PYTHONPATH")])]
        # Go reads its environment at exec, so this cannot be set later.
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "NEONIZE_BOT_TAG": "off",
            "SSL_CERT_FILE": str(trusted_path(self.overlay)),
        }

    # People, groups.

    def user(self, phone: str, name: str = "", *, devices: int = 1) -> str:
        """Add a person with so many devices of their own; returns their LID."""
        return self._ask(str, "add_user", phone=phone, name=name, devices=devices)

    def crowd(self, count: int, *, devices: int = 1) -> list[str]:
        """Add so many people; returns their phones."""
        return self._ask(list[str], "add_crowd", count=count, devices=devices)

    def group(self, subject: str, members: Sequence[str], **options: Unpack[GroupOptions]) -> str:
        """Add a group without telling anybody; returns its JID."""
        return self._ask(
            str, "add_group", subject=subject, members=list(members), options=dict(options)
        )

    def add_member(self, group: str, phone: str, by: str) -> None:
        self._do("add_member", group=group, phone=phone, by=by)

    def remove_member(self, group: str, phone: str, by: str) -> None:
        """Remove someone; `by` themselves it is leaving."""
        self._do("remove_member", group=group, phone=phone, by=by)

    def rename_group(self, group: str, subject: str, by: str) -> None:
        self._do("rename_group", group=group, subject=subject, by=by)

    def announce_only(self, group: str, by: str, *, on: bool = True) -> None:
        """Let only the group's admins write, or (`on=False`) everybody again."""
        self._do("announce_only", group=group, by=by, on=on)

    def set_expiration(self, group: str, seconds: int, by: str) -> None:
        """Let the group's messages disappear after so many seconds, or (0) never."""
        self._do("set_expiration", group=group, seconds=seconds, by=by)

    # The account's phone.

    def scan(self, qr: str, phone: str, *, spoil: Spoil = "") -> str:
        """Scan a QR's payload with that phone; returns the linked device's JID."""
        return self._ask(str, "scan", qr=qr, phone=phone, spoil=spoil)

    def enter_code(self, code: str, phone: str) -> str:
        """Type a pairing code (`ABCD-EFGH`) into that phone; returns the linked device's JID."""
        return self._ask(str, "enter_code", code=code, phone=phone)

    def require_passkey(self, phone: str) -> None:
        """Let WhatsApp demand a passkey when that phone links a device: `scan` is refused then."""
        self._do("require_passkey", phone=phone)

    def unlink(self, phone: str) -> None:
        """Remove all linked devices, as a person does under *Linked devices*."""
        self._do("unlink", phone=phone)

    # Receipts: the sender is told that someone's device got a message, or that they read it.

    def receipt(self, message: Message, by: str, kind: ReceiptKind, device: int = 0) -> None:
        """Send one receipt and wait until the sender has taken it (at once if it is away)."""
        self._send_receipts([message], kind, [by], {"device": device})

    def receipts(
        self,
        message: Message,
        kind: ReceiptKind = "delivered",
        *others: Message,
        by: Sequence[str] | None = None,
        **wishes: Unpack[ReceiptWishes],
    ) -> int:
        """Send a burst of receipts, by all who got the message; returns of how many devices.

        With `others` each says that it is about several messages.
        """
        names = None if by is None else list(by)
        return self._send_receipts([message, *others], kind, names, wishes)

    def _send_receipts(
        self, about: list[Message], kind: str, by: list[str] | None, wishes: ReceiptWishes
    ) -> int:
        ids = [message.id for message in about]
        wire = "" if kind == "delivered" else kind
        arguments = {"message_ids": ids, "by": by, "kind": wire, "wishes": wishes}
        return self._ask(int, "send_receipts", **arguments)

    # What WhatsApp does to an account.

    def refuse(self, phone: str, reason: int, **attributes: str | int) -> None:
        """Answer each login with <failure reason=…/>; a connection that is up stays."""
        failure = {"reason": str(reason), **{key: str(value) for key, value in attributes.items()}}
        self._do("refuse", phone=phone, failure=failure)

    def admit(self, phone: str) -> None:
        """Take `refuse` or `ban` back."""
        self._do("refuse", phone=phone, failure=None)

    def ban(self, phone: str, *, code: int = 101, expire_seconds: int = 3600) -> None:
        """Ban a connected account for a time: its connection ends, the next login says why."""
        self.refuse(phone, 402, code=code, expire=expire_seconds)
        self.drop(phone)

    def drop(self, phone: str) -> None:
        """Cut the account's TCP connections."""
        self._do("drop", phone=phone)

    def replace(self, phone: str) -> None:
        """Tell the account that it is connected elsewhere; it is the one who closes.

        A library on a busy machine may see a close before it has understood why, and come back.
        """
        self.end_stream(phone, conflict="replaced", close=False)

    def end_stream(
        self, phone: str, code: str = "", conflict: str = "", *, close: bool = True
    ) -> None:
        """Send a <stream:error> (`"503"`, `"515"`, …) and, unless told otherwise, close."""
        self._do("end_stream", phone=phone, code=code, conflict=conflict, close=close)

    def say(self, phone: str, plain: bytes, *, sealed: bool = True) -> None:
        """Send the account bytes that may be no stanza, or (`sealed=False`) not even encrypted."""
        self._do("say", phone=phone, plain=b64encode(plain).decode(), sealed=sealed)

    def close_pairings(self) -> None:
        """Close every connection that shows a QR or a pairing code."""
        self._do("close_pairings")

    def behave(self, phone: str | None = None, **changes: Unpack[Changes]) -> None:
        """Change how the server behaves, towards one account or towards all."""
        self._do("behave", phone=phone, changes=dict(changes))

    # What happened.

    def messages(self, start: int = 0) -> list[Message]:
        return self._ask(list[Message], "list_messages", start=start)

    def file(self, message: Message) -> bytes:
        """Return the file that came with a message, as the phones saved it."""
        return b64decode(self._ask(str, "give_file", message_id=message.id))

    def presences(self) -> list[Presence]:
        """Return what devices said of themselves, ever; `wait_counted("presence")` waits."""
        return self._ask(list[Presence], "list_presences")

    def state(self) -> State:
        return self._ask(State, "tell_state")

    def frames(self) -> list[str]:
        """Return every stanza so far, if they are kept."""
        return self._ask(list[str], "list_frames")

    def wait_online(self, phone: str, timeout: float = _PATIENCE_SECONDS) -> str:
        """Wait until a device of the phone is logged in; returns its JID."""
        return self._ask(str, "wait_online", phone=phone, seconds=timeout)

    def wait_offline(self, phone: str, timeout: float = _PATIENCE_SECONDS) -> None:
        self._do("wait_offline", phone=phone, seconds=timeout)

    def wait_unlinked(self, phone: str, timeout: float = _PATIENCE_SECONDS) -> None:
        """Wait until the phone lists no linked device."""
        self._do("wait_unlinked", phone=phone, seconds=timeout)

    def wait_messages(
        self, count: int = 1, to: str | None = None, timeout: float = _PATIENCE_SECONDS
    ) -> list[Message]:
        """Wait until so many messages arrived (to that JID), ever; returns them."""
        return self._ask(list[Message], "wait_messages", count=count, to=to, seconds=timeout)

    def wait_counted(self, kind: str, count: int = 1, timeout: float = _PATIENCE_SECONDS) -> int:
        """Wait until so many stanzas of a kind arrived, ever (see `State.counts`)."""
        return self._ask(int, "wait_counted", kind=kind, count=count, seconds=timeout)

    def wait_pairings(self, count: int = 1, timeout: float = _PATIENCE_SECONDS) -> None:
        """Wait until exactly so many connections show a QR or a pairing code."""
        self._do("wait_pairings", count=count, seconds=timeout)

    def _stdout(self) -> IO[bytes]:
        if self._process.stdout is None:
            raise PlayedWhatsAppError("the server has no standard output")
        return self._process.stdout

    def _do(self, command: str, **arguments: object) -> None:
        self._ask(object, command, **arguments)

    def _ask(self, result: type[T], command: str, **arguments: object) -> T:
        """Send one command on a connection of its own, so that threads do not wait in line."""
        request = msgspec.json.encode(Request(command, arguments))
        with socket.create_connection(self._control) as control, control.makefile("rwb") as lines:
            lines.write(request + b"\n")
            lines.flush()
            answer = json.loads(lines.readline())
        if "error" in answer:
            raise PlayedWhatsAppError(f"{command}: {answer['error']}")
        return msgspec.convert(answer["result"], result)
