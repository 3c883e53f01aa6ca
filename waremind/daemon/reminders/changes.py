"""Writes reminders as operators ask: each change guarded by the row's revision, and audited."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from msgspec import structs

from waremind.daemon.delivery.lead_time import wait_until_due
from waremind.daemon.reminders.content import Content
from waremind.daemon.reminders.schedule import SHOWN_NEXT, first_times, next_times
from waremind.daemon.rules.evaluator import RuleEvaluator
from waremind.daemon.services import Services
from waremind.daemon.system import audit
from waremind.domain.days_off import DaysOffCalendar
from waremind.domain.ids import COMPARED_AT_MOST, near_misses, new_id, shown, suggesting
from waremind.domain.plan import Plan
from waremind.domain.plan_options import BARE
from waremind.domain.planned import RECORDED, Planned
from waremind.domain.recurrence_trial import Named, Preview
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Operator
from waremind.store import accounts as accounts_table
from waremind.store import calendars as calendars_table
from waremind.store import deliveries as deliveries_table
from waremind.store import groups as groups_table
from waremind.store import plans as plans_table
from waremind.store import reminders as table
from waremind.store import runs as runs_table
from waremind.store.attachments import attaching
from waremind.store.database import Connection
from waremind.store.deliveries import ChangedDelivery
from waremind.store.groups import GroupRow
from waremind.store.plans import Plans
from waremind.store.reminder_row import ReminderRow, waiting_for
from waremind.store.runs import RunRow

# Between reading a reminder and writing it the scheduler may claim it; hardly ever twice.
ATTEMPTS = 10
T = TypeVar("T")
TARGET = "reminder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A reminder as it is or is to be, with its groups and its next times.

    `changed` names what an operator changes, `named` the occurrences that it is about, by their own
    local times; `skipped` is the run of what did not fire meanwhile, `skips_held` says that what is
    held of it is not to leave any more.
    """

    row: ReminderRow
    groups: Sequence[GroupRow]
    next: tuple[Planned, ...] = ()
    changed: tuple[str, ...] = ()
    named: tuple[datetime, ...] = ()
    skipped: RunRow | None = None
    skips_held: bool = False
    dropped: tuple[str, ...] = ()
    calendars: tuple[DaysOffCalendar, ...] | None = None  # None: those that it keeps stay


# Says what becomes of a reminder, from its row and groups; None: it is so already.
Redraft = Callable[[ReminderRow, Sequence[GroupRow]], Awaitable[Draft | None]]

# Writes a reminder as it was read; None when it has changed meanwhile.
Attempt = Callable[[ReminderRow], Awaitable[T | None]]

# Adds or updates a row; False when its name is taken, or it has changed meanwhile.
Save = Callable[[Connection, ReminderRow], Awaitable[bool]]


async def get(connection: Connection, key: str) -> ReminderRow:
    """Find a reminder by its id or name. Raises WaremindError `not_found`."""
    if row := await table.find(connection, key):
        return row
    raise absent(key, near_misses(key, await table.select_names(connection, COMPARED_AT_MOST)))


def absent(key: str, near: Iterable[str] = ()) -> WaremindError:
    """Say that there is no such reminder; `near` are names that come near."""
    message = f"cannot find reminder {shown(key)}: there is none with this id or name"
    hint = suggesting(map(shown, near), "waremind reminder list")
    return WaremindError(ErrorCode.NOT_FOUND, message, hint=hint)


async def drafted(services: Services, content: Content, late_by: timedelta) -> Draft:
    """Make a new reminder; `late_by` is how long ago its only time may be.

    Raises WaremindError `invalid_input` when it would never fire.
    """
    now = services.now()
    content, _ = await with_occurrences_only(services.evaluator, None, content)
    plan = content.plan(services.settings.quiet.hours)
    times = await first_times(services.evaluator, content.timing, plan, now, late_by)
    fields = {**_written(content), **waiting_for(*waited_for(times))}
    row = ReminderRow(id=new_id("rem"), state="active", created_at=now, **fields)
    return Draft(row=row, groups=content.groups, next=times, calendars=content.calendars)


