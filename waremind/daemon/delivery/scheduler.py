"""Claims what is due: its run, its deliveries and the reminder's next time in one transaction.

No polling: it sleeps until shortly before the next due time by the wall clock, and is woken when
something changes.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from waremind.daemon.delivery.holds import Holds
from waremind.daemon.delivery.lead_time import LEAD
from waremind.daemon.delivery.retry_later import RetryLater
from waremind.daemon.rules.evaluator import RuleEvaluator, Unanswered
from waremind.daemon.system.changes import Subscriber
from waremind.daemon.system.logs import event
from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.tasks import run_forever, running, wait_first
from waremind.domain.fields import filled
from waremind.domain.ids import new_id
from waremind.domain.misfire import SENT_LATE_AT_MOST, Claim, Judgement, Missed
from waremind.domain.planned import Planned
from waremind.domain.recurrence import Occurrence
from waremind.domain.wall_time import wall_of
from waremind.errors import WaremindError
from waremind.store import accounts, deliveries, plans, reminders, runs
from waremind.store import holds as holds_table
from waremind.store.accounts import AccountRow
from waremind.store.database import Connection
from waremind.store.deliveries import ChangedDelivery
from waremind.store.members import Mentions
from waremind.store.plans import Plans
from waremind.store.reassertion import ClaimedRun, WrittenClaim
from waremind.store.reminder_row import ReminderRow
from waremind.store.reminders import Advance
from waremind.store.runs import RunRow

log = logging.getLogger(__name__)

BATCH = 100  # the knee of rows a second: larger ones hold their locks longer for little
BATCHES = 4  # read at once
RETRY_SECONDS = 1.0  # with a database that is away

Judged = tuple[ReminderRow, Judgement]
Verdicts = Mapping[str, Judgement | Unanswered]


class Scheduler(Subscriber):
    """The one place where reminders fire."""

    def __init__(self, runtime: Runtime, holds: Holds) -> None:
        self._database = runtime.database
        self._membership = runtime.membership
        self._clock = runtime.clock
        self._current = runtime.current
        self._changes = runtime.changes
        self._recent = runtime.recent
        self._holds = holds
        self._failures = runtime.failures
        self._woken = asyncio.Event()
        self._started_at = self._clock.now()
        self._retry_later = RetryLater()
        self.next_at: datetime | None = None
        self._look_at: datetime | None = None

    def wake(self) -> None:
        """Look again: a reminder has changed."""
        self._woken.set()

    def accounts_claimed(self, rows: Collection[AccountRow], *, afresh: bool) -> None:  # noqa: ARG002
        """Look again: more reminders are ours."""
        self.wake()

    async def run(self) -> None:
        """Claim and sleep, for ever."""
        async with RuleEvaluator() as evaluator:
            await run_forever(
                self._failures,
                "claim what is due",
                partial(self._round, evaluator),
                self._sleep,
                patience_seconds=RETRY_SECONDS,
            )

    async def _round(self, evaluator: RuleEvaluator) -> bool:
        """Claim some of what is due; when nothing is, find out when to look again."""
        await self._membership.held.wait()
        self._woken.clear()
        if await self._claim(evaluator):
            return True
        await self._look_ahead(evaluator)
        return False

    async def _look_ahead(self, evaluator: RuleEvaluator) -> None:
        now = self._clock.now()
        async with self._database.connection() as connection:
            waiting = self._retry_later.waiting(now)
            due = await reminders.next_due(connection, self._membership.node, waiting)
        again_at = self._retry_later.next_at(now)
        self.next_at = _first(due, again_at)
        if self.next_at:
            await evaluator.warm()
        self._look_at = _first(due and due - LEAD, again_at)

    async def _sleep(self) -> None:
        woken, lost = self._woken.wait(), self._membership.lost.wait()
        await wait_first(self._clock.sleep_until(self._look_at), woken, lost)

    async def _claim(self, evaluator: RuleEvaluator) -> bool:
        """Claim some batches of what is due; False when nothing is."""
        now = self._clock.now()
        async with self._database.connection() as connection:
            waiting = self._retry_later.waiting(now)
            rows = await reminders.select_due(
                connection, self._membership.node, now + LEAD, BATCH * BATCHES, waiting
            )
            known = await plans.read(connection, rows, self._current.settings.quiet.hours)
        batches = [rows[first : first + BATCH] for first in range(0, len(rows), BATCH)]
        # Judged before the transaction, which is guarded by the rows' revisions; all but the first
        # batch while another one is written.
        lost: list[str] = []
        async with running(_judge(evaluator, batch, now, known) for batch in batches) as judging:
            for batch, judged in zip(batches, judging, strict=True):
                await self._write(batch, await judged, now, known.mentions)
                lost += _lost(batch, await judged)
        self._retry_later.put_off(lost, now)
        return bool(rows)

    async def _write(
        self, rows: Sequence[ReminderRow], judged: Verdicts, now: datetime, mentions: Mentions
    ) -> None:
        """Claim a batch, unless the accounts are lost, and tell who has something to send."""
        if not self._membership.held.is_set():
            return
        # Before anything is sent its mark is flushed, and this with it.
        async with self._database.transaction(flushed=False) as connection:
            ours = await accounts.keep_ours(
                connection, self._membership.node, (row.account_id for row in rows)
            )
            rows = [row for row in rows if row.account_id in ours]
            for row in (row for row in rows if judged[row.id] is Unanswered.TOO_SLOW):
                event(log, "cannot compute a rule", logging.ERROR, reminder=row.name)
                await reminders.mark_too_slow(connection, row.id, row.revision, now)
            verdicts = ((row, judged[row.id]) for row in rows)
            sound = [(row, verdict) for row, verdict in verdicts if isinstance(verdict, Judgement)]
            changed, claim = await self._move_on(connection, sound, now, mentions)
        self._recent.claimed(claim)
        self._changes.runs_changed(changed)
        if held := {one.account_id for one in changed if one.status == "held"}:
            self._holds.recheck(held)
        self._changes.work_for({row.account_id for row in rows})

    async def _move_on(
        self, connection: Connection, judged: Sequence[Judged], now: datetime, mentions: Mentions
    ) -> tuple[list[ChangedDelivery], WrittenClaim]:
        """Move the reminders on, and write what became of the occurrences that they leave."""
        advances = [Advance.to(row, found.next, found.fires_at) for row, found in judged]
        claimed = await reminders.advance(connection, advances)
        mine = [(row, judgement) for row, judgement in judged if row.id in claimed]
        sent = [run for entry in mine for run in _runs_of(*entry, now, mentions)]
        stretches = [run for entry in mine for run in self._stretches(*entry, now)]
        made = await runs.insert(connection, [*stretches, *sent])
        starting = [run.id for run in sent if run.id in made]
        written = await deliveries.insert_of_runs(connection, starting, now)
        held = {delivery.run_id for delivery in written if delivery.status == "held"}
        behind = [run.reminder_id for run in sent if run.id in held and run.reminder_id]
        if behind:
            written += await holds_table.trim(connection, behind, SENT_LATE_AT_MOST, now)
        runs_made = [ClaimedRun(run) for run in (*stretches, *sent) if run.id in made]
        return written, WrittenClaim(runs_made, advances)

    def _stretches(self, row: ReminderRow, judgement: Judgement, now: datetime) -> list[RunRow]:
        """Make the runs that say why occurrences did not fire."""
        return [stretch_of(row, missed, now, self._why(missed)) for missed in judgement.stretches]

    def _why(self, missed: Missed) -> str:
        was_down = missed.reason == "late" and missed.until < self._started_at
        return "down" if was_down else missed.reason


def _first(*times: datetime | None) -> datetime | None:
    return min((at for at in times if at), default=None)


async def _judge(
    evaluator: RuleEvaluator, rows: Sequence[ReminderRow], now: datetime, known: Plans
) -> Verdicts:
    """Judge reminders by id; a rule that is no longer understood is set aside as one too slow."""
    claims = {row.id: claim for row in rows if (claim := _claim_of(row, now, known))}
    judged = zip(claims, await evaluator.judge(list(claims.values())), strict=True)
    return {row.id: Unanswered.TOO_SLOW for row in rows} | dict(judged)


def _lost(rows: Sequence[ReminderRow], judged: Verdicts) -> list[str]:
    """List whom to ask about again, as the worker was lost over them."""
    lost = [row for row in rows if judged[row.id] is Unanswered.LOST]
    for row in lost:
        event(log, "cannot judge yet", logging.WARNING, reminder=row.name)
    return [row.id for row in lost]


def _claim_of(row: ReminderRow, now: datetime, known: Plans) -> Claim | None:
    """Make a reminder's claim; None when its rule or zone, once accepted, no longer is.

    Judged as at the end of what is claimed ahead, when all is later by as much.
    """
    try:
        plan, due = known.plan_of(row), row.due
    except (WaremindError, ZoneInfoNotFoundError):
        return None
    grace = timedelta(seconds=row.grace_seconds)
    return Claim(plan, due, now + LEAD, grace + LEAD, row.misfire) if due else None


def _runs_of(
    row: ReminderRow, judgement: Judgement, now: datetime, mentions: Mentions
) -> list[RunRow]:
    return [run_of(row, one.at, now, mentions, announced=one) for one in judgement.sent]


def run_of(
    row: ReminderRow,
    occurs_at: datetime,
    now: datetime,
    mentions: Mentions,
    *,
    announced: Planned | None = None,
) -> RunRow:
    """Make the run of one occurrence that is sent now, or in a moment; None: one beside the plan.

    Such a one has the number of what the reminder waits for.
    """
    one = announced or Planned.of(
        Occurrence(occurs_at, wall_of(occurs_at, ZoneInfo(row.zone)))
    )._replace(number=row.next_number)
    said = filled(row.text, row.options, one, ZoneInfo(row.zone), mentions.get(row.id, {}))
    return RunRow(
        id=new_id("run"),
        reminder_id=row.id,
        account_id=row.account_id,
        occurs_at=occurs_at,
        zone=row.zone,
        text=said.text,
        mentions=said.mentions,
        mention_all=row.mention_all,
        give_up_at=max(now, occurs_at) + timedelta(seconds=row.grace_seconds),
        grace_seconds=row.grace_seconds,
        misfire=row.misfire,
        created_at=now,
        follow_up_at=_follow_up_at(row, max(now, occurs_at)),
        unless_read_percent=row.options.unless_read or 100,
        media=row.media,
        media_kind=row.media_kind,
        media_name=row.media_name,
    )


def _follow_up_at(row: ReminderRow, sent_at: datetime) -> datetime | None:
    seconds = row.options.follow_up
    return sent_at + timedelta(seconds=seconds) if seconds else None


def stretch_of(row: ReminderRow, missed: Missed, now: datetime, reason: str) -> RunRow:
    """Make the run that says why a stretch did not fire."""
    return replace(
        run_of(row, missed.first, now, {}),
        until=missed.until,
        count=missed.count,
        outcome=missed.outcome,
        reason=reason,
        follow_up_at=None,
    )
