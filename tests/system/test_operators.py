"""A name service that never answers keeps nobody waiting: neither who asks, nor the daemon."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from daemon_process import DaemonProcess, environment

from waremind.daemon.system import operators
from waremind.daemon.system.operators import Operators
from waremind.requests.daemon import AuditList, Version

# From when the file is there on no name is found any more, nor is any said not to be there.
HANGING = """
import pwd, time
from pathlib import Path
def getpwuid(uid, known=pwd.getpwuid):
    while Path({file!r}).exists():
        time.sleep(3600)
    return known(uid)
pwd.getpwuid = getpwuid
"""
ANSWERED_SECONDS = 5.0


def test_a_daemon_answers_by_uid_and_ends_while_the_name_service_hangs(
    dsn: str, tmp_path: Path
) -> None:
    file = tmp_path / "hangs"
    (tmp_path / "sitecustomize.py").write_text(HANGING.format(file=str(file)))
    with DaemonProcess(environment(dsn=dsn) | {"PYTHONPATH": str(tmp_path)}) as daemon:
        file.touch()
        before = time.monotonic()
        daemon.call(Version())
        daemon.add("ops")
        assert time.monotonic() - before < ANSWERED_SECONDS
        [entry] = daemon.call(AuditList()).audit
        assert (entry.action, entry.operator.name) == ("account.add", None)
        assert daemon.stop() == 0


class Names:
    """A name service that answers when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = threading.Event()

    def look_up(self, uid: int) -> str | None:
        self.asked += 1
        self.may_answer.wait()
        return f"user {uid}"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    monkeypatch.setattr(operators, "NAME_SECONDS", 0.5)
    monkeypatch.setattr(operators, "KEPT_SECONDS", 0.0)
    return Names()


async def test_a_name_that_was_known_is_used_while_nobody_answers(names: Names) -> None:
    asking = Operators(None, names.look_up)
    names.may_answer.set()
    assert (await asking.operator(1)).name == "user 1"
    names.may_answer.clear()
    assert [(await asking.operator(uid)).name for uid in (1, 2)] == ["user 1", None]
    names.may_answer.set()
    assert [(await asking.operator(uid)).name for uid in (1, 2)] == ["user 1", "user 2"]


async def test_one_look_up_of_a_user_is_under_way_however_often_it_is_asked(names: Names) -> None:
    asking = Operators(None, names.look_up)
    assert [(await asking.operator(1)).name for _ in range(3)] == [None] * 3
    assert names.asked == 1
    names.may_answer.set()
    assert (await asking.operator(1)).name == "user 1"
