"""The table `runs`: one row an occurrence, or a stretch of them that did not fire."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from psycopg.rows import class_row
from psycopg.sql import SQL

from waremind.domain.media import MediaKind
from waremind.domain.misfire import Misfire
from waremind.objects import RunKind
from waremind.store.columns import Columns
from waremind.store.database import Connection, as_json


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run as it is written; `outcome`, `until` and `reason` are those of a stretch."""

    id: str
    reminder_id: str | None
    account_id: str
    occurs_at: datetime
    zone: str
    text: str
    mention_all: bool
    give_up_at: datetime
    grace_seconds: int
    misfire: Misfire
    created_at: datetime
    until: datetime | None = None
    count: int = 1
    outcome: str | None = None
    reason: str | None = None
    key: str | None = None
    kind: RunKind = "regular"
    follow_up_at: datetime | None = None
    unless_read_percent: int | None = None
    follows: str | None = None
    media: str | None = None
    media_kind: MediaKind | None = None
    media_name: str | None = None
    mentions: Sequence[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "misfire", Misfire(self.misfire))


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRun(RunRow):
    """A run as it is read: with the names of its account and reminder, and how it stands."""

    account: str
    reminder: str | None
    number: int
    status: str
    started_at: datetime | None
    finished_at: datetime | None
    deliveries: int


# A run's status is its deliveries' first of these.
STATUSES = (
    "sending",
    "scheduled",
    "revoking",
    "held",
    "unknown",
    "failed",
    "missed",
    "skipped",
    "sent",
    "revoked",
)

# Of all but these there are few: they are found by indexes, and these by going through the newest.
_MOST = "sent"

_COLUMNS = Columns(RunRow)
_INSERT = SQL(
    "INSERT INTO runs ({names}) SELECT {names} FROM json_populate_recordset(NULL::runs, %s)"
    " ON CONFLICT (reminder_id, occurs_at) DO NOTHING RETURNING id"
).format(names=_COLUMNS.names)


async def insert(connection: Connection, runs: Sequence[RunRow]) -> set[str]:
    """Add runs; returns which. An occurrence that has a run already never gets a second."""
    cursor = await connection.execute(_INSERT, [as_json(runs)], prepare=True)
    return {id_ async for (id_,) in cursor}


