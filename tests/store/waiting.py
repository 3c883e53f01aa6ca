"""What waits for a lock in a database."""

from __future__ import annotations

from typing import Literal

from waremind.store.database import Connection


async def until_it_waits(connection: Connection, locktype: Literal["relation", "advisory"]) -> None:
    """Wait until somebody waits for a lock in this database: of a table, or an advisory one."""
    waiting = 0
    while not waiting:
        cursor = await connection.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE locktype = %s AND NOT granted AND datname = current_database()",
            [locktype],
        )
        ((waiting,),) = await cursor.fetchall()
