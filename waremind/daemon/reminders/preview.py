"""What `reminder next` lists: a stored reminder's times, or those of a rule that needs none."""

from collections.abc import Sequence
from datetime import datetime

from waremind.daemon.reminders.changes import get
from waremind.daemon.reminders.schedule import When, timing
from waremind.daemon.services import Services
from waremind.domain.recurrence import Occurrence, Recurrence
from waremind.domain.recurrence_explained import note, skips
from waremind.domain.recurrence_trial import Preview, Upcoming
from waremind.domain.wall_time import parse_instant, rfc3339
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Occurrence as OccurrenceObject
from waremind.requests.reminder import ReminderNext
from waremind.store.reminders import ReminderRow

MOST = 1_000
PAUSED = "paused: fires only after a resume"


async def preview(services: Services, request: ReminderNext) -> list[OccurrenceObject]:
    """List what will fire, or would. Raises WaremindError `invalid_input` or `not_found`."""
    _check(request)
    if request.reminder is None:
        return await _of_rule(services, request)
    async with services.database.connection() as connection:
        row = await get(connection, request.reminder)
    return await _of_reminder(services, request, row)


def _check(request: ReminderNext) -> None:
    rule = [part for part in (request.rrule, request.start, request.tz) if part is not None]
    if request.reminder is not None and rule:
        raise _refused("a reminder has its own rule", "leave out --rrule, --start and --tz")
    if request.reminder is None and request.rrule is None:
        hint = "name a reminder, or give --rrule, --start and --tz"
        raise _refused("neither a reminder nor a rule is given", hint)
    if not 1 <= request.count <= MOST:
        raise _refused(f"{request.count} is not a number of times", f"choose 1 to {MOST}")


def _refused(reason: str, hint: str) -> WaremindError:
    message = f"cannot list when it fires: {reason}"
    return WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)


async def _of_rule(services: Services, request: ReminderNext) -> list[OccurrenceObject]:
    when = When(None, request.rrule, request.start, request.tz)
    recurrence = timing(when, services.settings.default_tz).recurrence
    if request.from_ is None:
        question = Preview(recurrence, services.now(), request.count)
        found = await services.evaluator.admit(question)
    else:
        question = _from(request, recurrence)
        found = await services.evaluator.first(question)
    return _shown(request, recurrence, found, question.after)


async def _of_reminder(
    services: Services, request: ReminderNext, row: ReminderRow
) -> list[OccurrenceObject]:
    recurrence, now = row.recurrence, services.now()
    if request.from_ is not None:
        question = _from(request, recurrence, row.due)
    elif row.due is None:
        return []
    elif row.state == "paused":
        question = Preview(recurrence, now, request.count, since=row.due)
    else:
        question = Upcoming(recurrence, row.due, request.count)
    found = await services.evaluator.first(question)
    since = question.after if isinstance(question, Preview) else now
    standing = PAUSED if row.state == "paused" else None
    return _shown(request, recurrence, found, since, standing)


def _from(
    request: ReminderNext, recurrence: Recurrence, known: Occurrence | None = None
) -> Preview:
    since = parse_instant(request.from_ or "", recurrence.zone, flag="--from")
    return Preview(recurrence, since, request.count, inclusive=True, since=known)


def _shown(
    request: ReminderNext,
    recurrence: Recurrence,
    found: Sequence[Occurrence],
    since: datetime,
    standing: str | None = None,
) -> list[OccurrenceObject]:
    """Show times; a note says why they are not what the rule's words suggest."""
    befores = [since, *(occurrence.at for occurrence in found)]
    shown: list[OccurrenceObject] = []
    for before, occurrence in zip(befores, found, strict=False):
        texts = _explained(recurrence, before, occurrence) if request.explain else []
        notes = "; ".join(text for text in (standing, *texts) if text)
        shown.append(OccurrenceObject(rfc3339(occurrence.at, recurrence.zone), notes or None))
    return shown


def _explained(recurrence: Recurrence, before: datetime, occurrence: Occurrence) -> list[str]:
    """Explain an occurrence, and what was skipped between it and the one before."""
    texts = [skip.text for skip in skips(recurrence, before, occurrence.at)]
    if special := note(occurrence, recurrence.zone):
        texts.append(special.text)
    return texts