_SELECT = SQL(
    """
    SELECT {}, a.label AS account, m.name AS reminder, r.number,
           coalesce(d.status, r.outcome, 'missed') AS status,
           d.started_at, d.finished_at, d.deliveries
    FROM runs r
    JOIN accounts a ON a.id = r.account_id
    LEFT JOIN reminders m ON m.id = r.reminder_id
    LEFT JOIN LATERAL (
        SELECT (%(statuses)s::text[])[min(array_position(%(statuses)s::text[], status))] AS status,
               min(started_at) AS started_at, count(*) AS deliveries,
               CASE WHEN bool_and(finished_at IS NOT NULL) THEN max(finished_at) END AS finished_at
        FROM deliveries WHERE run_id = r.id
    ) d ON true
    """
).format(_COLUMNS.of("r"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which runs to read: ids, a status, only those before a number, `limit` at most (0: all)."""

    run: str | None = None
    reminder: str | None = None
    account: str | None = None
    status: str | None = None
    since: datetime | None = None
    before: int | None = None
    limit: int = 0


async def select(connection: Connection, wanted: Wanted) -> list[SeenRun]:
    """Read runs, newest first."""
    where = SQL(
        """
        WHERE (%(run)s::text IS NULL OR r.id = %(run)s)
          AND (%(reminder)s::text IS NULL OR r.reminder_id = %(reminder)s)
          AND (%(account)s::text IS NULL OR r.account_id = %(account)s)
          AND (%(since)s::timestamptz IS NULL OR r.occurs_at >= %(since)s)
          AND (%(status)s::text IS NULL
               OR coalesce(d.status, r.outcome, 'missed') = %(status)s)
          AND r.number < coalesce(%(before)s::bigint, 9223372036854775807)
        """
    )
    if wanted.status not in {None, _MOST}:
        # Written out, as the index of one status is not for a status that may be any.
        of_status = SQL(
            " AND r.id IN (SELECT run_id FROM deliveries WHERE status = {0}"
            " UNION ALL SELECT id FROM runs WHERE outcome = {0})"
        )
        where += of_status.format(wanted.status)
    newest = SQL(" ORDER BY r.number DESC LIMIT nullif(%(limit)s, 0)")
    values = {**asdict(wanted), "statuses": list(STATUSES)}
    async with connection.cursor(row_factory=class_row(SeenRun)) as cursor:
        await cursor.execute(_SELECT + where + newest, values)
        return await cursor.fetchall()


async def last_leaves_at(connection: Connection, reminder: str) -> datetime | None:
    """Say when the last of what was claimed or marked of a reminder leaves, or was to leave."""
    query = """
        SELECT greatest(
            (SELECT max(occurs_at) FROM runs WHERE reminder_id = %(reminder)s),
            (SELECT max(d.started_at) FROM deliveries d JOIN runs r ON r.id = d.run_id
             WHERE r.reminder_id = %(reminder)s AND d.status = 'sending'))
    """
    found = await (await connection.execute(query, {"reminder": reminder})).fetchone()
    return found[0] if found else None


async def last_of(connection: Connection, reminders: Sequence[str]) -> dict[str, SeenRun]:
    """Read the newest run of each reminder; a rehearsal is none of its own."""
    where = SQL(
        """
        WHERE r.number IN (
            SELECT n.number FROM unnest(%(reminders)s::text[]) AS v (id)
            CROSS JOIN LATERAL (
                SELECT number FROM runs WHERE reminder_id = v.id AND kind = 'regular'
                ORDER BY occurs_at DESC LIMIT 1
            ) n)
        """
    )
    values = {"statuses": list(STATUSES), "reminders": list(reminders)}
    async with connection.cursor(row_factory=class_row(SeenRun)) as cursor:
        await cursor.execute(_SELECT + where, values)
        return {run.reminder_id: run for run in await cursor.fetchall() if run.reminder_id}


async def unknown_sends(connection: Connection, limit: int) -> list[tuple[str, datetime]]:
    """Read which messages of no reminder have an unknown outcome, and since when, oldest first."""
    query = """
        WITH RECURSIVE unknown (run_id, since, seen) AS (
            (SELECT run_id, finished_at, ARRAY[run_id] FROM deliveries
             WHERE alarm_of IS NULL AND status = 'unknown' ORDER BY finished_at LIMIT 1)
            UNION ALL
            SELECT n.run_id, n.finished_at, u.seen || n.run_id
            FROM unknown u CROSS JOIN LATERAL (
                SELECT run_id, finished_at FROM deliveries
                WHERE alarm_of IS NULL AND status = 'unknown' AND finished_at >= u.since
                  AND run_id <> ALL (u.seen)
                ORDER BY finished_at LIMIT 1
            ) n
            WHERE cardinality(u.seen) < %s
        )
        SELECT run_id, since FROM unknown ORDER BY since
    """
    return await (await connection.execute(query, [limit])).fetchall()


async def with_key(connection: Connection, account: str, key: str, since: datetime) -> str | None:
    """Find the account's run with an operator's key, made since then; an older one gives it up.

    Waits for whoever is making one with this key at the same moment.
    """
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{account} {key}"]
    )
    await connection.execute(
        "UPDATE runs SET key = NULL WHERE account_id = %s AND key = %s AND created_at < %s",
        [account, key, since],
    )
    query = "SELECT id FROM runs WHERE account_id = %s AND key = %s"
    found = await (await connection.execute(query, [account, key])).fetchone()
    return found[0] if found else None


async def delete_before(connection: Connection, before: datetime) -> int:
    """Delete old runs of which nothing is still to come."""
    done = await connection.execute(
        """
        DELETE FROM runs r WHERE created_at < %s AND NOT EXISTS (
            SELECT 1 FROM deliveries d WHERE d.run_id = r.id
            AND d.status IN ('scheduled', 'sending', 'held', 'unknown', 'revoking'))
        """,
        [before],
    )
    return done.rowcount
