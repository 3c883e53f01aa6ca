"""What crosses a child's socketpair, line by line."""

from __future__ import annotations

import socket
import subprocess
import sys

import msgspec
import pytest

from waremind.domain.lifecycle import COMMANDS, SIGNALS, Cause
from waremind.whatsapp.child_protocol import (
    Answer,
    encode_line,
    encode_result,
    read_child_message,
    read_group,
    read_outcome,
)
from waremind.whatsapp.reports import GroupLeft, LifeReport, SendUnknown

# What a child has said is not read when the daemon closes its end, or is killed.
ABANDONED = """
import socket
from waremind.whatsapp.reader_pool import ReaderPool
theirs, ours = socket.socketpair()
ours.send(b"unread")
theirs.close()
ReaderPool(ours.makefile("rb"), print).run()
"""


def test_a_child_ends_quietly_when_the_daemon_is_gone_and_has_not_read_its_last_words() -> None:
    done = subprocess.run([sys.executable, "-c", ABANDONED], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


LOGGING_IN = """
import socket, sys
from waremind.whatsapp.deadline import Deadline, SeenDeadline
from waremind.whatsapp.event_translator import EventTranslator
from waremind.whatsapp.report_writer import ReportWriter
writer = ReportWriter(1, socket.socket(fileno=0))
EventTranslator(None, writer, SeenDeadline(Deadline().descriptor)).on_connect_error(sys.argv[1])
"""


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("proto: required field neonize.ConnectFailure.Reason not set", Cause.REFUSED),
        ("proto: required field neonize.TemporaryBan.Code not set", Cause.REFUSED),
        ("proto: required field not set", Cause.REFUSED),
        ("proto: required field neonize.Receipt.Type not set", None),
        ("dial tcp: no route to host", Cause.CONNECT_FAILED),
    ],
)
def test_what_the_engine_does_not_know_refuses_a_login_only_when_it_answers_one(
    error: str, cause: Cause | None
) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        subprocess.run([sys.executable, "-c", LOGGING_IN, error], stdin=theirs, check=True)
        theirs.close()
        said = ours.recv(4096)
    assert [read_child_message(line).cause for line in said.splitlines()] == [cause] * bool(cause)


@pytest.mark.parametrize(
    ("said", "heard"),
    [("a\0b\0\0", "ab"), ("\\\0", "\\"), ("\\u0000", "\\u0000"), ("\\\\u0000\0", "\\\\u0000")],
)
def test_a_zero_byte_which_postgresql_takes_in_no_text_is_left_out(said: str, heard: str) -> None:
    assert read_child_message(encode_line(GroupLeft(session=1, jid=said))) == GroupLeft(
        session=1, jid=heard
    )
    answer = read_child_message(encode_line(Answer(1, encode_result(SendUnknown(said)))))
    assert isinstance(answer, Answer)
    assert read_outcome(answer.result) == SendUnknown(heard)


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "2026-12-01T09:00:00"]
)
@pytest.mark.parametrize(
    "report",
    [
        '{"type": "PhoneSeen", "session": 1, "at": "%s"}',
        '{"type": "LifeReport", "session": 1, "cause": "temporary_ban", "until": "%s"}',
        '{"type": "Code", "session": 1, "kind": "qr", "code": "x", "expires_at": "%s"}',
    ],
)
def test_a_time_that_cannot_be_shown_in_every_zone_makes_no_sense(report: str, at: str) -> None:
    assert read_child_message((report % "2026-12-01T09:00:00Z").encode())
    with pytest.raises(msgspec.ValidationError):
        read_child_message((report % at).encode())


@pytest.mark.parametrize("cause", sorted(COMMANDS | SIGNALS))
def test_a_session_cannot_say_what_only_operators_and_the_daemon_may(cause: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="no session may report"):
        read_child_message(b'{"type": "LifeReport", "session": 1, "cause": "%s"}' % cause.encode())


@pytest.mark.parametrize("jid", ["", "x", "@g.us", "1@lid", "1@g.us\\n"])
def test_only_a_group_is_heard_as_one(jid: str) -> None:
    said = '{"jid": "%s", "name": "", "announce_only": false, "admin": false}'
    assert read_group((said % "1@g.us").encode())
    with pytest.raises(msgspec.ValidationError):
        read_group((said % jid).encode())


def test_a_reason_that_would_fill_screens_is_cut() -> None:
    told = LifeReport(session=1, cause=Cause.REFUSED, detail="x" * 10_000)
    assert read_child_message(encode_line(told)).detail == "x" * 500 + "…"
