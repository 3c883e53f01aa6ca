"""The child: one account's session, from its opening until its parent closes the socketpair."""

import ctypes.util
import logging
import os
import resource
import socket
import sys
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from waremind.domain.lifecycle import Cause
from waremind.errors import ErrorCode
from waremind.whatsapp import pairing, translate
from waremind.whatsapp.gateway import Opening
from waremind.whatsapp.reports import Identity, NotSent, Outcome, Sent, Turned
from waremind.whatsapp.requests import (
    Answer,
    Done,
    Failed,
    FetchGroup,
    FetchGroups,
    LogOut,
    Ping,
    Request,
    Said,
    Send,
    line,
    read_asked,
    read_opening,
    result,
)
from waremind.whatsapp.sending import outcome_of

STORE = "device.sqlite3"
DATA_BYTES = 1 << 30  # of private memory; what a child maps is a quarter of it, and rarely touched
REST_SECONDS = 1.0

# After these nothing more can come of this session: it leaves by itself.
FINAL = frozenset(
    {
        Cause.LOGGED_OUT,
        Cause.BANNED,
        Cause.TEMPORARY_BAN,
        Cause.REFUSED,
        Cause.REPLACED,
        Cause.CLIENT_OUTDATED,
        Cause.CONNECT_FAILED,
        Cause.PAIRING_TIMED_OUT,
        Cause.PAIRING_FAILED,
        Cause.PASSKEY_REQUIRED,
    }
)

ERROR_CODES = (
    ("status 429", ErrorCode.RATE_LIMITED),
    ("websocket not connected", ErrorCode.NOT_CONNECTED),
    ("websocket disconnected", ErrorCode.NOT_CONNECTED),
    ("info query timed out", ErrorCode.TIMED_OUT),
)


def run(opening: bytes, protocol: socket.socket, console: int) -> NoReturn:
    """Be the session of `opening` until the parent's end of `protocol` closes."""
    settle(console)
    worker = Worker(read_opening(opening), protocol)
    worker.start()
    with protocol.makefile("rb") as lines:
        for text in lines:
            asked = read_asked(text)
            threading.Thread(target=worker.do, args=(asked.id, asked.request), daemon=True).start()
    os._exit(0)


def settle(console: int) -> None:
    """Make this process fit for a session: what it prints, what it may take, what it writes."""
    os.dup2(console, sys.stdout.fileno())
    os.dup2(console, sys.stderr.fileno())
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_DATA, (DATA_BYTES, DATA_BYTES))
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("neonize.utils.log").setLevel(logging.WARNING)  # also the Go side's level
    logging.getLogger("neonize.utils.ffmpeg").setLevel(logging.ERROR)


def find_libmagic() -> None:
    """Have the wheel's libmagic found where the system has none."""
    if ctypes.util.find_library("magic") is None:
        import_module("pylibmagic")


