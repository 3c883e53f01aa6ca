"""A child that crashes, hangs, floods or hoards ends alone: nobody else notices."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from whatsapp import sabotage
from whatsapp.conftest import importing
from whatsapp.ear import Ear
from whatsapp.stages import RealStage
from whatsapp_server.harness import PlayedWhatsApp

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.gateway import Message, Pairing
from waremind.whatsapp.process_gateway import ProcessGateway
from waremind.whatsapp.reports import AnyReport, SendUnknown, Sent

pytestmark = pytest.mark.anyio

FOREVER = "import time\nwhile True: time.sleep(1)\n"
IN_A_THREAD = "import os, threading\nthreading.Thread(target=harm, daemon=True).start()\n"


async def assert_unharmed(stage: RealStage) -> None:
    """Check that the account is connected and answers within a second."""
    async with asyncio.timeout(1):
        assert isinstance(await stage.session.send(Message(stage.group, "halo")), Sent)
    assert stage.ear.causes == [Cause.PAIRED, Cause.CONNECTED]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
async def test_a_crashed_child_has_ended_and_the_account_can_be_opened_again(
    real: RealStage, number: signal.Signals
) -> None:
    neighbour = real.neighbour()
    await neighbour.link()
    ear = await real.link()
    os.kill(real.child.process.pid, number)
    ended = await ear.turn(Cause.ENDED)
    assert ended.detail == "its process died"
    await (await real.open()).turn(Cause.CONNECTED)
    await assert_unharmed(neighbour)


async def test_a_child_killed_in_mid_send_leaves_the_outcome_unknown(real: RealStage) -> None:
    await real.link()
    await real.hold_sends()
    sending = asyncio.create_task(real.session.send(Message(real.group, "halo")))
    await real.sends_held(1)
    os.kill(real.child.process.pid, signal.SIGKILL)
    assert isinstance(await sending, SendUnknown)


async def test_a_child_that_hangs_is_noticed_and_killed(real: RealStage) -> None:
    ear = await real.link()
    os.kill(real.child.process.pid, signal.SIGSTOP)
    ended = await ear.turn(Cause.ENDED)
    assert "no sign of life" in ended.detail


async def test_a_child_that_hangs_is_ended_when_asked(real: RealStage) -> None:
    await real.link()
    os.kill(real.child.process.pid, signal.SIGSTOP)
    started = time.monotonic()
    assert not await real.session.end(log_out=True)
    assert time.monotonic() - started < 5


async def test_a_child_ignores_an_interrupt_from_the_terminal(real: RealStage) -> None:
    ear = await real.link()
    os.kill(real.child.process.pid, signal.SIGINT)
    assert await real.session.groups()
    assert Cause.ENDED not in ear.causes


@pytest.mark.parametrize(
    "ignoring", ["", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"]
)
async def test_a_child_that_does_not_listen_is_ended_all_the_same(
    real: RealStage, ignoring: str
) -> None:
    sabotage.harm(real.directory, ignoring + FOREVER)
    await real.open(Pairing())
    await real.session._started.wait()
    started = time.monotonic()
    await real.session.end(log_out=True)
    assert time.monotonic() - started < 5


async def test_an_engine_that_cannot_be_loaded_is_told(real: RealStage) -> None:
    sabotage.harm(real.directory, "raise ImportError('libfoo.so.1: no such file')")
    ear = await real.open(Pairing())
    failed = await ear.turn(Cause.CONNECT_FAILED)
    assert failed.detail == (
        "cannot load the WhatsApp engine: libfoo.so.1: no such file; "
        "waremind doctor says what to do"
    )
    await ear.turn(Cause.ENDED)


async def test_an_engine_that_aborts_has_ended(
    real: RealStage, caplog: pytest.LogCaptureFixture
) -> None:
    sabotage.harm(
        real.directory,
        "import os; os.write(2, b'fatal error: concurrent map writes\\n')\nos.abort()",
    )
    ear = await real.open(Pairing())
    await ear.turn(Cause.ENDED)
    said = {record.getMessage(): record for record in caplog.records}
    crash = said["printed: fatal error: concurrent map writes"]
    assert vars(crash)["fields"] == {"account": f"acc_{real.phone}", "session": 1}


async def test_what_floods_its_console_fills_neither_the_log_nor_the_memory(
    real: RealStage, caplog: pytest.LogCaptureFixture
) -> None:
    neighbour = real.neighbour()
    await neighbour.link()
    line = "b'x' * 70_000 + b'\\n'"
    harm = f"def harm():\n    while True: os.write(1, {line} + b'short\\n' * 10_000)\n"
    sabotage.harm(real.directory, harm + IN_A_THREAD)
    ear = await real.open(Pairing())
    await ear.code()  # it goes on
    for _ in range(20):
        await assert_unharmed(neighbour)
    await real.session.end()
    assert len(caplog.records) < 250
    assert max(len(record.getMessage()) for record in caplog.records) < 2_200


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("b'rubbish\\n'", "makes no sense"),
        ('b\'{"type": "LifeReport"}\\n\'', "makes no sense"),
        ("b'\\xff\\xfe\\n'", "makes no sense"),
        ("b'x' * (1 << 21)", "a line of more than"),
    ],
)
async def test_what_talks_rubbish_is_ended(real: RealStage, said: str, why: str) -> None:
    neighbour = real.neighbour()
    await neighbour.link()
    to_the_parent = "os.write(next(fd for fd in range(3, 99) if is_socket(fd)), said[:65536])"
    sabotage.harm(
        real.directory,
        "import os, stat\n"
        "def is_socket(fd):\n"
        "    try: return stat.S_ISSOCK(os.fstat(fd).st_mode)\n"
        "    except OSError: return False\n"
        f"said = {said}\n"
        f"while said: said = said[{to_the_parent}:]\n" + FOREVER,
    )
    ear = await real.open(Pairing())
    ended = await ear.turn(Cause.ENDED)
    assert why in ended.detail
    await assert_unharmed(neighbour)


LIAR = """
import json, os, socket, stat
def is_socket(fd):
    try: return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError: return False
