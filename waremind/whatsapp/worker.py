"""The child: one account's session, from its opening until its parent closes the socketpair."""

import os
import resource
import socket
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from waremind.domain.lifecycle import Cause
from waremind.whatsapp import sandbox
from waremind.whatsapp.child_protocol import read_opening
from waremind.whatsapp.deadline import SeenDeadline
from waremind.whatsapp.engine_loading import load_engine
from waremind.whatsapp.event_translator import NO_DEVICE, EventTranslator
from waremind.whatsapp.gateway import Opening
from waremind.whatsapp.keys import STORE
from waremind.whatsapp.preload import load_libmagic
from waremind.whatsapp.reader_pool import ReaderPool
from waremind.whatsapp.report_writer import ReportWriter
from waremind.whatsapp.responder import Responder
from waremind.whatsapp.sandbox import Sandbox

OOM_SCORE = "500"  # of 1000
DATA_BYTES = 1 << 30  # the parent ends what takes half of this; it looks now and then only


def run(packet: bytes, protocol: socket.socket, console: int, deadline: int) -> NoReturn:
    """Be the session of an opening until the parent's end of `protocol` closes."""
    prepare_process(console)
    opening = read_opening(packet)
    writer = ReportWriter(opening.session, protocol)
    until = SeenDeadline(deadline)
    translator = EventTranslator(opening.pairing, writer, until)
    enter_directory(opening, writer)
    load_libmagic()  # which may have come since the fork server looked for it
    confined = enter_sandbox(opening, writer)
    client = load_client(opening, translator, writer)
    threading.Thread(target=connect, args=(client, translator), daemon=True).start()
    responder = Responder(client, translator, writer, confined, until)
    with protocol.makefile("rb") as lines:
        ReaderPool(lines, responder.respond).run()


def prepare_process(console: int) -> None:
    """Make this process fit for a session: what it prints, what it may take, what it writes."""
    os.dup2(console, sys.stdout.fileno())
    os.dup2(console, sys.stderr.fileno())
    os.umask(0o077)
    with suppress(OSError):  # the first to go when the machine's memory is short
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
    resource.setrlimit(resource.RLIMIT_DATA, (DATA_BYTES, DATA_BYTES))


def enter_directory(opening: Opening, writer: ReportWriter) -> None:
    """Go to the session's directory; the store's name goes into a URI, so it stays plain."""
    sandbox.make_directory(opening.directory)
    os.chdir(opening.directory)
    os.environ["SQLITE_TMPDIR"] = tempfile.tempdir = str(opening.directory)
    if opening.pairing is None and not Path(STORE).exists():
        writer.report(*NO_DEVICE)


def enter_sandbox(opening: Opening, writer: ReportWriter) -> Sandbox:
    """Give up whatever a session does not need."""
    try:
        return sandbox.enter(opening.directory)
    except OSError as error:
        writer.report(Cause.CONNECT_FAILED, f"cannot confine the session: {error.strerror}")
        raise


def load_client(opening: Opening, translator: EventTranslator, writer: ReportWriter) -> Any:
    """Load the rest of neonize and make its client."""
    try:
        return load_engine().Client(STORE, translator, new_device=opening.pairing is not None)
    except Exception as error:  # noqa: BLE001 - whatever a library's import may raise
        writer.report(
            Cause.CONNECT_FAILED,
            f"cannot load the WhatsApp engine: {str(error) or type(error).__name__}; "
            "waremind doctor says what to do",
        )


def connect(client: Any, translator: EventTranslator) -> NoReturn:
    """Connect, and stay connected; what ends that ends the session."""
    try:
        client.connect()
    except Exception as error:  # noqa: BLE001 - the library's errors have no common class
        translator.on_connect_error(str(error))
    os._exit(1)
