"""What nodes need of their database: a clock like theirs, and that it keeps what it has committed.

All of it can be read by a role without any privilege.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from psycopg.rows import class_row

from waremind.store.database import Connection


async def clock_offset(connection: Connection, now: Callable[[], datetime]) -> timedelta:
    """Say by how much our clock is ahead of the server's, at least; negative: behind it.

    How long the question takes is not known better than that.
    """
    asked_at = now()
    cursor = await connection.execute("SELECT clock_timestamp()")
    (theirs,) = await cursor.fetchone() or (asked_at,)
    return max(asked_at - theirs, timedelta()) + min(now() - theirs, timedelta())


async def is_direct(connection: Connection) -> bool:
    """Tell whether a connection leads to the server itself: poolers number sessions anew."""
    cursor = await connection.execute("SELECT pg_backend_pid()")
    return await cursor.fetchone() == (connection.info.backend_pid,)


@dataclass(frozen=True, slots=True)
class Replication:
    """How many standbys a server has, and which of them a commit waits for; none where empty."""

    standbys: int
    synchronous: str

    @property
    def is_asynchronous(self) -> bool:
        """Whether a failover may lose what was committed."""
        return self.standbys > 0 and not self.synchronous


async def replication(connection: Connection) -> Replication:
    """Ask a server how it replicates. `synchronous_commit` is ours: see `pinned`."""
    async with connection.cursor(row_factory=class_row(Replication)) as cursor:
        await cursor.execute(
            """
            SELECT (SELECT count(*) FROM pg_stat_replication
                    WHERE application_name IS DISTINCT FROM 'pg_basebackup') AS standbys,
                   trim(current_setting('synchronous_standby_names')) AS synchronous
            """
        )
        return await cursor.fetchone() or Replication(0, "")


class Listed(NamedTuple):
    """An account, by id and label."""

    id: str
    label: str


async def without_node(connection: Connection) -> list[Listed]:
    """List the accounts that no node has."""
    query = "SELECT id, label FROM accounts WHERE node_id IS NULL ORDER BY label"
    return [Listed(*row) for row in await (await connection.execute(query)).fetchall()]


async def without_snapshot(connection: Connection) -> list[Listed]:
    """List the accounts of whose device nothing is kept for other nodes."""
    query = """
        SELECT id, label FROM accounts a WHERE linked_at IS NOT NULL AND device IS NOT NULL
        AND NOT EXISTS (SELECT FROM device_snapshots s
                        WHERE s.account_id = a.id AND s.device = a.device)
        ORDER BY label
    """
    return [Listed(*row) for row in await (await connection.execute(query)).fetchall()]


async def engines(connection: Connection) -> list[str]:
    """List the engines that wrote keys of devices."""
    query = "SELECT DISTINCT engine FROM device_snapshots"
    return [engine async for (engine,) in await connection.execute(query)]


class Written(NamedTuple):
    """An account, by id and label, the node that has it, and the engine that wrote its keys."""

    id: str
    label: str
    node: str | None
    engine: str


async def written_by(connection: Connection, engines: Sequence[str]) -> list[Written]:
    """List the accounts whose devices' keys were written by one of these engines."""
    query = """
        SELECT a.id, a.label, a.node_id, s.engine
        FROM accounts a JOIN device_snapshots s ON s.account_id = a.id AND s.device = a.device
        WHERE s.engine = ANY (%s) ORDER BY a.label
    """
    cursor = await connection.execute(query, [list(engines)])
    return [Written(*row) async for row in cursor]
