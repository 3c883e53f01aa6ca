"""The log in its three forms."""

import json
import logging
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from waremind.daemon.system.journal import JournalHandler
from waremind.daemon.system.logs import (
    JournalFormatter,
    JsonFormatter,
    TextFormatter,
    event,
    fields_of,
)

RFC_3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d"


class Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    log = logging.getLogger("waremind.test")
    log.setLevel(logging.INFO)
    yield log
    for handler in log.handlers[:]:
        log.removeHandler(handler)
        handler.close()


@pytest.fixture
def kept(log: logging.Logger) -> Kept:
    handler = Kept()
    log.addHandler(handler)
    return handler


def test_text_is_one_event_a_line(log: logging.Logger, kept: Kept) -> None:
    event(log, "turned", account="ops team", session=3, state="connected", detail="a\nb")
    (record,) = kept.records
    at, _, rest = TextFormatter().format(record).partition(" ")
    assert re.fullmatch(RFC_3339, at)
    assert datetime.fromisoformat(at).timestamp() == pytest.approx(record.created, abs=0.001)
    assert rest == (
        "info waremind.test turned account='ops team' session=3 state=connected detail='a\\nb'"
    )


def test_json_is_one_object_a_line(log: logging.Logger, kept: Kept) -> None:
    event(log, "turned", logging.WARNING, account="ops\nteam", session=3, event="not mine")
    (record,) = kept.records
    line = JsonFormatter().format(record)
    assert "\n" not in line
    about = json.loads(line)
    assert about.pop("at").endswith("Z")
    assert about == {
        "level": "warning",
        "logger": "waremind.test",
        "event": "turned",
        "account": "ops\nteam",
        "session": 3,
    }


def test_json_holds_a_traceback_too(log: logging.Logger, kept: Kept) -> None:
    try:
        int("wrong")
    except ValueError:
        log.exception("a bug")
    assert (
        "ValueError: invalid literal"
        in json.loads(JsonFormatter().format(kept.records[0]))["traceback"]
    )


class Journal:
    """A journal's socket."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(5)

    def entry(self) -> bytes:
        """Receive an entry, also one that comes as a file."""
        text, descriptors, _, _ = socket.recv_fds(self.socket, 1 << 20, 1)
        for descriptor in descriptors:
            with os.fdopen(descriptor, "rb") as file:
                file.seek(0)
                text = file.read()
        return text


@pytest.fixture
def journal(tmp_path: Path, log: logging.Logger) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal")
    handler = JournalHandler(fields_of, tmp_path / "journal")
    handler.setFormatter(JournalFormatter())
    log.addHandler(handler)
    yield journal
    journal.socket.close()


def test_the_journal_gets_fields_and_a_priority(log: logging.Logger, journal: Journal) -> None:
    event(log, "sent", logging.ERROR, account="ops", reminder="rem_1", run="run_2")
    lines = journal.entry().decode().splitlines()
    assert "MESSAGE=sent account=ops reminder=rem_1 run=run_2" in lines
    assert "PRIORITY=3" in lines
    assert {"WAREMIND_ACCOUNT=ops", "WAREMIND_REMINDER=rem_1", "WAREMIND_RUN=run_2"} < set(lines)


def test_no_field_can_forge_another(log: logging.Logger, journal: Journal) -> None:
    event(log, "renamed", account="ops\nPRIORITY=0")
    length = len("ops\nPRIORITY=0").to_bytes(8, "little")
    assert b"WAREMIND_ACCOUNT\n" + length + b"ops\nPRIORITY=0\n" in journal.entry()


def test_what_is_too_long_for_a_datagram_arrives_all_the_same(
    log: logging.Logger, journal: Journal
) -> None:
    event(log, "long", text="x" * 1_000_000)
    assert len(journal.entry()) > 1_000_000


@pytest.mark.parametrize(("elsewhere", "expected"), [(0, "True"), (1, "False")])
def test_the_journal_is_found_by_where_stderr_leads(
    tmp_path: Path, elsewhere: int, expected: str
) -> None:
    with (tmp_path / "stderr").open("w") as stderr:
        file = os.fstat(stderr.fileno())
        stream = f"{file.st_dev}:{file.st_ino + elsewhere}"
        said = subprocess.run(
            [
                sys.executable,
                "-c",
                "from waremind.daemon.system import logs; print(logs.is_journal())",
            ],
            env={**os.environ, "JOURNAL_STREAM": stream},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            check=True,
        )
    assert said.stdout.strip() == expected
