"""What `reminder next` lists: a stored reminder's times, or those of a rule that needs none."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from waremind.daemon.reminders.changes import get, plans_of
from waremind.daemon.reminders.schedule import When, timing
from waremind.daemon.services import Services
from waremind.domain.fields import filled, person_of
from waremind.domain.mentions import Addresses
from waremind.domain.misfire import Misfire
from waremind.domain.plan import Plan, explained
from waremind.domain.plan_options import BARE, PlanOptions
from waremind.domain.planned import Fate, Planned, Position
from waremind.domain.quiet_hours import Lateness
from waremind.domain.recurrence_explained import skips
from waremind.domain.recurrence_trial import Preview, Upcoming
from waremind.domain.wall_time import parse_instant, rfc3339, wall_text
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Occurrence as OccurrenceObject
from waremind.requests.reminder import Occurrences, ReminderNext
from waremind.store.reminder_row import ReminderRow

MOST = 1_000
PAUSED = "paused: fires only after a resume"


async def preview(services: Services, request: ReminderNext) -> Occurrences:
    """List what will fire, or would. Raises WaremindError `invalid_input` or `not_found`."""
    _check(request)
    if request.reminder is None:
        return await _of_rule(services, request)
    async with services.database.connection() as connection:
        row = await get(connection, request.reminder)
    return await _of_reminder(services, request, row)


def _check(request: ReminderNext) -> None:
    when = _when(request)
    is_rule = bool(when.flags) or when.start is not None or when.tz is not None
    if request.reminder is not None and is_rule:
        raise _refused("a reminder has its own rule", "leave out --rrule, --start and --tz")
    if request.reminder is None and request.text:
        raise _refused("a rule has no text", "name a reminder, or leave out --text")
    if request.reminder is None and not when.flags:
        hint = "name a reminder, or give --rrule, --start and --tz"
        raise _refused("neither a reminder nor a rule is given", hint)
    if not 1 <= request.count <= MOST:
        raise _refused(f"{request.count} is not a number of times", f"choose 1 to {MOST}")


def _when(request: ReminderNext) -> When:
    return When(
        at=None,
        rrule=request.rrule,
        crontab=request.crontab,
        on_calendar=request.on_calendar,
        start=request.start,
        tz=request.tz,
    )


def _refused(reason: str, hint: str) -> WaremindError:
    message = f"cannot list when it fires: {reason}"
    return WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)


async def _of_rule(services: Services, request: ReminderNext) -> Occurrences:
    default_tz, now = services.settings.default_tz, services.now()
    recurrence = timing(_when(request), default_tz, now).recurrence
    # As a reminder of it would be that says nothing else.
    lateness = Lateness(timedelta(seconds=services.settings.delivery.grace_seconds), Misfire.SKIP)
    plan = Plan(recurrence, quiet=services.settings.quiet.hours, lateness=lateness)
    if request.from_ is None:
        question = Preview(plan, now, request.count)
        found = await services.evaluator.admit(question)
    else:
        question = _from(request, plan)
        found = await services.evaluator.first(question)
    return _Listing(request, plan, BARE).shown(found, question.after)


async def _of_reminder(services: Services, request: ReminderNext, row: ReminderRow) -> Occurrences:
    known, now = await plans_of(services, row), services.now()
    plan, addresses = known.plan_of(row), known.mentions.get(row.id, {})
    if request.from_ is not None:
        question = _from(request, plan, row.due)
    elif row.due is None:
        return Occurrences([])
    elif row.state == "paused":
        question = Preview(plan, now, request.count, since=row.due)
    else:
        question = Upcoming(plan, row.due, request.count)
    found = await services.evaluator.first(question)
    since = question.after if isinstance(question, Preview) else now
    standing = PAUSED if row.state == "paused" else None
    listing = _Listing(request, plan, row.options, row.text, standing, addresses)
    return listing.shown(found, since)


def _from(request: ReminderNext, plan: Plan, known: Position | None = None) -> Preview:
    since = parse_instant(request.from_ or "", plan.zone, flag="--from")
    return Preview(plan, since, request.count, inclusive=True, since=known)


@dataclass(frozen=True, slots=True)
class _Listing:
    """How messages are shown; a note says why they are not what the rule's words suggest."""

    request: ReminderNext
    plan: Plan
    options: PlanOptions
    text: str | None = None
    standing: str | None = None
    addresses: Addresses = field(default_factory=dict[str, Sequence[str]])

    def shown(self, found: Sequence[Planned], since: datetime) -> Occurrences:
        """Show messages, each with what was left out before it, and what comes to nothing after.

        What one message stands for beside its own is said of it.
        """
        if not self.request.explain:
            return Occurrences([self._message(one, ()) for one in found if one.fires])
        shown: list[tuple[Planned, list[str]]] = []
        left_out: list[str] = []
        notes = left_out
        before = since
        for one in found:
            if one.fires:
                gaps = [skip.text for skip in skips(self.plan.recurrence, before, one.at)]
                notes = [*gaps, *left_out]
                shown.append((one, notes))
                left_out, before = [], one.at
            elif one.fate is not Fate.MERGED:
                notes = left_out
            notes += [note.text for note in explained(one, self.plan.zone)]
        return Occurrences([self._message(one, notes) for one, notes in shown], left_out)

    def _message(self, one: Planned, notes: Sequence[str]) -> OccurrenceObject:
        said = [self.standing, *notes]
        zone, options = self.plan.zone, self.options
        wants_text = self.request.text and self.text is not None
        return OccurrenceObject(
            rfc3339(one.at, zone),
            "; ".join(text for text in said if text) or None,
            wall_text(one.nominal),
            one.number + 1 if self.plan.numbered else None,
            person_of(options, one),
            filled(self.text or "", options, one, zone, self.addresses).text
            if wants_text
            else None,
        )