class Worker:
    """Runs one client: does what the parent asks, reports what WhatsApp tells."""

    def __init__(self, opening: Opening, protocol: socket.socket) -> None:
        self._opening = opening
        self._protocol = protocol
        self._writing = threading.Lock()
        self._online = threading.Event()
        self._me: Identity | None = None
        self._codes = 0
        self._code_expires_at: datetime | None = None
        self._client: Any = None

    def start(self) -> None:
        """Load the engine and begin to connect."""
        self._opening.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._opening.directory.chmod(0o700)
        os.chdir(self._opening.directory)  # the store's path goes into a URI: keep it plain
        if self._opening.pairing is None and not Path(STORE).exists():
            self._turn(Cause.LOGGED_OUT, "there is no stored device")
        try:
            self._client = self._load()
        except Exception as error:  # noqa: BLE001 - whatever a library's import may raise
            self._turn(Cause.CONNECT_FAILED, f"cannot load the WhatsApp engine: {error}")
        threading.Thread(target=self._connect, daemon=True).start()

    def _load(self) -> Any:
        requests: Any = import_module("requests")
        requests.get = _refuse_download  # neonize would fetch a missing library from GitHub
        engine = import_module("waremind.whatsapp.engine")
        return engine.Client(
            STORE,
            new_device=self._opening.pairing is not None,
            on_qr=self._on_qr,
            on_login_status=self._on_login_status,
            on_event=self._on_event,
        )

    def _connect(self) -> None:
        try:
            self._client.connect()
        except Exception as error:  # noqa: BLE001 - the library's errors have no common class
            self._on_connect_error(str(error))
        os._exit(1)

    def _on_connect_error(self, error: str) -> None:
        # An event with a value that the library does not know ends its loop. Before the login
        # that is a refusal; later it may be any event, and the session has crashed.
        if "required field" not in error:
            self._turn(Cause.CONNECT_FAILED, error)
        elif self._me is None or not self._online.is_set():
            self._turn(Cause.REFUSED, "WhatsApp refused the login for a reason unknown here")

    # What WhatsApp tells.

    def _on_qr(self, payload: str) -> None:
        wanted = self._opening.pairing
        if wanted is None:
            self._turn(Cause.LOGGED_OUT, "there is no stored device")
        elif wanted.phone is None:
            self._show(pairing.qr(self._opening.session, payload, self._codes, _now()))
        elif not self._codes:
            self._codes = 1
            threading.Thread(target=self._ask_pair_code, args=(wanted.phone,), daemon=True).start()

    def _ask_pair_code(self, phone: str) -> None:
        try:
            code = self._client.pair_code(phone)
        except Exception as error:  # noqa: BLE001 - see above
            self._turn(Cause.PAIRING_FAILED, f"WhatsApp gave no pairing code: {error}")
        else:
            self._show(pairing.pair_code(self._opening.session, code, _now()))

    def _show(self, code: Any) -> None:
        self._codes += 1
        self._code_expires_at = code.expires_at
        self._say(code)

    def _on_login_status(self, status: str) -> None:
        if ending := pairing.ENDINGS.get(status):
            # An event that says more may be on its way.
            pause = REST_SECONDS if status in pairing.VAGUE else 0
            threading.Timer(pause, self._turn, ending).start()

    def _on_event(self, name: str, event: object) -> None:
        if name in {"PairStatus", "Connected"}:
            self._me = self._client.identity()
        if name == "Disconnected" and self._me is None and self._code_expires_at:
            if pairing.was_cut(self._code_expires_at, _now()):
                self._turn(*pairing.CUT)
            return
        hearer = translate.Hearer(self._opening.session, self._me, _now())
        report = translate.EVENTS[name](hearer, event)
        if isinstance(report, Turned):
            self._mark(report.cause)
        if report is not None:
            self._say(report)

    def _turn(self, cause: Cause, detail: str) -> None:
        self._say(Turned(session=self._opening.session, cause=cause, detail=detail))

    def _mark(self, cause: Cause) -> None:
        if cause is Cause.CONNECTED:
            self._online.set()
        else:
            self._online.clear()

    def _say(self, said: Said) -> None:
        with self._writing:
            try:
                self._protocol.sendall(line(said))
            except OSError:
                os._exit(0)
            if isinstance(said, Turned) and said.cause in FINAL:
                os._exit(0)

    # What the parent asks.

    def do(self, number: int, request: Request) -> None:
        """Do one request and answer it."""
        try:
            for each in self._results(request):
                self._say(Answer(number, result(each)))
        except Exception as error:  # noqa: BLE001 - see above
            text = str(error)
            code = next((code for part, code in ERROR_CODES if part in text), ErrorCode.REFUSED)
            self._say(Failed(number, code, text))
        else:
            self._say(Done(number))

    def _results(self, request: Request) -> Iterable[object]:
        match request:
            case Ping():
                return ()
            case LogOut(seconds):
                return [self._log_out(seconds)]
            case Send(message):
                return [self._send(message)]
            case FetchGroups():
                return self._client.fetch_groups(self._me)
            case FetchGroup(jid):
                return self._client.fetch_group(jid, self._me)

    def _send(self, message: Any) -> Outcome:
        if not self._online.is_set():
            return NotSent("not connected")
        try:
            return Sent(self._client.send_text(message))
        except Exception as error:  # noqa: BLE001 - see above
            return outcome_of(str(error))

    def _log_out(self, seconds: float) -> bool:
        if not self._has_device():
            return True
        if not self._online.wait(seconds):
            return False
        self._client.logout()
        return True

    def _has_device(self) -> bool:
        if self._opening.pairing is None or self._me is not None:
            return True
        return bool(self._codes) and self._client.identity() is not None


def _now() -> datetime:
    return datetime.now(UTC)


def _refuse_download(*_: object, **__: object) -> NoReturn:
    raise RuntimeError("its library is missing; install neonize again")
