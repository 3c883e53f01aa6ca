"""What needs a person: the one list that status, doctor, systemd's STATUS and exit codes go by.

A further need is a function in one of the two tables at the end, and its code, when it is the
daemon's own, a row of `SEVERITIES`.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta

from waremind.daemon.accounts.views import attention_of, frozen, is_restricted
from waremind.daemon.delivery.overdue import LATE, Overdue, select_overdue
from waremind.daemon.reminders.attention import ACCOUNT_TROUBLES, nobody_received
from waremind.daemon.reminders.views import reminders_of
from waremind.daemon.services import Services
from waremind.daemon.status.cluster_attention import cluster_attention
from waremind.daemon.status.daemon_attention import daemon_attention
from waremind.daemon.status.needs import need_of
from waremind.daemon.system.failures import Failure
from waremind.daemon.system.tasks import within
from waremind.domain.lifecycle import MEANINGS
from waremind.domain.quoting import quoted
from waremind.domain.wall_time import rfc3339
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Attention, Severity, StatusAttention
from waremind.store import calendars as calendars_table
from waremind.store import reminders as reminders_table
from waremind.store import runs as runs_table
from waremind.store import silence as silence_table
from waremind.store.accounts import AccountRow
from waremind.store.calendars import CalendarRow
from waremind.store.database import Connection
from waremind.store.health import ailment_of
from waremind.whatsapp.engine_age import read_engine

Needs = Sequence[StatusAttention]

# The daemon's own needs.
SEVERITIES: Mapping[str, Severity] = {
    "database_unavailable": "critical",
    "database_not_writable": "critical",
    "disk_full": "critical",
    "lock_lost": "critical",
    "internal": "critical",
    "overdue": "critical",
    "keys_left": "critical",
    "node_lost": "warning",
    "clock_off": "warning",
    "replication_asynchronous": "warning",
    "engine_old": "warning",
    "frozen": "warning",
}
# What the work that fails needs, where its database does not say more.
_FAILING = {
    ErrorCode.DATABASE_UNAVAILABLE: "database_unavailable",
    ErrorCode.CONFLICT: "lock_lost",
}
# A glance: who has more troubled reminders, or runs, than these lists them all.
MOST = 50
THAW = "waremind thaw"
LOOK_SECONDS = 1.0  # at a disk that may be far away
# PostgreSQL's next segment of its write-ahead log has to fit.
FULL_BYTES = 16 * 1024**2
NAMED = 3  # of those that are late
CALENDAR_ENDS = timedelta(days=60)  # so long ahead it is said


async def everything_frozen(services: Services) -> Needs:
    """Say that an operator has stopped everything."""
    freeze = services.holds.freeze_of(None)
    if freeze is None:
        return []
    return [need_of("daemon", None, None, frozen(freeze, "outgoing messages are", THAW))]


async def failing_work(services: Services) -> Needs:
    """Say what cannot be done for now; of several failures with one code, the oldest."""
    found: dict[str, Failure] = {}
    for failure in services.runtime.failures.failing():
        found.setdefault(_code_of(failure.error), failure)
    return [_failing(code, failure.error, failure.since) for code, failure in found.items()]


async def full_disk(services: Services) -> Needs:
    """Say that nothing more can be written where the state lies."""
    place = services.settings.state_dir
    try:
        room = await within(LOOK_SECONDS, asyncio.to_thread(os.statvfs, place))
    except (TimeoutError, OSError):  # the doctor says more
        return []
    if room.f_bavail * room.f_frsize >= FULL_BYTES:
        return []
    text = f"there is no room left at {place}"
    return [daemons("disk_full", services.now(), text, "make room there, then: waremind doctor")]


async def engine_and_keys(services: Services) -> Needs:
    """Say that the engine is old, or that keys were left."""
    await asyncio.to_thread(read_engine)
    return [need_of("daemon", None, None, need) for need in daemon_attention(services)]


async def accounts(services: Services) -> Needs:
    """Say what the accounts of this node need."""
    return _of_accounts(services, services.accounts.rows())


async def accounts_elsewhere(services: Services, connection: Connection) -> Needs:
    """Say what accounts of other nodes need."""
    return _of_accounts(services, await services.accounts.elsewhere(connection))


def _of_accounts(services: Services, rows: Sequence[AccountRow]) -> Needs:
    now, freeze_of = services.now(), services.holds.freeze_of
    return [
        need_of("account", row.id, row.label, need)
        for row in rows
        for need in attention_of(row, freeze_of(row.id), restricted=is_restricted(row, now))
    ]


async def overdue(services: Services, connection: Connection) -> Needs:
    """Say that something active is late by more than a minute, whatever the cause."""
    labels = {row.id: row.label for row in services.accounts.rows()}
    progress, now = services.sender.progress, services.now()
    return _overdue(await select_overdue(connection, progress, labels, now))


async def reminders(services: Services, connection: Connection) -> Needs:
    """Say which reminders cannot be sent, or were not."""
    states = await services.accounts.states(connection)
    silent = [
        account
        for state, accounts in states.items()
        if MEANINGS[state].status in ACCOUNT_TROUBLES
        for account in accounts
    ]
    troubled = await reminders_table.select_troubled(
        connection, silent, services.silent_before(), MOST + 1
    )
    shown = await reminders_of(services, connection, troubled[:MOST])
    found = [
        need_of("reminder", each.id, each.name, need) for each in shown for need in each.attention
    ]
    return found + _more(services, "reminder", len(troubled))


async def calendars(services: Services, connection: Connection) -> Needs:
    """Say which calendars that reminders keep end soon, or have ended."""
    before = (services.now() + CALENDAR_ENDS).date()
    ending = await calendars_table.select_ending(connection, before, MOST + 1)
    found = [need_of("calendar", each.id, each.name, _ending(each)) for each in ending[:MOST]]
    return found + _more(services, "calendar", len(ending))


async def sends(services: Services, connection: Connection) -> Needs:
    """Say of which messages of no reminder nobody can know whether they were sent."""
    runs = await runs_table.unknown_sends(connection, MOST + 1)
    found = [need_of("run", run, None, _unknown(run, since)) for run, since in runs[:MOST]]
    return found + _more(services, "run", len(runs))


async def received_by_nobody(services: Services, connection: Connection) -> Needs:
    """Say which messages of no reminder were accepted by WhatsApp, and reached nobody."""
    silences = await silence_table.of_others(connection, services.silent_before(), MOST + 1)
    found = [need_of("run", each.run_id, None, nobody_received(each)) for each in silences[:MOST]]
    return found + _more(services, "run", len(silences))


# The daemon's own needs come first.
FROM_MEMORY: tuple[Callable[[Services], Awaitable[Needs]], ...] = (
    everything_frozen,
    failing_work,
    full_disk,
    engine_and_keys,
    accounts,
)
FROM_DATABASE: tuple[Callable[[Services, Connection], Awaitable[Needs]], ...] = (
    accounts_elsewhere,
    overdue,
    reminders,
    calendars,
    sends,
    received_by_nobody,
    cluster_attention,
)


async def needs_in_memory(services: Services) -> list[StatusAttention]:
    """List what is known to need a person without asking the database."""
    return [need for source in FROM_MEMORY for need in await source(services)]


async def needs_in_database(services: Services, connection: Connection) -> list[StatusAttention]:
    """List what needs a person, as the database has it."""
    return [need for source in FROM_DATABASE for need in await source(services, connection)]


def needs_unseen(services: Services, error: WaremindError) -> list[StatusAttention]:
    """List what can be said while the database does not answer: so, and what is late for sure."""
    now = services.now()
    due = (("reminder", services.scheduler.next_at), ("message", services.sender.first_due()))
    late = [Overdue(f"a {what}", "", at) for what, at in due if at and now - at > LATE]
    return [_failing(_code_of(error), error, now), *_overdue(late)]


def daemons(code: str, since: datetime, text: str, fix: str) -> StatusAttention:
    """Make a need of the daemon's own."""
    need = Attention(code=code, severity=SEVERITIES[code], since=rfc3339(since), text=text, fix=fix)
    return need_of("daemon", None, None, need)


