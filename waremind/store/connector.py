"""Opens connections, and learns the SQLSTATE when the server refuses one.

libpq passes on only the sentence, which may be in any language.
"""

import asyncio
import functools
import os
import re
import select
import time
from typing import Any

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn

from waremind.store.dsn import complete
from waremind.store.refusals import not_reached

ASK_SECONDS = 5.0
# How libpq's trace writes a refusal: … C "28P01" M "…" F "auth.c" L "334" R "auth_failed" …
# Poolers name no function; nor is it on the same line where there is a context.
_REFUSAL = re.compile(rb'ErrorResponse\t.*? C "(\w{5})"(?:.* R "(\w+)")?')
_UNDER_WAY = {
    int(pq.PollingStatus.READING): select.POLLIN,
    int(pq.PollingStatus.WRITING): select.POLLOUT,
}


async def open_connection(dsn: str) -> psycopg.AsyncConnection[Any]:
    """Open a connection in autocommit mode; raises WaremindError `database_unavailable`."""
    conninfo = complete(dsn)
    try:
        return await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
    except psycopg.OperationalError as error:
        # Without libpq's own object the server was not spoken to, or did not answer.
        asked = error.pgconn is not None and str(error)
        sqlstate = await asyncio.to_thread(_sqlstate, conninfo, asked) if asked else ""
        raise not_reached(dsn, error, sqlstate) from error


@functools.lru_cache(maxsize=8)
def _sqlstate(conninfo: str, _said: str) -> str:
    """Try once more to learn the code, and the server's function, that stand behind a sentence.

    Once for each sentence: with each trace, libpq keeps some memory for ever.
    """
    with os.fdopen(os.memfd_create("libpq"), "rb") as trace:
        connection = pq.PGconn.connect_start(conninfo.encode())
        try:
            connection.trace(trace.fileno())
            _poll(connection, time.monotonic() + ASK_SECONDS)
            connection.untrace()
        finally:
            connection.finish()
        trace.seek(0)
        traced = trace.read()
    found = _REFUSAL.findall(traced)
    return b" ".join(filter(None, found[-1])).decode() if found else ""


def _poll(connection: PGconn, until: float) -> None:
    """Connect until that is done or refused, or the time is over."""
    while (waits_for := _UNDER_WAY.get(connection.connect_poll())) and time.monotonic() < until:
        ready = select.poll()
        ready.register(connection.socket, waits_for)
        ready.poll(max(0, until - time.monotonic()) * 1000)
