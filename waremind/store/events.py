"""The table `events`: what happened, written by triggers in the transaction that did it.

Ids are drawn in one order and committed in another: who has read one may have passed over a lower
one. `Horizon` says up to which id nothing can come any more.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg.rows import class_row

from waremind.store.database import Connection


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event; the ids are of what may be gone by now."""

    id: int
    at: datetime
    type: str
    account_id: str | None
    reminder_id: str | None
    run_id: str | None
    group_id: str | None
    data: dict[str, Any]


# Two statements: who draws an id before the first has its lock before the second looks for it.
_DRAWN = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM events_id_seq"
_WRITERS = """
    SELECT coalesce(array_agg(DISTINCT virtualtransaction) FILTER (
               WHERE mode = 'RowExclusiveLock' AND relation = 'events'::regclass
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),
           '{}'),
           pg_current_wal_insert_lsn() - '0/0', pg_current_wal_flush_lsn() - '0/0'
    FROM pg_locks
"""
# Writes next to nothing, so that its commit takes the log up to here to the disk.
_FLUSH = """
    UPDATE events_forgotten SET up_to = up_to
    WHERE set_config('synchronous_commit', 'on', true) IS NOT NULL
"""
_LAST = "SELECT coalesce(max(id), 0) FROM events"


@dataclass(slots=True)
class _Mark:
    """The highest id that was drawn, and what has to be over before all up to it are decided."""

    drawn: int
    writers: set[str]  # the transactions that may have drawn one of them
    written: int  # the bytes of the log until then


class Horizon:
    """Up to which id everything is decided: committed, on the disk and visible; or undone.

    Whoever draws an id has locked the table before, as any writer does, until the transaction ends
    and is visible. So when all that had this lock once the highest id was read are over, nothing
    can come below it. A transaction that does not wait for the disk counts when it is there: a
    failing machine could undo it. What is in the log without any commit, nobody may ever take to
    the disk: whatever was not there at the look before is flushed.
    """

    def __init__(self) -> None:
        self._marks: deque[_Mark] = deque()
        self.at = -1
        """The id; -1 before anything is decided."""

    async def look(self, connection: Connection) -> int:
        """Look how far it is now, and return it. The connection is in autocommit mode."""
        ((drawn,),) = await (await connection.execute(_DRAWN)).fetchall()
        ((writers, written, flushed),) = await (await connection.execute(_WRITERS)).fetchall()
        if drawn > (self._marks[-1].drawn if self._marks else self.at):
            self._marks.append(_Mark(drawn, set(writers), int(written)))
        elif self._marks and self._marks[0].written > flushed:
            await connection.execute(_FLUSH)
            flushed = self._marks[-1].written
        for mark in self._marks:
            mark.writers.intersection_update(writers)
        while self._marks and not self._marks[0].writers and self._marks[0].written <= flushed:
            self.at = self._marks.popleft().drawn
        return self.at


async def select(
    connection: Connection, after: int, until: int, types: Sequence[str], limit: int
) -> list[EventRow]:
    """Read events of these types, in order: those with ids above `after`, up to `until`."""
    async with connection.cursor(row_factory=class_row(EventRow)) as cursor:
        await cursor.execute(
            "SELECT id, at, type, account_id, reminder_id, run_id, group_id, data FROM events"
            " WHERE id > %s AND id <= %s AND type = ANY (%s) ORDER BY id LIMIT %s",
            [after, until, list(types), limit],
        )
        return await cursor.fetchall()


async def before(connection: Connection, at: datetime) -> int:
    """Say after which id the events since a moment come; with none yet, after all there are."""
    query = "SELECT id - 1 FROM events WHERE at >= %s ORDER BY at, id LIMIT 1"
    first = await _one(connection, query, at)
    return await last(connection) if first is None else first


async def last(connection: Connection) -> int:
    """Say which event is the last that can be seen; 0 when there is none."""
    return await _one(connection, _LAST)


async def forgotten(connection: Connection) -> int:
    """Say up to which id events were deleted as old."""
    return await _one(connection, "SELECT up_to FROM events_forgotten")


async def _one(connection: Connection, query: LiteralString, *values: object) -> Any:
    found = await (await connection.execute(query, values)).fetchone()
    return found[0] if found else None


async def delete_old(connection: Connection, days: int) -> int:
    """Delete events older than so many days by PostgreSQL's clock, which has dated them."""
    done = await connection.execute(
        """
        WITH gone AS (
            DELETE FROM events WHERE at < now() - %s * interval '1 day' RETURNING id
        ), noted AS (
            UPDATE events_forgotten SET up_to = greatest(up_to, (SELECT max(id) FROM gone))
        )
        SELECT FROM gone
        """,
        [days],
    )
    return done.rowcount
