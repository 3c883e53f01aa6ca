"""The tables `reminders` and `reminder_groups`: what fires, when next, and to which groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import msgspec
from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.sql import SQL

from waremind.domain.ids import parse_reference
from waremind.domain.plan_options import BARE
from waremind.domain.planned import Planned
from waremind.errors import ErrorCode, WaremindError
from waremind.store.columns import Columns
from waremind.store.database import Connection, as_json
from waremind.store.reminder_row import ReminderRow, waiting_for

_COLUMNS = Columns(ReminderRow)
_SELECT = SQL("SELECT {} FROM reminders ").format(_COLUMNS.names)
_INSERT = SQL("INSERT INTO reminders ({}) VALUES ({}) ON CONFLICT (name) DO NOTHING").format(
    _COLUMNS.names, _COLUMNS.placeholders
)
_UPDATE = SQL(
    "UPDATE reminders SET ({}) = ROW ({}) WHERE id = %(id)s AND revision = %(revision)s - 1"
).format(_COLUMNS.names, _COLUMNS.placeholders)


def _values(row: ReminderRow) -> dict[str, Any]:
    options = None if row.options == BARE else msgspec.json.encode(row.options).decode()
    return _COLUMNS.values(row) | {"options": options}


async def insert(connection: Connection, row: ReminderRow) -> bool:
    """Add a reminder; False when the name is taken."""
    return (await connection.execute(_INSERT, _values(row))).rowcount == 1


async def update(connection: Connection, row: ReminderRow) -> bool:
    """Write a reminder whose revision is one more than the stored; False when that moved on.

    Raises WaremindError `already_exists` when the name is taken.
    """
    try:
        return (await connection.execute(_UPDATE, _values(row))).rowcount == 1
    except UniqueViolation:
        raise taken(row.name) from None


def taken(name: str) -> WaremindError:
    """Say that the name is another reminder's."""
    message = f"cannot name the reminder {name!r}: another has this name"
    hint = "choose another name, or change that one: waremind reminder set"
    return WaremindError(ErrorCode.ALREADY_EXISTS, message, hint=hint)


async def count_runs(connection: Connection, reminder: str) -> int:
    """Count what would be deleted with a reminder."""
    query = "SELECT count(*) FROM runs WHERE reminder_id = %s"
    found = await (await connection.execute(query, [reminder])).fetchone()
    return found[0] if found else 0


async def lock(connection: Connection, row: ReminderRow) -> bool:
    """Let nobody else change a reminder until the transaction ends; False when it has changed."""
    query = "SELECT 1 FROM reminders WHERE id = %s AND revision = %s FOR UPDATE"
    return (await connection.execute(query, [row.id, row.revision])).rowcount == 1


async def delete(connection: Connection, reminder: str) -> None:
    """Delete a reminder that is locked and, by cascade, its runs."""
    await connection.execute("DELETE FROM reminders WHERE id = %s", [reminder])


async def select(
    connection: Connection,
    account: str | None = None,
    state: str | None = None,
    *,
    after: str | None = None,
    limit: int = 0,
) -> list[ReminderRow]:
    """Read reminders by name: of an account (its id), in a state, after a name; `limit` 0: all."""
    where = SQL(
        "WHERE (%(account)s::text IS NULL OR account_id = %(account)s)"
        " AND (%(state)s::text IS NULL OR state = %(state)s)"
        " AND name > coalesce(%(after)s::text, '') ORDER BY name LIMIT nullif(%(limit)s, 0)"
    )
    values = {"account": account, "state": state, "after": after, "limit": limit}
    async with connection.cursor(row_factory=class_row(ReminderRow)) as cursor:
        await cursor.execute(_SELECT + where, values)
        return await cursor.fetchall()


async def find(connection: Connection, key: str) -> ReminderRow | None:
    """Read the reminder with this id or name."""
    reference = parse_reference(key)
    where = SQL("WHERE id = %s") if reference.kind == "id" else SQL("WHERE name = %s")
    async with connection.cursor(row_factory=class_row(ReminderRow)) as cursor:
        await cursor.execute(_SELECT + where, [reference.text])
        return await cursor.fetchone()