def say(*said):
    parent.sendall(b"".join(json.dumps(each).encode() + b"\\n" for each in said))
parent = socket.socket(fileno=os.dup(next(fd for fd in range(3, 99) if is_socket(fd))))
for session in SESSIONS:
    say({"type": "LifeReport", "session": session, "cause": "connected"})
for line in parent.makefile("rb"):
    asked = json.loads(line)
    about = {"id": asked["id"]}
    done = {"type": "Done", **about}
    sent = {"type": "Answer", **about, "result": {"type": "Sent", "message_id": "x"}}
    failed = {"type": "Failed", **about, "code": "refused", "message": "no"}
    say(*(ANSWERS if asked["request"]["type"] == "Send" else [done]))
os._exit(0)
"""


def liar(answers: str, sessions: Sequence[int] = (1,)) -> str:
    """Write a child that speaks for these sessions, and so answers each send."""
    return LIAR.replace("ANSWERS", answers).replace("SESSIONS", repr(sessions))


@pytest.mark.parametrize("answers", ["[done]", "[sent, sent, done]"])
async def test_what_does_not_answer_once_is_ended_and_its_send_is_unknown(
    real: RealStage, answers: str
) -> None:
    sabotage.harm(real.directory, liar(answers))
    ear = await real.open(Pairing())
    await ear.turn(Cause.CONNECTED)
    assert isinstance(await real.session.send(Message(real.group, "halo")), SendUnknown)
    ended = await ear.turn(Cause.ENDED)
    assert "answers to one request" in ended.detail


async def test_a_send_that_fails_as_none_can_is_unknown(real: RealStage) -> None:
    sabotage.harm(real.directory, liar("[failed]"))
    ear = await real.open(Pairing())
    await ear.turn(Cause.CONNECTED)
    assert await real.session.send(Message(real.group, "halo")) == SendUnknown("no")


async def test_a_session_is_heard_only_for_itself(real: RealStage) -> None:
    sabotage.harm(real.directory, liar("[done]", sessions=[2, 0, 1]))
    ear = await real.open(Pairing())
    await ear.turn(Cause.CONNECTED)
    assert [report.session for report in ear.reports] == [1]


async def test_what_takes_too_much_memory_is_ended(real: RealStage) -> None:
    neighbour = real.neighbour()
    await neighbour.link()
    sabotage.harm(real.directory, "import sys; sys.hoard = b'x' * (600 << 20)")
    ear = await real.open(Pairing())
    await ear.code()
    ended = await ear.turn(Cause.ENDED)
    assert ended.detail == "it took more than 512 MB of memory"
    await assert_unharmed(neighbour)


async def test_what_takes_memory_faster_than_anybody_looks_is_stopped(real: RealStage) -> None:
    neighbour = real.neighbour()
    await neighbour.link()
    sabotage.harm(real.directory, "hoard = []\nwhile True: hoard.append(b'x' * (1 << 20))")
    ear = await real.open(Pairing())
    failed = await ear.turn(Cause.CONNECT_FAILED)
    assert failed.detail.startswith("cannot load the WhatsApp engine")
    await assert_unharmed(neighbour)


async def test_a_fork_server_that_dies_takes_its_children_and_is_replaced(
    alone: RealStage, modules: Path
) -> None:
    neighbour = alone.neighbour()
    ears = [await alone.link(), await neighbour.link()]
    server = alone.gateway._fork_client._server
    assert server is not None
    os.kill(server.process.pid, signal.SIGKILL)
    for ear in ears:
        await ear.turn(Cause.ENDED)
    with importing(modules):
        for each in (alone, neighbour):
            await (await each.open()).turn(Cause.CONNECTED)


async def test_a_missing_library_is_told_and_never_downloaded(
    shared_whatsapp: PlayedWhatsApp, tmp_path: Path
) -> None:
    modules = sabotage.build(shared_whatsapp.overlay, tmp_path / "without", without=".so")
    stage = RealStage(ProcessGateway(), shared_whatsapp, tmp_path)
    with importing(modules):
        ear = await stage.open(Pairing())
        failed = await ear.turn(Cause.CONNECT_FAILED)
    assert failed.detail == (
        "cannot load the WhatsApp engine: its library is missing; install neonize again; "
        "waremind doctor says what to do"
    )
    await stage.gateway.close()


async def test_an_engine_that_was_replaced_under_the_daemon_says_what_to_do(
    shared_whatsapp: PlayedWhatsApp, tmp_path: Path
) -> None:
    modules = sabotage.build(shared_whatsapp.overlay, tmp_path / "replaced")
    library = next((modules / "neonize").glob("*.so"))
    replaced = library.read_bytes().replace(b"0.5.2", b"0.5.9")
    library.unlink()
    library.write_bytes(replaced)
    stage = RealStage(ProcessGateway(), shared_whatsapp, tmp_path)
    with importing(modules):
        ear = await stage.open(Pairing())
        failed = await ear.turn(Cause.CONNECT_FAILED)
    assert failed.detail is not None
    assert "restart the daemon after an upgrade" in failed.detail
    await stage.gateway.close()


async def test_a_fork_server_that_cannot_start_is_the_end_of_its_sessions(
    shared_whatsapp: PlayedWhatsApp, tmp_path: Path
) -> None:
    (tmp_path / "msgspec.py").write_text("raise ImportError('a broken installation')")
    stage = RealStage(ProcessGateway(), shared_whatsapp, tmp_path)
    with importing(tmp_path):
        ear = await stage.open(Pairing())
        ended = await ear.turn(Cause.ENDED)
    assert ended.detail == "cannot start a child process: the fork server has died"
    assert await stage.session.end(log_out=True)
    await stage.gateway.close()


async def test_a_hearer_that_fails_does_not_end_the_session(
    real: RealStage, caplog: pytest.LogCaptureFixture
) -> None:
    ear = Ear()

    def hear(report: AnyReport) -> None:
        ear(report)
        raise ValueError("a fault of the daemon")

    session = await real.gateway.open(real.opening(Pairing()), hear)
    await ear.code()
    await session.end()
    assert ear.causes == [Cause.ENDED]
    assert "a fault of the daemon" in caplog.text
