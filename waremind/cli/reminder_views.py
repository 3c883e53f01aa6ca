"""How reminders look to a person."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from waremind.cli.layout import Block, Paragraph, Prose, Record, Styled, Table
from waremind.cli.reminder_words import Calendars, sentence
from waremind.cli.views import attention, counted, group_names, status_style
from waremind.domain.duration import format_duration
from waremind.objects import Occurrence, Reminder
from waremind.requests import reminder as requests

EXAMPLES = """\b
Examples:
  waremind reminder add standup --account ops --to Team \\
    --rrule "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR" --start 2026-12-01T09:00 \\
    --tz Europe/Berlin --text "Stand-up in 5 minutes"
  waremind reminder add party --account ops --to Team --to Friends \\
    --at 2026-12-24T18:00 --tz Europe/Berlin --text-file party.txt
  waremind reminder add report --account ops --to Team \\
    --cron "0 16 * * fri" --tz Europe/Berlin --text "Report due"
"""
NEXT_EXAMPLES = """\b
Examples:
  waremind reminder next standup
  waremind reminder next --rrule "FREQ=MONTHLY;BYMONTHDAY=-1" \\
    --start 2026-12-01T09:00 --tz Europe/Berlin -n 3 --explain
"""


def table(result: requests.Reminders, calendars: Calendars) -> Iterator[Block]:
    """List reminders, the next time of each beside it, and when it fires at all."""
    header = ["NAME", "STATE", "NEXT", "ACCOUNT", "TO", "ID", "WHEN"]
    today = datetime.now(UTC).date()
    rows = [[*_row(each), sentence(each, calendars, today)] for each in result.reminders]
    flexible, optional = ["NAME", "TO", "WHEN"], ["WHEN", "ACCOUNT", "ID"]
    yield Table(header, rows, flexible=flexible, optional=optional)


def _row(reminder: Reminder) -> list[str | Styled]:
    return [
        reminder.name,
        Styled(reminder.state, status_style(reminder.state)),
        reminder.next_at or "-",
        reminder.account,
        group_names(reminder.to),
        reminder.id,
    ]


def record(result: requests.ReminderResult, calendars: Calendars) -> Iterator[Block]:
    """Show everything about a reminder; its text as it is sent."""
    reminder = result.reminder
    yield Record(
        [
            ("name", reminder.name),
            ("id", reminder.id),
            ("state", Styled(reminder.state, status_style(reminder.state))),
            ("account", reminder.account),
            ("to", group_names(reminder.to)),
            ("when", sentence(reminder, calendars, datetime.now(UTC).date())),
            ("next", reminder.next_at),
            ("at", reminder.at),
            ("rule", reminder.rrule),
            ("start", reminder.start),
            ("zone", reminder.tz),
            *_bent(reminder),
            ("too late", _misfire(reminder)),
            (
                "mentions",
                "every member" if reminder.mention_all else ", ".join(reminder.mention) or None,
            ),
            *((each.kind, each.name) for each in (reminder.media,) if each),
            ("last run", _last_run(reminder)),
        ]
    )
    if reminder.text:
        yield "text:"
        yield Paragraph(reminder.text)
    yield from attention(reminder.attention)


def _bent(reminder: Reminder) -> list[tuple[str, str | None]]:
    """Say in words what bends the rule; what does not is left out."""
    others = "" if reminder.on_off == "skip" else f", else the working day {reminder.on_off}"
    leads = (format_duration(timedelta(seconds=each)) for each in reminder.before_seconds)
    moves = (f"{each.own} to {each.to}" for each in reminder.moved)
    turns = ", ".join(reminder.rotate)
    return [
        ("except", ", ".join(reminder.except_) or None),
        ("also", ", ".join(reminder.also) or None),
        ("skipped", ", ".join(reminder.skipped) or None),
        ("moved", ", ".join(moves) or None),
        ("days off", ", ".join(reminder.off) + others if reminder.off else None),
        ("workdays", ", ".join(reminder.workdays) + others if reminder.workdays else None),
        ("ahead", ", ".join(leads) or None),
        ("quiet", reminder.quiet),
        ("follow-up", _follow_up(reminder)),
        ("turns", turns + (", also of those left out" if reminder.rotate_skipped else "") or None),
        ("counts to", reminder.until_day),
    ]


def _misfire(reminder: Reminder) -> str:
    grace = format_duration(timedelta(seconds=reminder.grace_seconds))
    return f"after {grace}, then {reminder.misfire}"


def _last_run(reminder: Reminder) -> Styled | None:
    run = reminder.last_run
    return run and Styled(f"{run.status} at {run.occurs_at} ({run.id})", status_style(run.status))


def times(result: requests.Occurrences) -> Iterator[Block]:
    """List messages, one a line, each with what is special about it."""
    for one in result.occurrences:
        said = "; ".join(text for text in (one.turn and f"turn: {one.turn}", one.note) if text)
        yield Prose(said, label=f"{one.at}  ") if said else one.at
        if one.text is not None:
            yield Paragraph(one.text)
    for reason in result.left_out:
        yield Prose(reason, label="then  ")


def _time(occurrence: Occurrence) -> str:
    return f"{occurrence.at}  {occurrence.note}" if occurrence.note else occurrence.at


def upcoming(result: requests.ReminderChanged) -> list[str]:
    """Say when a reminder fires next, for the person who has just written it."""
    return [f"next: {_time(occurrence)}" for occurrence in result.next]


def loss(result: requests.ReminderDeleted) -> str | None:
    """Say what goes with a reminder; None when there is no reminder."""
    lost = f" with {counted(result.runs, 'run')}" if result.runs else ""
    return lost if result.reminder else None


def _follow_up(reminder: Reminder) -> str | None:
    if not reminder.follow_up_seconds:
        return None
    after = format_duration(timedelta(seconds=reminder.follow_up_seconds))
    return f"after {after}, unless {reminder.unless_read_percent or 100} % have read it"
