"""Follows runs: the same text again, once, to groups where too few have read it by then.

A follow-up is held, missed and paced as any run; quiet hours put it off, and misfire judges it.
"""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from waremind.daemon.delivery.holds import Holds
from waremind.daemon.system.changes import Subscriber
from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.tasks import run_forever, wait_first
from waremind.domain.ids import new_id
from waremind.domain.misfire import Misfire
from waremind.domain.plan_options import NEVER_QUIET
from waremind.domain.quiet_hours import QuietHours
from waremind.store import accounts, deliveries, runs
from waremind.store import follow_ups as table
from waremind.store.accounts import AccountRow
from waremind.store.database import Connection
from waremind.store.follow_ups import FollowedRun
from waremind.store.reassertion import ClaimedRun, WrittenClaim
from waremind.store.runs import RunRow

RETRY_SECONDS = 1.0  # with a database that is away
BATCH = 20  # each counts the members of its groups
BESIDE = timedelta(microseconds=1)  # another run of the reminder may be at the same instant


class FollowUps(Subscriber):
    """Looks who has read a run when its time has come."""

    def __init__(self, runtime: Runtime, holds: Holds) -> None:
        self._database = runtime.database
        self._membership = runtime.membership
        self._clock = runtime.clock
        self._current = runtime.current
        self._changes = runtime.changes
        self._recent = runtime.recent
        self._failures = runtime.failures
        self._holds = holds
        self._woken = asyncio.Event()
        self._next_at: datetime | None = None

    def work_for(self, accounts: Collection[str]) -> None:  # noqa: ARG002
        """Look again: a run that is to be followed may be new."""
        self._woken.set()

    def accounts_claimed(self, rows: Collection[AccountRow], *, afresh: bool) -> None:  # noqa: ARG002
        """Look again: more runs are ours."""
        self._woken.set()

    async def run(self) -> None:
        """Follow and sleep, for ever."""
        await run_forever(
            self._failures,
            "follow runs",
            self._round,
            self._sleep,
            patience_seconds=RETRY_SECONDS,
        )

    async def _sleep(self) -> None:
        await wait_first(self._clock.sleep_until(self._next_at), self._woken.wait())

    async def _round(self) -> bool:
        await self._membership.held.wait()
        self._woken.clear()
        now = self._clock.now()
        async with self._database.connection() as connection:
            self._next_at = await table.next_at(connection, self._membership.node)
        if self._next_at is None or self._next_at > now:
            return False
        made: list[ClaimedRun] = []
        async with self._database.transaction() as connection:
            node = self._membership.node
            due = await table.select_due(connection, node, now, BATCH)
            ours = await accounts.keep_ours(connection, node, (run.account_id for run in due))
            for run in (run for run in due if run.account_id in ours):
                made += await self._follow(connection, run, now)
        self._recent.claimed(WrittenClaim(made))
        if followed := {each.run.account_id for each in made}:
            self._holds.recheck(followed)
            self._changes.work_for(followed)
        return True

    async def _follow(
        self, connection: Connection, run: FollowedRun, now: datetime
    ) -> list[ClaimedRun]:
        due = run.follow_up_at or now
        quiet_until = self._quiet_until(run, now)
        if quiet_until and not _is_missed(run, due, quiet_until):
            await table.put_off(connection, run.id, quiet_until)
            return []
        await table.put_off(connection, run.id, None)
        percent = run.unless_read_percent or 0
        groups = await table.unread_groups(connection, run.id, percent)
        if not groups:
            return []
        why_late = "quiet" if quiet_until else "late"
        while not await runs.insert(connection, [made := _follow_up(run, due, now, why_late)]):
            due += BESIDE
        if made.outcome is None:
            await deliveries.insert_to(connection, made.id, groups, now)
        return [ClaimedRun(made, groups)]

    def _quiet_until(self, run: FollowedRun, now: datetime) -> datetime | None:
        """Say when the quiet hours end that keep a run from being followed now."""
        quiet = self._current.settings.quiet.hours
        if run.quiet:
            quiet = None if run.quiet == NEVER_QUIET else QuietHours.parse(run.quiet)
        return quiet.end_of(now, ZoneInfo(run.zone)) if quiet else None


def _is_missed(run: FollowedRun, due: datetime, now: datetime) -> bool:
    return run.misfire is Misfire.SKIP and now - due > timedelta(seconds=run.grace_seconds)


def _follow_up(run: FollowedRun, due: datetime, now: datetime, why_late: str) -> RunRow:
    """Make the run that follows; one that comes too late, or of a paused reminder, says so."""
    is_missed = why_late == "quiet" or _is_missed(run, due, now)
    reason = "paused" if run.paused else why_late if is_missed else None
    made = RunRow(
        id=new_id("run"),
        kind="follow_up",
        follows=run.id,
        reminder_id=run.reminder_id,
        account_id=run.account_id,
        occurs_at=due + BESIDE,
        zone=run.zone,
        text=run.text,
        mention_all=run.mention_all,
        mentions=run.mentions,
        give_up_at=now + timedelta(seconds=run.grace_seconds),
        grace_seconds=run.grace_seconds,
        misfire=run.misfire,
        created_at=now,
    )
    if reason is None:
        return made
    outcome = "skipped" if run.paused else "missed"
    return replace(made, outcome=outcome, reason=reason, until=made.occurs_at)
