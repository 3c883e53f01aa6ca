"""Reminders as operators read them; times are in the reminder's own zone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from msgspec import structs

from waremind.daemon.delivery.views import media_file, runs_of
from waremind.daemon.reminders.attention import attention_of
from waremind.daemon.services import Services
from waremind.domain.fields import person_at
from waremind.domain.plan_options import PlanOptions
from waremind.domain.planned import Planned
from waremind.domain.rule import WEEKDAYS
from waremind.domain.wall_time import optional_rfc3339, rfc3339, wall_text
from waremind.objects import GroupName, Moved, Reminder, ReminderState, Run
from waremind.objects import Occurrence as OccurrenceObject
from waremind.store import calendars as calendars_table
from waremind.store import groups as groups_table
from waremind.store import runs as runs_table
from waremind.store import silence as silence_table
from waremind.store.accounts import AccountRow
from waremind.store.database import Connection
from waremind.store.groups import GroupRow
from waremind.store.reminder_row import ReminderRow
from waremind.store.silence import Silence


async def reminders_of(
    services: Services,
    connection: Connection,
    rows: Sequence[ReminderRow],
    groups: Mapping[str, Sequence[GroupRow]] | None = None,
) -> list[Reminder]:
    """Show reminders; `groups` of each are read unless they are given."""
    ids = [row.id for row in rows]
    if groups is None:
        groups = await groups_table.of_reminders(connection, ids)
    last = (await runs_table.last_of(connection, ids)).values()
    runs = {run.reminder_id: run for run in await runs_of(connection, list(last))}
    silences = await silence_table.of_reminders(connection, ids, services.silent_before())
    accounts = await services.accounts.known_of({row.account_id for row in rows}, connection)
    off = await calendars_table.names_of(connection, ids)
    shown = [
        reminder_of(
            row,
            accounts[row.account_id],
            groups.get(row.id, ()),
            runs.get(row.id),
            silences.get(row.id),
        )
        for row in rows
        if row.account_id in accounts  # deleted a moment ago, and the reminder with it
    ]
    return [structs.replace(each, off=off[each.id]) if each.id in off else each for each in shown]


def reminder_of(
    row: ReminderRow,
    account: AccountRow,
    groups: Sequence[GroupRow],
    last_run: Run | None,
    silence: Silence | None = None,
) -> Reminder:
    """Show a reminder; only an active one has a next time."""
    zone = ZoneInfo(row.zone)
    fires_at = row.fires_at if row.state == "active" and row.too_slow_since is None else None
    return Reminder(
        id=row.id,
        name=row.name,
        account=account.label,
        account_id=account.id,
        to=[GroupName(group.id, group.jid, group.name) for group in groups],
        text=row.text,
        at=optional_rfc3339(row.at, zone),
        rrule=row.rrule,
        # What the rule starts at also where the clock skips it: not the shifted time.
        start=None if row.at else row.start.replace(tzinfo=zone).isoformat(timespec="seconds"),
        tz=row.zone,
        misfire=row.misfire.value,
        grace_seconds=row.grace_seconds,
        mention_all=row.mention_all,
        state=cast("ReminderState", row.state),
        next_at=optional_rfc3339(fires_at, zone),
        last_run=last_run,
        attention=attention_of(row, account, groups, last_run, silence),
        media=media_file(row),
        **_bent(row.options),
        **_next_person(row, fires_at),
    )


def _next_person(row: ReminderRow, fires_at: datetime | None) -> dict[str, Any]:
    """Say whose it is; what comes first may be one that does not fire."""
    is_first = fires_at is not None and fires_at == row.next_at
    return {"next_turn": person_at(row.options, row.next_number) if is_first else None}


def _bent(options: PlanOptions) -> dict[str, Any]:
    """Show what bends the rule."""
    return {
        "except_": [wall_text(own) for own in options.excepted],
        "also": [wall_text(own) for own in options.also],
        "skipped": [wall_text(own) for own in options.skipped],
        "moved": [Moved(wall_text(own), wall_text(to)) for own, to in options.moved],
        "on_off": options.on_off.value,
        "workdays": [WEEKDAYS[day] for day in options.workdays],
        "before_seconds": list(options.leads),
        "quiet": options.quiet,
        "rotate": list(options.rotate),
        "rotate_skipped": options.rotate_skipped,
        "follow_up_seconds": options.follow_up,
        "unless_read_percent": options.unless_read,
        "fields": options.fields,
        "mention": list(options.mention),
        "until_day": options.until_day and options.until_day.isoformat(),
    }


def occurrences_of(found: Iterable[Planned], zone: str) -> tuple[OccurrenceObject, ...]:
    """Show when a reminder fires."""
    return tuple(OccurrenceObject(rfc3339(one.at, ZoneInfo(zone))) for one in found if one.fires)
