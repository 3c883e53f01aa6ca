"""Pausing reminders, and resuming them: what came due in between is skipped, in one run."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from waremind.daemon.delivery.scheduler import stretch_of
from waremind.daemon.reminders.changes import Draft, plan_of
from waremind.daemon.reminders.schedule import next_times
from waremind.daemon.rules.evaluator import RuleEvaluator
from waremind.daemon.services import Services
from waremind.domain.misfire import Missed, PassedOver
from waremind.domain.plan import Plan
from waremind.domain.planned import Planned
from waremind.domain.quoting import quoted
from waremind.errors import ErrorCode, WaremindError
from waremind.store.groups import GroupRow
from waremind.store.reminder_row import ReminderRow, waiting_for

PAUSED = "paused"


async def paused(row: ReminderRow, groups: Sequence[GroupRow]) -> Draft | None:
    """Pause a reminder, and skip what is held of it; None when it is paused.

    Raises WaremindError `conflict` when it has finished.
    """
    _check_goes_on("pause", row)
    if row.state == "paused":
        return None
    paused = replace(row, state="paused", revision=row.revision + 1)
    return Draft(row=paused, groups=groups, skips_held=True)


async def resumed(services: Services, row: ReminderRow, groups: Sequence[GroupRow]) -> Draft | None:
    """Resume a reminder; None when it is not paused.

    Raises WaremindError `conflict` when it has finished, `invalid_input` when its rule costs too
    much.
    """
    _check_goes_on("resume", row)
    if row.state == "active":
        return None
    now = services.now()
    plan = await plan_of(services, row)
    missed, following, fires_at = await passed_over(services.evaluator, row, plan, now)
    state = "active" if following else "finished"
    fields = {"state": state, "too_slow_since": None, **waiting_for(following, fires_at)}
    resumed = replace(row, revision=row.revision + 1, **fields)
    return Draft(
        row=resumed,
        groups=groups,
        next=await next_times(services.evaluator, resumed, plan),
        skipped=missed and stretch_of(row, missed, now, PAUSED),
    )


def _check_goes_on(verb: str, row: ReminderRow) -> None:
    if row.state == "finished":
        message = f"cannot {verb} reminder {row.name!r}: it has finished"
        hint = f"give it a new time: waremind reminder edit {quoted(row.name)} --at WHEN"
        raise WaremindError(ErrorCode.CONFLICT, message, hint=hint)


async def passed_over(
    evaluator: RuleEvaluator, row: ReminderRow, plan: Plan, now: datetime
) -> tuple[Missed | None, Planned | None, datetime | None]:
    """Find what came due while a reminder was paused, as one stretch, what it waits for then.

    And when it next sends something.
    """
    missed, due = None, row.due
    following, fires_at = None, None
    while due is not None:
        judgement = await evaluator.pass_over(PassedOver(plan, due, now, PAUSED))
        missed = _joined(missed, next(iter(judgement.stretches), None))
        following, fires_at = judgement.next, judgement.fires_at
        due = following.position if following and following.at <= now else None
    return missed, following, fires_at


def _joined(one: Missed | None, later: Missed | None) -> Missed | None:
    if one is None or later is None:
        return one or later
    return replace(one, until=later.until, count=one.count + later.count)