async def select_names(connection: Connection, limit: int) -> list[str]:
    """Read what reminders are called."""
    query = "SELECT name FROM reminders ORDER BY name LIMIT %s"
    return [name for (name,) in await (await connection.execute(query, [limit])).fetchall()]


_TROUBLED = SQL(
    """
    WHERE id IN (
        (SELECT id FROM reminders
         WHERE state = 'active' AND account_id = ANY (%(accounts)s) LIMIT %(limit)s)
        UNION
        (SELECT id FROM reminders
         WHERE state = 'active' AND too_slow_since IS NOT NULL LIMIT %(limit)s)
        UNION
        (SELECT DISTINCT r.id FROM whatsapp_groups g
         CROSS JOIN LATERAL (  -- from the few groups to their reminders, however many others
             SELECT r.id FROM reminder_groups t JOIN reminders r ON r.id = t.reminder_id
             WHERE t.group_id = g.id AND r.state = 'active' LIMIT %(limit)s) r
         WHERE g.left_at IS NOT NULL OR g.synced_at IS NULL OR g.announce_only AND NOT g.admin
         LIMIT %(limit)s)
        UNION
        -- From one reminder to the next, however many runs each has had.
        (WITH RECURSIVE wrong (id) AS (
             SELECT min(alarm_of) FROM deliveries
             WHERE alarm_of IS NOT NULL AND (status = 'failed' OR status = 'unknown')
             UNION ALL
             SELECT (SELECT min(alarm_of) FROM deliveries
                     WHERE alarm_of > wrong.id AND (status = 'failed' OR status = 'unknown'))
             FROM wrong WHERE id IS NOT NULL
         )
         SELECT wrong.id FROM wrong CROSS JOIN LATERAL (
             SELECT id FROM runs WHERE reminder_id = wrong.id AND kind = 'regular'
             ORDER BY occurs_at DESC LIMIT 1) r
         WHERE EXISTS (SELECT 1 FROM deliveries d
                       WHERE d.run_id = r.id AND (d.status = 'failed' OR d.status = 'unknown'))
         LIMIT %(limit)s)
        UNION
        (WITH RECURSIVE silent (id) AS (
             (SELECT alarm_of FROM silent_since(%(silent_before)s)
              WHERE alarm_of IS NOT NULL ORDER BY alarm_of LIMIT 1)
             UNION ALL
             SELECT (SELECT alarm_of FROM silent_since(%(silent_before)s)
                     WHERE alarm_of > silent.id ORDER BY alarm_of LIMIT 1)
             FROM silent WHERE id IS NOT NULL
         )
         SELECT id FROM silent WHERE id IS NOT NULL LIMIT %(limit)s))
    ORDER BY name LIMIT %(limit)s
    """
)


async def select_troubled(
    connection: Connection, accounts: Sequence[str], silent_before: datetime, limit: int
) -> list[ReminderRow]:
    """Read reminders that may need a person: those of `accounts`, or for reasons of their own.

    What was sent before `silent_before` should have been received by somebody.
    """
    values = {"accounts": list(accounts), "silent_before": silent_before, "limit": limit}
    async with connection.cursor(row_factory=class_row(ReminderRow)) as cursor:
        await cursor.execute(_SELECT + _TROUBLED, values)
        return await cursor.fetchall()


_OURS = SQL(
    "AND EXISTS (SELECT FROM accounts a WHERE a.id = reminders.account_id AND a.node_id = %(node)s)"
)
_DUE = _SELECT + SQL(
    "WHERE state = 'active' AND too_slow_since IS NULL AND next_at <= %(now)s"
    " AND id <> ALL (%(without)s) {} ORDER BY next_at LIMIT %(limit)s"
).format(_OURS)
_NEXT_DUE = SQL(
    "SELECT next_at FROM reminders WHERE state = 'active' AND too_slow_since IS NULL"
    " AND next_at IS NOT NULL AND id <> ALL (%(without)s) {} ORDER BY next_at LIMIT 1"
).format(_OURS)


