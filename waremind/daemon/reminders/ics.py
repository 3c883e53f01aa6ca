"""Reminders as events of an ICS file: read from one, and written as one."""

from collections.abc import Sequence
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from waremind.daemon.reminders.calendars import LONGEST_ICS
from waremind.daemon.reminders.changes import create, drafted, get, waited_for
from waremind.daemon.reminders.content import Content, content_of, valid_text
from waremind.daemon.reminders.group_lookup import groups_for
from waremind.daemon.reminders.options import check_size
from waremind.daemon.reminders.schedule import Timing
from waremind.daemon.rules.days import NoDays
from waremind.daemon.rules.events_read import FoundEvent, IcsEvents, LeftEvent
from waremind.daemon.rules.events_written import Exported as Written
from waremind.daemon.rules.events_written import IcsOf
from waremind.daemon.services import Services
from waremind.domain.ids import MAX_NAME, shown, valid_name
from waremind.domain.misfire import Misfire
from waremind.domain.plan_options import PlanOptions
from waremind.domain.rule_text import parse_rule
from waremind.domain.wall_time import choose_zone, instant_of, rfc3339
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Operator
from waremind.requests.core import checked
from waremind.requests.ics import Exported, Imported, NotTaken, ReminderExport, ReminderImport
from waremind.requests.ics import TakenEvent as Taken
from waremind.store import groups as groups_table
from waremind.store import plans as plans_table
from waremind.store import reminders as table
from waremind.store.accounts import AccountRow
from waremind.store.groups import GroupRow
from waremind.store.reminder_row import ReminderRow

MOST_TAKEN = 500
MOST_WRITTEN = 500
NEVER_LATE = timedelta(0)
# What one event may be refused for, while the others are taken.
_ITS_OWN = {ErrorCode.INVALID_INPUT, ErrorCode.ALREADY_EXISTS}


async def imported(
    services: Services, request: ReminderImport, operator: Operator | None
) -> Imported:
    """Add a file's events as reminders; without an operator nothing is written.

    Raises WaremindError, `invalid_input` too when none of them can be taken.
    """
    account = await services.accounts.row(request.account)
    events = await _events(services, request)
    async with services.database.connection() as connection:
        groups = await groups_for(connection, account, request.to)
    taken: list[Taken] = []
    left = [NotTaken(each.name, each.reason) for each in events if isinstance(each, LeftEvent)]
    warnings: list[str] = []
    for event, name in _named([each for each in events if isinstance(each, FoundEvent)]):
        try:
            content = _content(services, event, name, account, groups)
            taken.append(await _add(services, content, operator, request.method))
        except WaremindError as error:
            if error.code not in _ITS_OWN:
                raise
            left.append(NotTaken(event.name, f"{error.message}; {error.hint}"))
        else:
            warnings += [f"{name}: {note}" for note in event.notes]
    if not taken:
        which = "its event cannot" if len(left) == 1 else f"none of its {len(left)} events can"
        raise _refused(f"{which} be taken: {left[0].reason}", "change it, or name another file")
    changed = any(each.status == "added" for each in taken)
    return Imported(
        changed=changed, reminders=taken, not_taken=left, warnings=warnings, check=checked(request)
    )


async def _events(services: Services, request: ReminderImport) -> Sequence[FoundEvent | LeftEvent]:
    content = request.ics.encode()
    if len(content) > LONGEST_ICS:
        raise _refused(f"it is longer than {LONGEST_ICS} bytes", "leave out past events")
    default_tz = services.settings.default_tz or None
    has_zone = request.tz is not None or default_tz is not None
    zone = choose_zone(request.tz, default_tz).key if has_zone else None
    asked = IcsEvents(content, zone, _clock(request.all_day), request.alarms)
    found = await services.evaluator.events(asked)
    if found is None:
        raise _refused("reading it takes more than 5 s of CPU", "use a smaller file")
    if isinstance(found, NoDays):
        raise _refused(found.reason, found.hint)
    if len(found) > MOST_TAKEN:
        raise _refused(f"it has more than {MOST_TAKEN} events", "import it in parts")
    return found


def _clock(text: str | None) -> time | None:
    try:
        return time.fromisoformat(text).replace(tzinfo=None) if text else None
    except ValueError:
        reason = f"--all-day {shown(text or '')} is no time of a day"
        raise _refused(reason, "write it like --all-day 09:00") from None


