"""How much one Unix user may ask for at once; who asks for more waits, then is told `busy`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from typing import Any

import pytest
from api.test_socket import Raw
from daemon_process import DaemonProcess, until

from waremind.daemon.api import admission
from waremind.daemon.api.admission import LIGHT, LIST, SEAT_WEIGHT, Admission, Seat
from waremind.errors import ErrorCode, WaremindError
from waremind.protocol import MAX_LINE
from waremind.requests.daemon import Version

US, THEM = 1000, 1001


@pytest.fixture
def door() -> Admission:
    return Admission(connections=1024)


def busy(ask: Callable[[], object]) -> WaremindError:
    with pytest.raises(WaremindError) as refused:
        ask()
    assert refused.value.code is ErrorCode.BUSY
    return refused.value


# Connections.


def test_one_uid_fills_its_own_place_and_no_other(door: Admission) -> None:
    ours = [door.enter(US) for _ in range(128)]
    refusal = busy(lambda: door.enter(US))
    assert "uid 1000" in refusal.message
    assert "128" in refusal.message
    assert door.enter(THEM)
    ours[0].leave()
    assert door.enter(US)


def test_where_few_files_may_be_opened_one_uid_has_fewer_connections() -> None:
    door = Admission(connections=16)
    seats = [door.enter(US) for _ in range(4)]
    busy(lambda: door.enter(US))
    seats += [door.enter(uid) for uid in (1, 2, 3) for _ in range(4)]
    assert "as many as the daemon can take" in busy(lambda: door.enter(THEM)).message


# Requests.


def test_one_connection_leaves_room_for_the_others_of_its_uid(door: Admission) -> None:
    hungry, modest = door.enter(US), door.enter(US)
    assert [hungry.try_begin(LIGHT) for _ in range(5)] == [True] * SEAT_WEIGHT + [False]
    assert modest.try_begin(LIGHT)


def test_lists_leave_room_for_what_is_light(door: Admission) -> None:
    lists = [door.enter(US) for _ in range(4)]
    assert [seat.try_begin(LIST) for seat in lists] == [True, True, True, False]
    assert door.enter(US).try_begin(LIGHT)
    assert door.enter(THEM).try_begin(LIST)


async def begun(seat: Seat, weight: int) -> asyncio.Task[None]:
    """Ask for room, and let the wait begin."""
    task = asyncio.create_task(seat.begin(weight, "run.list"))
    await asyncio.sleep(0)
    return task


async def test_who_waits_begins_when_there_is_room(door: Admission) -> None:
    first, *others = [door.enter(US) for _ in range(4)]
    assert all(seat.try_begin(LIST) for seat in (first, *others[:2]))
    waiting = await begun(others[2], LIST)
    assert not waiting.done()
    first.end(LIST)
    await waiting
    assert not first.try_begin(LIST)


async def test_who_has_waited_in_vain_is_told_which_limit_and_for_how_long(
    door: Admission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "WAIT_SECONDS", 0.05)
    seats = [door.enter(US) for _ in range(4)]
    for seat in seats[:3]:
        assert seat.try_begin(LIST)
    with pytest.raises(WaremindError, match="uid 1000") as refused:
        await seats[3].begin(LIST, "run.list")
    assert refused.value.code is ErrorCode.BUSY
    assert "a list counts 4" in refused.value.hint
    assert "0.05 s" in refused.value.hint
    seats[0].end(LIST)
    assert seats[3].try_begin(LIST)  # nothing of the refused one is left


async def test_who_gives_up_waiting_leaves_nothing(door: Admission) -> None:
    seats = [door.enter(US) for _ in range(4)]
    for seat in seats[:3]:
        assert seat.try_begin(LIST)
    waiting = await begun(seats[3], LIST)
    seats[0].end(LIST)  # granted and cancelled in one moment
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert seats[0].try_begin(LIST)


async def test_room_goes_past_who_has_hung_up_to_who_still_waits(door: Admission) -> None:
    seats = [door.enter(US) for _ in range(5)]
    for seat in seats[:3]:
        assert seat.try_begin(LIST)
    gone, waiting = [await begun(seat, LIST) for seat in seats[3:]]
    gone.cancel()  # and it is in the queue until it runs
    seats[0].end(LIST)
    await waiting
    with pytest.raises(asyncio.CancelledError):
        await gone
    seats[1].end(LIST)
    assert seats[1].try_begin(LIST)  # no room was lost


def test_what_only_waits_takes_no_room(door: Admission) -> None:
    seat = door.enter(US)
    assert seat.try_begin(LIST)
    seat.end(LIST)
    assert seat.try_begin(LIST)
    seat.resume(LIST)  # its wait is over, whoever has come meanwhile
    assert not seat.try_begin(LIGHT)


# Long requests.


def test_long_requests_have_a_budget_by_uid_and_for_all(door: Admission) -> None:
    mebibyte = 1 << 20
    for _ in range(4):
        door.enter(US).hold(mebibyte)
    assert "4 MiB" in busy(lambda: door.enter(US).hold(1)).hint
    theirs = [door.enter(uid) for uid in (1, 2, 3) for _ in range(4)]
    for seat in theirs:
        seat.hold(mebibyte)
    busy(lambda: door.enter(THEM).hold(1))
    theirs[0].leave()
    door.enter(THEM).hold(mebibyte)


# The same at a real socket.


def test_a_crowd_at_the_door_is_told_busy_and_makes_room_when_it_goes(
    shared_daemon: DaemonProcess,
) -> None:
    with ExitStack() as stack:
        crowd = [stack.enter_context(closing(Raw(shared_daemon))) for _ in range(128)]
        with pytest.raises(WaremindError, match="as many as one Unix user may") as refused:
            shared_daemon.call(Version())
        assert refused.value.code is ErrorCode.BUSY
        assert all(one.is_served() for one in crowd[:100])
        crowd[0].close()
        until(lambda: _is_let_in(shared_daemon), "room for one more")


def _is_let_in(daemon: DaemonProcess) -> bool:
    with suppress(WaremindError):
        return bool(daemon.call(Version()))
    return False


def test_half_a_line_has_ten_seconds(shared_daemon: DaemonProcess) -> None:
    with closing(Raw(shared_daemon)) as slow:
        slow.socket.sendall(b'{"jsonrpc": "2.0",')
        assert "not finished within 10 s" in _error_of(slow)["message"]
        assert slow.lines.readline() == b""


def test_long_lines_beyond_the_budget_are_refused_and_the_connection_goes_on(
    shared_daemon: DaemonProcess,
) -> None:
    with ExitStack() as stack:
        half = b" " * (MAX_LINE - 1)
        holding = [stack.enter_context(closing(Raw(shared_daemon))) for _ in range(5)]
        for one in holding:
            one.socket.sendall(half)
        refused = [one for one in holding if _is_refused(one)]
        assert refused
        assert all(one.is_served() for one in refused)


def _is_refused(one: Raw) -> bool:
    """End the line: there was no room for it, or it is no request."""
    one.socket.sendall(b"\n")
    return _error_of(one)["data"]["code"] == "busy"


def _error_of(one: Raw) -> dict[str, Any]:
    return json.loads(one.lines.readline())["error"]