async def redrafted(  # noqa: PLR0913 - the old and the new, and what both are judged by
    services: Services,
    row: ReminderRow,
    old: Content,
    new: Content,
    late_by: timedelta,
    *,
    may_end: bool = False,
) -> Draft:
    """Change a reminder; while its plan stays it waits for what it waited for.

    Raises WaremindError `invalid_input` when it would never fire, unless it `may_end`.
    """
    new, dropped = await with_occurrences_only(services.evaluator, old, new)
    draft = partial(
        Draft,
        groups=new.groups,
        calendars=new.calendars,
        changed=tuple(old.differing(new)),
        dropped=dropped,
    )
    row = replace(row, revision=row.revision + 1, **_written(new))
    plan = new.plan(services.settings.quiet.hours)
    if old.is_planned_as(new):
        times = await next_times(services.evaluator, row, plan)
        return draft(row=row, next=times)
    now = services.now()
    if old.timing == new.timing and row.next_at:
        # What is due already, and not claimed yet, stays due.
        question = Preview(plan, min(now, row.next_at), SHOWN_NEXT, inclusive=True)
        ask = services.evaluator.first if may_end else services.evaluator.admit
        times = await ask(question)
    else:
        times = await first_times(services.evaluator, new.timing, plan, now, late_by)
    following, fires_at = waited_for(times)
    goes_on = "paused" if row.state == "paused" else "active"
    state = goes_on if following else "finished"
    row = replace(row, state=state, too_slow_since=None, **waiting_for(following, fires_at))
    return draft(row=row, next=times)


async def with_occurrences_only(
    evaluator: RuleEvaluator, old: Content | None, new: Content
) -> tuple[Content, tuple[str, ...]]:
    """Drop exceptions that name no occurrence any more; returns sentences that say so.

    Raises WaremindError `invalid_input` when one that is newly given names none.
    """
    options, was = new.options, old.options if old else BARE
    moved = dict(options.moved)
    times = tuple(sorted({*options.excepted, *options.skipped, *moved}))
    if not times or (old and old.timing == new.timing and options == was):
        return new, ()
    found = await evaluator.named(Named(new.plan(None), times))
    gone = {own for own, one in zip(times, found, strict=True) if one is None}
    if wrong := next((own for own in options.excepted if own in gone - set(was.excepted)), None):
        message = f"cannot use --except {wrong:%Y-%m-%dT%H:%M:%S}: there is no occurrence then"
        hint = "name an occurrence by its own time: waremind reminder next"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)
    options = structs.replace(
        options,
        excepted=tuple(own for own in options.excepted if own not in gone),
        skipped=tuple(own for own in options.skipped if own not in gone),
        moved=tuple((own, to) for own, to in options.moved if own not in gone),
    )
    dropped = (
        f"what was said of {own:%Y-%m-%d %H:%M} is dropped: it is no occurrence any more"
        for own in sorted(gone)
    )
    return replace(new, options=options), tuple(dropped)


def waited_for(times: Sequence[Planned]) -> tuple[Planned | None, datetime | None]:
    """Return what a reminder waits for, to send it or to write down why not, and its next message.

    `times` are all that is planned from some instant on.
    """
    stored = (one for one in times if one.fires or one.fate in RECORDED)
    return next(stored, None), next((one.at for one in times if one.fires), None)


def _written(content: Content) -> dict[str, Any]:
    timing = content.timing
    return {
        "name": content.name,
        "account_id": content.account,
        "text": content.text,
        "rrule": timing.rrule,
        "at": timing.at,
        "start": timing.start,
        "zone": timing.zone,
        "misfire": content.misfire,
        "grace_seconds": content.grace_seconds,
        "mention_all": content.mention_all,
        "options": content.options,
        **attaching(content.attachment),
    }


async def plans_of(services: Services, row: ReminderRow) -> Plans:
    """Read what a stored reminder is planned by."""
    async with services.database.connection() as connection:
        return await plans_table.read(connection, [row], services.settings.quiet.hours)


async def plan_of(services: Services, row: ReminderRow) -> Plan:
    """Return what a stored reminder has planned."""
    return (await plans_of(services, row)).plan_of(row)