async def select_due(
    connection: Connection, node: str, now: datetime, limit: int, without: Sequence[str] = ()
) -> list[ReminderRow]:
    """Read the active reminders of a node's accounts that are due, the longest due first."""
    values = {"node": node, "now": now, "without": list(without), "limit": limit}
    async with connection.cursor(row_factory=class_row(ReminderRow)) as cursor:
        await cursor.execute(_DUE, values)
        return await cursor.fetchall()


@dataclass(frozen=True, slots=True)
class Upcoming:
    """Which reminder fires next, and when."""

    id: str
    name: str
    zone: str
    fires_at: datetime


async def select_next(connection: Connection) -> Upcoming | None:
    """Read which active reminder fires next."""
    # Looked for up to the first that waits to send, not to write down why it does not.
    query = """
        WITH active AS NOT MATERIALIZED (
            SELECT * FROM reminders WHERE state = 'active' AND too_slow_since IS NULL
        ), sending AS (
            SELECT next_at FROM active WHERE fires_at = next_at ORDER BY next_at LIMIT 1
        )
        SELECT id, name, zone, fires_at FROM active
        WHERE next_at <= coalesce((SELECT next_at FROM sending), 'infinity')
          AND fires_at IS NOT NULL
        ORDER BY fires_at, next_at LIMIT 1
    """
    async with connection.cursor(row_factory=class_row(Upcoming)) as cursor:
        return await (await cursor.execute(query)).fetchone()


async def next_due(
    connection: Connection, node: str, without: Sequence[str] = ()
) -> datetime | None:
    """Say when the next reminder of a node's accounts is due."""
    values = {"node": node, "without": list(without)}
    found = await (await connection.execute(_NEXT_DUE, values)).fetchone()
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Advance:
    """What a reminder at `revision` waits for from now on; None: nothing, it is finished."""

    id: str
    revision: int
    next_at: datetime | None = None
    next_nominal: datetime | None = None
    next_ordinal: int = 0
    next_number: int = 0
    next_lead_seconds: int = 0
    fires_at: datetime | None = None

    @classmethod
    def to(cls, row: ReminderRow, following: Planned | None, fires_at: datetime | None) -> Self:
        """Move a reminder, as it was read, on to an occurrence."""
        return cls(row.id, row.revision, **waiting_for(following, fires_at))


async def advance(connection: Connection, advances: Sequence[Advance]) -> set[str]:
    """Move active reminders on, where nobody has changed them meanwhile; returns which.

    Locks each row, and waits for whoever is changing it.
    """
    async with connection.cursor() as cursor:
        await cursor.execute(
            """
            UPDATE reminders r SET
                next_at = v.next_at, next_nominal = v.next_nominal, next_ordinal = v.next_ordinal,
                next_number = v.next_number, next_lead_seconds = v.next_lead_seconds,
                fires_at = v.fires_at,
                state = CASE WHEN v.next_at IS NULL THEN 'finished' ELSE r.state END,
                revision = r.revision + 1
            FROM json_to_recordset(%s) AS v (
                id text, revision bigint, next_at timestamptz, next_nominal timestamp,
                next_ordinal integer, next_number integer, next_lead_seconds integer,
                fires_at timestamptz)
            WHERE r.id = v.id AND r.revision = v.revision AND r.state = 'active'
            RETURNING r.id
            """,
            [as_json(advances)],
            prepare=True,
        )
        return {id_ for (id_,) in await cursor.fetchall()}


async def mark_too_slow(
    connection: Connection, reminder: str, revision: int, now: datetime
) -> None:
    """Set a reminder aside whose rule costs too much; changing it brings it back."""
    await connection.execute(
        "UPDATE reminders SET too_slow_since = %s, revision = revision + 1"
        " WHERE id = %s AND revision = %s",
        [now, reminder, revision],
    )


async def set_groups(connection: Connection, reminder: str, groups: Sequence[str]) -> None:
    """Write to which groups a reminder goes, in their order."""
    await connection.execute("DELETE FROM reminder_groups WHERE reminder_id = %s", [reminder])
    await connection.execute(
        "INSERT INTO reminder_groups (reminder_id, group_id, position)"
        " SELECT %s, group_id, position"
        " FROM unnest(%s::text[]) WITH ORDINALITY AS v (group_id, position)",
        [reminder, list(groups)],
    )