def _named(events: Sequence[FoundEvent]) -> list[tuple[FoundEvent, str]]:
    """Name reminders as their events are called; of several with one name all but one by number."""
    names: dict[str, int] = {}
    found: list[tuple[FoundEvent, str]] = []
    for event in events:
        name = event.name[:MAX_NAME].strip().lstrip("-")
        names[name] = number = names.get(name, 0) + 1
        ending = f" {number}" if number > 1 else ""
        found.append((event, name[: MAX_NAME - len(ending)].strip() + ending))
    return found


def _content(
    services: Services,
    event: FoundEvent,
    name: str,
    account: AccountRow,
    groups: Sequence[GroupRow],
) -> Content:
    """Read what an event makes of a reminder. Raises WaremindError."""
    zone = choose_zone(event.zone, None)
    rule = event.rrule and str(parse_rule(event.rrule))
    # More times than one need a rule to be beside: that which names the first.
    if rule is None and event.also:
        rule = "FREQ=DAILY;COUNT=1"
    once = None if rule else instant_of(event.start, ZoneInfo(zone.key))
    options = PlanOptions(
        excepted=event.excepted, also=event.also, moved=event.moved, leads=event.leads[::-1]
    )
    check_size(options)
    return Content(
        name=valid_name(name, "a reminder"),
        account=account.id,
        to=tuple(group.jid for group in groups),
        groups=tuple(groups),
        text=valid_text(event.text, None),
        timing=Timing(rule, once, event.start, zone.key),
        misfire=Misfire.SKIP,
        grace_seconds=services.settings.delivery.grace_seconds,
        mention_all=False,
        options=options,
    )


async def _add(
    services: Services, content: Content, operator: Operator | None, action: str
) -> Taken:
    """Add a reminder, or find it so. Raises WaremindError."""
    async with services.database.connection() as connection:
        there = await table.find(connection, content.name)
        groups = await groups_table.of_reminder(connection, there.id) if there else []
    if there:
        if await content_of(services, there, groups) != content:
            raise table.taken(content.name)
        at = there.fires_at and rfc3339(there.fires_at, ZoneInfo(there.zone))
        return Taken(content.name, "unchanged", at)
    draft = await drafted(services, content, NEVER_LATE)
    if operator and await create(services, draft, operator, action) is None:
        raise table.taken(content.name)
    _, fires_at = waited_for(draft.next)
    return Taken(content.name, "added", fires_at and rfc3339(fires_at, ZoneInfo(draft.row.zone)))


async def exported(services: Services, request: ReminderExport) -> Exported:
    """Write reminders as one ICS file. Raises WaremindError."""
    async with services.database.connection() as connection:
        if request.reminders:
            rows = [await get(connection, each) for each in dict.fromkeys(request.reminders)]
        else:
            rows = await table.select(connection, None, "active", limit=MOST_WRITTEN + 1)
        plans = await plans_table.read(connection, rows, services.settings.quiet.hours)
    if len(rows) > MOST_WRITTEN:
        message = f"cannot export more than {MOST_WRITTEN} reminders at once"
        hint = "name some: waremind reminder export --ics REMINDER…"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)
    written = [Written(row.id, row.name, row.text, plans.plan_of(row), row.options) for row in rows]
    found = await services.evaluator.exported(IcsOf(tuple(written), services.now()))
    if found is None:
        message = "cannot export the reminders: writing them takes more than 10 s of CPU"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="name fewer of them")
    ics, notes = found
    left = [NotTaken(each.name, each.reason) for each in notes]
    return Exported(ics=ics, left_out=[*left, *filter(None, map(_unsaid, rows))])


def _unsaid(row: ReminderRow) -> NotTaken | None:
    """Say what of a reminder no event has; None: nothing of it is left out."""
    mentions = row.mention_all or bool(row.options.mention)
    parts = {
        f"its {row.media_kind}": row.media is not None,
        "whom it mentions": mentions,
        f"its misfire rule ({row.misfire})": row.misfire is not Misfire.SKIP,
        "its follow-up": row.options.follow_up is not None,
    }
    unsaid = [part for part, is_there in parts.items() if is_there]
    return NotTaken(row.name, f"not in the file: {', '.join(unsaid)}") if unsaid else None


def _refused(reason: str, hint: str) -> WaremindError:
    message = f"cannot import the file: {reason}"
    return WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)