async def create(services: Services, draft: Draft, operator: Operator, action: str) -> Draft | None:
    """Write a new reminder; None when its name is taken."""
    return await _save(services, table.insert, draft, operator, action)


async def change(
    services: Services, key: str, redraft: Redraft, operator: Operator | None, action: str
) -> tuple[bool, Draft]:
    """Change a reminder; returns whether there was anything to change, and how it is now.

    Without an operator nothing is written. Raises WaremindError `not_found`, or `conflict` when
    others keep changing it.
    """

    async def attempt(row: ReminderRow) -> tuple[bool, Draft] | None:
        async with services.database.connection() as connection:
            groups = await groups_table.of_reminder(connection, row.id)
        draft = await redraft(row, groups)
        if draft is None:
            times = await next_times(services.evaluator, row, await plan_of(services, row))
            return False, Draft(row=row, groups=groups, next=times)
        if operator is None:
            return True, draft
        written = await _save(services, table.update, draft, operator, action)
        return (True, written) if written else None

    return await by_revision(services, key, attempt, waits=operator is not None)


async def by_revision(
    services: Services, key: str, attempt: Attempt[T], *, waits: bool = True
) -> T:
    """Try to write a reminder until nobody else has changed it since it was read.

    Who `waits` comes before an occurrence or after it: what was claimed ahead of its time leaves
    first. Raises WaremindError `not_found`, or `conflict` when others keep changing it.
    """
    for _ in range(ATTEMPTS):
        async with services.database.connection() as connection:
            row = await get(connection, key)
            leaves_at = await runs_table.last_leaves_at(connection, row.id) if waits else None
        if leaves_at:
            await wait_until_due(services.runtime.clock, leaves_at)
        if (done := await attempt(row)) is not None:
            return done
    message = f"cannot change reminder {shown(key)}: something else keeps changing it"
    raise WaremindError(ErrorCode.CONFLICT, message, hint="try again")


async def _save(
    services: Services, save: Save, draft: Draft, operator: Operator, action: str
) -> Draft | None:
    """Write the row and all that goes with it, or nothing when the row cannot be written."""
    async with services.database.transaction() as connection:
        await accounts_table.keep(connection, [draft.row.account_id])
        if not await save(connection, draft.row):
            return None
        skipped = await _skip_held(services, connection, draft)
        written = await _write(services, connection, draft, operator, action)
    services.changes.runs_changed(skipped)
    services.scheduler.wake()
    return written


async def _skip_held(
    services: Services, connection: Connection, draft: Draft
) -> list[ChangedDelivery]:
    if not draft.skips_held:
        return []
    return await deliveries_table.skip_held(connection, draft.row.id, services.now())


async def _write(
    services: Services, connection: Connection, draft: Draft, operator: Operator, action: str
) -> Draft:
    """Write what goes with the row."""
    row, jids = draft.row, [group.jid for group in draft.groups]
    ids = await groups_table.ensure(connection, row.account_id, jids)
    await table.set_groups(connection, row.id, ids)
    if draft.calendars is not None:
        await _keep(connection, row, draft.calendars)
    if draft.skipped:
        await runs_table.insert(connection, [draft.skipped])
    detail = {"changed": list(draft.changed)} if draft.changed else {}
    target = (TARGET, row.id, row.name)
    await audit.write(connection, services.now(), operator, action, target, **detail)
    return replace(draft, groups=await groups_table.of_reminder(connection, row.id))


async def _keep(
    connection: Connection, row: ReminderRow, calendars: Sequence[DaysOffCalendar]
) -> None:
    """Write which calendars a reminder keeps.

    Raises WaremindError `conflict` when these are not any more what it was computed from.
    """
    await calendars_table.set_of_reminder(connection, row.id, [each.name for each in calendars])
    kept = await calendars_table.of_reminders(connection, [row.id])
    if list(kept.get(row.id, ())) != list(calendars):
        message = f"cannot write reminder {shown(row.name)}: a calendar that it keeps has changed"
        raise WaremindError(ErrorCode.CONFLICT, message, hint="try again")
