"""A pooler between us and the server has to give each connection a session of its own."""

import asyncio
import contextlib
from typing import Any

import psycopg

from waremind.store.connector import open_connection
from waremind.store.refusals import refused
from waremind.store.sqlstates import SHARED

# A pooler that has no session left lets its clients wait, for minutes.
WAIT_SECONDS = 5.0


async def refuse_shared(connection: psycopg.AsyncConnection[Any], dsn: str) -> None:
    """Raise MisconfigurationError when other connections may get this one's session.

    A pooler tells process numbers of its own. One that shares gives its next client the session
    that was used last, which is ours; or takes turns, so that we get another one ourselves.
    """
    ours = await _session_of(connection)
    if ours == connection.info.backend_pid:
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(WAIT_SECONDS), await open_connection(dsn) as another:
            theirs = await _session_of(another)
            if theirs == ours or ours != await _session_of(connection):
                raise refused("cannot use the database", dsn, SHARED)


async def _session_of(connection: psycopg.AsyncConnection[Any]) -> int:
    """Ask the server for the process that serves a connection."""
    cursor = await connection.execute("SELECT pg_backend_pid()")
    row = await cursor.fetchone()
    return row[0] if row else 0
