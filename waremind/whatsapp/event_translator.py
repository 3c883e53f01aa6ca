"""Turns what the engine's client tells into reports. Called on the library's threads."""

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from waremind.domain.lifecycle import Cause
from waremind.whatsapp import pairing, translation
from waremind.whatsapp.deadline import SeenDeadline
from waremind.whatsapp.gateway import Pairing
from waremind.whatsapp.presence import Presence
from waremind.whatsapp.report_writer import ReportWriter
from waremind.whatsapp.reports import Code, Identity, LifeReport

# Of an event with a value that the library does not know, only its name is known; these are answers
# to a login.
REQUIRED_FIELD = re.compile(r"required field (?:neonize\.(\w+))?")
REFUSALS = {"ConnectFailure", "TemporaryBan", None}
NO_DEVICE = (Cause.LOGGED_OUT, "there is no stored device")


class Client(Protocol):
    """What the translator asks of the client whose events it takes."""

    def identity(self) -> Identity | None:
        """Say who the account is."""
        ...

    def pair_code(self, phone: str) -> str:
        """Ask for a pairing code."""
        ...

    def announce(self) -> None:
        """Say once that the device is there."""
        ...


class EventTranslator:
    """Translates one client's events; knows whether it is online and whose account it is."""

    def __init__(
        self, wanted: Pairing | None, writer: ReportWriter, deadline: SeenDeadline
    ) -> None:
        self._deadline = deadline
        self._wanted = wanted
        self._writer = writer
        self._codes = 0
        self._code_expires_at: datetime | None = None
        self.online = threading.Event()
        self.me: Identity | None = None
        self.presence = Presence()

    @property
    def is_cut_off(self) -> bool:
        """Whether a device that is linked has no connection now."""
        return (self._wanted is None or self.me is not None) and not self.online.is_set()

    def has_device(self, client: Client) -> bool:
        """Tell whether there are keys that WhatsApp may list, as far as can be told."""
        if self._wanted is None or self.me:
            return True
        return self._codes > 0 and client.identity() is not None

    def on_qr(self, client: Client, text: str) -> None:
        """Show it, or ask for a pairing code in its place; a login must never show one."""
        self._codes += 1
        if self._wanted is None:
            self._writer.report(*NO_DEVICE)
        elif self._wanted.phone is None:
            self._show(pairing.qr(self._writer.session, text, self._codes, _now()))
        elif self._codes == 1:
            _run(self._ask_pair_code, client, self._wanted.phone)

    def on_link_status(self, status: str) -> None:
        """End a pairing that cannot succeed any more."""
        if ending := pairing.ending(status, self._code_expires_at, _now()):
            self._writer.report(*ending)

    def on_event(self, client: Client, name: str, event: object) -> None:
        """Report what an event means."""
        if name in {"PairStatus", "Connected"}:
            self.me = client.identity()
        context = translation.EventContext(self._writer.session, self.me, _now())
        if report := translation.EVENTS[name](context, event):
            self._keep(report)
            self._writer.write(report)
            self._leave_if_mute(report)
        if name == "Connected":
            self.presence.ensure(client.announce)

    def on_log(self, line: str) -> None:
        """Report a logout by the engine's log, once more or for the only time.

        neonize waits for the device's name before it tells its first event, and then for ever
        when the refusal came first: the device that had the name is deleted.
        """
        if report := translation.logged_out_line(self._writer.session, line):
            self._keep(report)
            self._writer.write(report)

    def on_connect_error(self, error: str) -> None:
        """Say why `connect` raised; nothing when a session that was online has crashed."""
        # An event with a value that the library does not know ends its loop. At the login that may
        # be a refusal, or what WhatsApp has kept for us: a receipt of a new kind.
        unknown = REQUIRED_FIELD.search(error)
        if unknown is None:
            self._writer.report(Cause.CONNECT_FAILED, error)
        elif unknown[1] in REFUSALS and not self.online.is_set():
            self._writer.report(Cause.REFUSED, "for a reason that the engine does not know")

    def _leave_if_mute(self, report: object) -> None:
        """Leave where the engine would come back and put out who has the account now."""
        is_cut_off = isinstance(report, LifeReport) and report.cause is Cause.DISCONNECTED
        if is_cut_off and self._deadline.is_over:
            self._writer.report(Cause.CONNECT_FAILED, "cut off while it may not send")

    def _keep(self, report: object) -> None:
        match report:
            case LifeReport(cause=Cause.CONNECTED):
                self.online.set()
            case LifeReport():
                self.online.clear()
            case _:
                pass

    def _ask_pair_code(self, client: Client, phone: str) -> None:
        try:
            code = client.pair_code(phone)
        except Exception as error:  # noqa: BLE001 - the library's errors have no common class
            self._writer.report(Cause.PAIRING_FAILED, f"WhatsApp gave no pairing code: {error}")
        else:
            self._show(pairing.pair_code(self._writer.session, code, _now()))

    def _show(self, code: Code) -> None:
        self._code_expires_at = code.expires_at
        self._writer.write(code)


def _run(work: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, daemon=True).start()


def _now() -> datetime:
    return datetime.now(UTC)
