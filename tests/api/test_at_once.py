"""Who asks for the same at one moment is told what they did, and so says the audit log."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Literal

import pytest
from delivery.clockwork import NOBODY, Engine, engine

from waremind.daemon.api.handlers import account as accounts
from waremind.daemon.api.handlers import calendar as calendars
from waremind.daemon.api.handlers import freeze as freezes
from waremind.daemon.api.handlers import node as nodes
from waremind.daemon.api.handlers import reminder as reminders
from waremind.daemon.api.handlers import revocation
from waremind.daemon.api.handlers import run as runs
from waremind.errors import WaremindError
from waremind.requests.account import AccountAdd, AccountDelete, AccountMove, AccountRename
from waremind.requests.calendar import CalendarAdd, CalendarDelete, CalendarSet
from waremind.requests.daemon import FreezeSet, Thaw
from waremind.requests.node import NodeDrain
from waremind.requests.plan import ReminderMove, ReminderSkip, ReminderUnskip
from waremind.requests.reminder import ReminderDelete, ReminderEdit, ReminderPause, ReminderResume
from waremind.requests.run import ReminderRun, RunAcknowledge, RunResolve, RunRevoke, Send
from waremind.settings import Cluster
from waremind.store import ownership

DAILY = {"rrule": "FREQ=DAILY", "start": "2026-04-01T09:00"}
ASKED = 3
Outcome = Literal["sent", "failed"]


async def at_once(*asked: Coroutine[Any, Any, Any]) -> Counter[object]:
    """Ask all of it at once; count how it was answered: `changed`, or a code."""
    answers = await asyncio.gather(*asked, return_exceptions=True)
    return Counter(map(said, answers))


def said(answer: Any) -> object:
    return answer.code.value if isinstance(answer, WaremindError) else answer.changed


async def audited(playing: Engine, action: str) -> int:
    ((number,),) = await playing.sql("SELECT count(*) FROM audit_log WHERE action = %s", action)
    return number


async def test_a_reminder_is_deleted_once(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("daily", **DAILY)
        request = ReminderDelete(reminder="daily")
        asked = (reminders.delete(playing.daemon, NOBODY, request) for _ in range(ASKED))
        assert await at_once(*asked) == {True: 1, "not_found": 2}
        assert await audited(playing, "reminder.delete") == 1


@pytest.mark.parametrize(("missing_ok", "others"), [(True, {False: 2}), (False, {"not_found": 2})])
async def test_an_account_is_deleted_once(
    dsn: str, tmp_path: Path, *, missing_ok: bool, others: dict[object, int]
) -> None:
    async with engine(dsn, tmp_path) as playing:
        request = AccountDelete(account="ops", missing_ok=missing_ok)
        asked = (accounts.delete(playing.daemon, NOBODY, request) for _ in range(ASKED))
        assert await at_once(*asked) == {True: 1, **others}
        assert await audited(playing, "account.delete") == 1


async def test_an_account_that_may_be_there_is_added_once(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        request = AccountAdd(label="new", exist_ok=True)
        asked = (accounts.add(playing.daemon, NOBODY, request) for _ in range(ASKED))
        assert await at_once(*asked) == {True: 1, False: 2}
        assert await audited(playing, "account.add") == 1


async def test_an_account_is_renamed_once(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        request = AccountRename(account="ops", label="new")
        asked = (accounts.rename(playing.daemon, NOBODY, request) for _ in range(ASKED))
        assert await at_once(*asked) == {True: 1, False: 2}
        assert await audited(playing, "account.rename") == 1


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [(("sent", "sent"), {True: 1, False: 1}), (("sent", "failed"), {True: 1, "conflict": 1})],
)
async def test_an_unknown_run_is_resolved_once(
    dsn: str, tmp_path: Path, outcomes: tuple[Outcome, Outcome], told: dict[object, int]
) -> None:
    async with engine(dsn, tmp_path) as playing:
        request = Send(account="ops", to=["1@g.us"], text="now")
        run = (await runs.send(playing.daemon, NOBODY, request)).run
        assert run is not None
        await playing.sql("UPDATE deliveries SET status = 'unknown', reason = 'crashed'")
        asked = (
            runs.resolve(playing.daemon, NOBODY, RunResolve(run=run.id, outcome=outcome))
            for outcome in outcomes
        )
        assert await at_once(*asked) == told
        said = "SELECT detail ->> 'outcome' FROM audit_log WHERE action = 'run.resolve'"
        assert await playing.sql(said) == await playing.sql("SELECT status FROM deliveries")


async def test_a_freeze_and_a_thaw_are_done_once(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        asked = (freezes.freeze(playing.daemon, NOBODY, FreezeSet()) for _ in range(ASKED))
        assert await at_once(*asked) == {True: 1, False: 2}
        asked = (freezes.thaw(playing.daemon, NOBODY, Thaw()) for _ in range(ASKED))
        assert await at_once(*asked) == {True: 1, False: 2}
        assert (await audited(playing, "freeze"), await audited(playing, "thaw")) == (1, 1)


async def test_a_reminder_is_paused_edited_and_resumed_once(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        daemon, name = playing.daemon, "daily"
        await playing.add(name, **DAILY)
        for handler, request in (
            (reminders.pause, ReminderPause(reminder=name)),
            (reminders.edit, ReminderEdit(reminder=name, text="new")),
            (reminders.resume, ReminderResume(reminder=name)),
        ):
            asked = (handler(daemon, NOBODY, request) for _ in range(ASKED))
            assert await at_once(*asked) == {True: 1, False: 2}
            assert await audited(playing, request.method) == 1


async def test_a_reminder_that_is_run_twice_at_one_instant_is_sent_twice(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("daily", **DAILY)
        request = ReminderRun(reminder="daily")
        asked = (runs.run_reminder(playing.daemon, NOBODY, request) for _ in range(2))
        assert await at_once(*asked) == {True: 2}
        assert await playing.became("daily") == [("sent", None, 1)] * 2


async def test_what_one_run_sent_is_revoked_and_acknowledged_once(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        for handler, asking in (
            (runs.acknowledge, RunAcknowledge),
            (revocation.revoke, RunRevoke),
        ):
            send = Send(account="ops", to=["1@g.us"], text=asking.method)
            run = (await runs.send(playing.daemon, NOBODY, send)).run
            assert run is not None
            asked = (handler(playing.daemon, NOBODY, asking(run=run.id)) for _ in range(ASKED))
            assert await at_once(*asked) == {True: 1, False: 2}
            assert await audited(playing, asking.method) == 1


async def test_a_calendar_is_added_changed_and_deleted_once(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        for handler, request, others in (
            (calendars.write, CalendarAdd(name="feasts", days="2026-12-25", exist_ok=True), False),
            (calendars.write, CalendarSet(name="feasts", days="2026-12-26"), False),
            (calendars.delete, CalendarDelete(calendar="feasts"), "not_found"),
        ):
            asked = (handler(playing.daemon, NOBODY, request) for _ in range(ASKED))
            assert await at_once(*asked) == {True: 1, others: 2}
            assert await audited(playing, request.method) == 1


async def test_an_occurrence_is_skipped_and_moved_once(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("daily", **DAILY)
        when = {"reminder": "daily", "at": "2026-04-02T09:00:00"}
        for handler, request in (
            (reminders.skip, ReminderSkip(**when)),
            (reminders.unskip, ReminderUnskip(**when)),
            (reminders.move, ReminderMove(**when, to="2026-04-02T10:00:00")),
        ):
            asked = (handler(playing.daemon, NOBODY, request) for _ in range(ASKED))
            assert await at_once(*asked) == {True: 1, False: 2}
            assert await audited(playing, request.method) == 1


async def have_nodes(playing: Engine, *names: str) -> None:
    """Make the engine one of several nodes of a cluster, as far as their rows say so."""
    current = playing.daemon.runtime.current
    current.settings = current.settings.model_copy(update={"cluster": Cluster(name=names[0])})
    for name in names:
        await playing.sql(
            "INSERT INTO nodes (id, name, version, beat_at, started_at)"
            " VALUES ('nod_' || %s, %s, '1', now(), now())",
            *(name, name),
        )


async def test_a_node_is_drained_and_an_account_moved_once_and_the_last_node_stays(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await have_nodes(playing, "one", "two")
        move = AccountMove(account="ops", node="two")
        asked = [nodes.move(playing.daemon, NOBODY, move) for _ in range(ASKED)]
        assert await at_once(*asked) == {True: 1, False: 2}
        drains = (NodeDrain(node="one"), NodeDrain(node="one"), NodeDrain(node="two"))
        await playing.sql("UPDATE nodes SET draining = true WHERE name NOT IN ('one', 'two')")
        asked = [nodes.drain(playing.daemon, NOBODY, drain) for drain in drains]
        assert (await at_once(*asked))[True] == 1
        staying = await playing.sql("SELECT count(*) FROM nodes WHERE NOT draining")
        assert staying == [(1,)]
        assert (await audited(playing, "account.move"), await audited(playing, "node.drain")) == (
            1,
            1,
        )


async def test_an_account_that_is_deleted_meanwhile_is_not_moved(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await have_nodes(playing, "one", "two")

        async def nowhere(*_: object) -> None:
            await playing.sql("DELETE FROM accounts")

        monkeypatch.setattr(ownership, "placed_on", nowhere)
        move = nodes.move(playing.daemon, NOBODY, AccountMove(account="ops", node="two"))
        assert await at_once(move) == {"not_found": 1}
        assert await audited(playing, "account.move") == 0
