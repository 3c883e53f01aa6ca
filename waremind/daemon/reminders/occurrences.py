"""Single occurrences as operators treat them: skipped, moved, and put back."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from msgspec import structs

from waremind.daemon.reminders.changes import Draft, plan_of, redrafted
from waremind.daemon.reminders.content import content_of
from waremind.daemon.reminders.options import check_size
from waremind.daemon.services import Services
from waremind.domain.ids import shown
from waremind.domain.plan import Plan
from waremind.domain.plan_options import PlanOptions
from waremind.domain.planned import Planned
from waremind.domain.quoting import quoted
from waremind.domain.recurrence_trial import Named, Preview
from waremind.domain.wall_time import instant_of, parse_instant, rfc3339, wall_of
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.plan import ReminderMove, ReminderSkip, ReminderUnskip
from waremind.store.groups import GroupRow
from waremind.store.reminder_row import ReminderRow

MOST_AT_ONCE = 100
FARTHEST = timedelta(days=366)

Options = Callable[[PlanOptions], PlanOptions]


async def skipped(
    services: Services, row: ReminderRow, groups: Sequence[GroupRow], request: ReminderSkip
) -> Draft | None:
    """Skip an occurrence, or the next ones; None: they are. Raises WaremindError."""
    plan = await plan_of(services, row)
    if request.at is None:
        own = await _next(services, plan, request.count)
    else:
        own = [(await _coming(services, row, plan, request.at, "skip")).nominal]

    def change(options: PlanOptions) -> PlanOptions:
        kept = tuple((each, to) for each, to in options.moved if each not in own)
        both = tuple(sorted({*options.skipped, *own}))
        return structs.replace(options, skipped=both, moved=kept)

    return await _with(services, row, groups, own, change)


async def unskipped(
    services: Services, row: ReminderRow, groups: Sequence[GroupRow], request: ReminderUnskip
) -> Draft | None:
    """Put an occurrence back where the plan has it; None: it is there. Raises WaremindError."""
    plan = await plan_of(services, row)
    own = (await _coming(services, row, plan, request.at, "put back")).nominal

    def change(options: PlanOptions) -> PlanOptions:
        kept = tuple((each, to) for each, to in options.moved if each != own)
        others = tuple(each for each in options.skipped if each != own)
        return structs.replace(options, skipped=others, moved=kept)

    return await _with(services, row, groups, [own], change)


async def moved(
    services: Services, row: ReminderRow, groups: Sequence[GroupRow], request: ReminderMove
) -> Draft | None:
    """Move an occurrence to another time; None: it is there. Raises WaremindError."""
    plan = await plan_of(services, row)
    own = (await _coming(services, row, plan, request.at, "move")).nominal
    at = parse_instant(request.to, plan.zone, flag="--to")
    to = wall_of(at, plan.zone).replace(fold=0)
    if at <= services.now():
        raise _refused("move", request.at, f"{rfc3339(at, plan.zone)} is past", "give a later --to")
    if abs(to - own) > FARTHEST:
        hint = "skip it, and add the other: waremind reminder edit --also WHEN"
        raise _refused("move", request.at, "that is more than a year away", hint)

    def change(options: PlanOptions) -> PlanOptions:
        moves = dict(options.moved) | {own: to}
        if to == own:
            del moves[own]
        others = tuple(each for each in options.skipped if each != own)
        return structs.replace(options, skipped=others, moved=tuple(sorted(moves.items())))

    return await _with(services, row, groups, [own], change)


async def _with(
    services: Services,
    row: ReminderRow,
    groups: Sequence[GroupRow],
    own: Sequence[datetime],
    change: Options,
) -> Draft | None:
    old = await content_of(services, row, groups)
    new = replace(old, options=change(old.options))
    if old == new:
        return None
    check_size(new.options)
    draft = await redrafted(services, row, old, new, timedelta(0), may_end=True)
    return replace(draft, named=tuple(own))


async def _coming(
    services: Services, row: ReminderRow, plan: Plan, text: str, verb: str
) -> Planned:
    """Find the occurrence with this own time, still to come. Raises WaremindError."""
    at = parse_instant(text, plan.zone, flag="WHEN")
    own = wall_of(at, plan.zone).replace(fold=0)
    # A time that the clock skips is named as the rule names it.
    if "T" in text and own.isoformat() != text and instant_of(_naive(text, own), plan.zone) == at:
        own = _naive(text, own)
    (found,) = await services.evaluator.named(Named(plan, (own,)))
    list_them = f"waremind reminder next {quoted(row.name)}"
    if found is None:
        near = await services.evaluator.first(Preview(plan, at - timedelta(days=1), 1))
        nearest = next((one.nominal for one in near if one.fires), None)
        hint = f"nearest: {nearest:%Y-%m-%dT%H:%M:%S}; {list_them}" if nearest else list_them
        raise _refused(verb, text, f"reminder {shown(row.name)} has no occurrence then", hint)
    to = dict(row.options.moved).get(found.nominal)
    if max(found.own_at, instant_of(to, plan.zone) if to else found.own_at) <= services.now():
        raise _refused(verb, text, "it is past", list_them)
    return found


def _naive(text: str, otherwise: datetime) -> datetime:
    read = datetime.fromisoformat(text.strip())
    return otherwise if read.tzinfo else read


async def _next(services: Services, plan: Plan, count: int) -> list[datetime]:
    """Return the own times of the next occurrences that fire. Raises WaremindError."""
    if not 1 <= count <= MOST_AT_ONCE:
        message = f"cannot skip {count} occurrences: it is not a number from 1 to {MOST_AT_ONCE}"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="write it like -n 1")
    messages = count * (1 + len(plan.leads))
    found = await services.evaluator.first(Preview(plan, services.now(), messages))
    own = list(dict.fromkeys(one.nominal for one in found if one.fires))
    if not own:
        message = "cannot skip the next occurrence: there is none"
        raise WaremindError(ErrorCode.CONFLICT, message, hint="waremind reminder list")
    return own[:count]


def _refused(verb: str, text: str, reason: str, hint: str) -> WaremindError:
    message = f"cannot {verb} the occurrence of {shown(text)}: {reason}"
    return WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)