def _code_of(error: WaremindError) -> str:
    return ailment_of(error) or _FAILING.get(error.code, "internal")


def _failing(code: str, error: WaremindError, since: datetime) -> StatusAttention:
    return daemons(code, since, error.message, error.hint)


def _overdue(late: Sequence[Overdue]) -> list[StatusAttention]:
    if not late:
        return []
    since = min(each.since for each in late)
    names = [f"{each.kind} {quoted(each.name)}" if each.name else each.kind for each in late]
    more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
    text = f"nothing leaves of what is due: {', '.join(names[:NAMED] + more)}"
    return [
        daemons("overdue", since, text, "waremind run list --status scheduled; waremind doctor")
    ]


def _ending(calendar: CalendarRow) -> Attention:
    since = datetime.combine(calendar.ends_on, time(), UTC) - CALENDAR_ENDS
    file = "" if calendar.source == "country" else f" --{calendar.source} FILE"
    return Attention(
        code="calendar_ends",
        severity="warning",
        since=rfc3339(since),
        text=f"it knows no day off after {calendar.ends_on}, and reminders keep it",
        fix=f"waremind calendar refresh {quoted(calendar.name)}{file}",
    )


def _unknown(run: str, since: datetime) -> Attention:
    return Attention(
        code="send_unknown",
        severity="warning",
        since=rfc3339(since),
        text="nobody can know whether it was sent",
        fix=f"look at the phone, then: waremind run resolve {run} --as sent|failed",
    )


def _more(services: Services, what: str, count: int) -> list[StatusAttention]:
    if count <= MOST:
        return []
    need = Attention(
        code="more",
        severity="warning",
        since=rfc3339(services.now()),
        text=f"more than {MOST} {what}s need a person",
        fix=f"waremind {what} list",
    )
    return [need_of(what, None, None, need)]
