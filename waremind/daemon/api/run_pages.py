"""Runs with their deliveries, a page at a time: a run to a thousand groups is a page of its own."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import replace

from waremind.daemon.api.listing import pages
from waremind.daemon.delivery.views import runs_of
from waremind.objects import Run
from waremind.store import runs
from waremind.store.database import Database
from waremind.store.runs import SeenRun, Wanted

DELIVERIES = 500  # about so many are read at once


class RunPages:
    """The newest `limit` of the wanted runs (0: all); once read, whether more are `truncated`."""

    def __init__(self, database: Database, wanted: Wanted, limit: int) -> None:
        self._database = database
        self._wanted = wanted
        self._limit = limit
        self.truncated = False

    async def read(self) -> AsyncGenerator[list[Run]]:
        """Read them, newest first."""
        count, last = 0, None
        async for rows in pages(self._select, self._limit):
            for some in few_deliveries(rows):
                async with self._database.connection() as connection:
                    views = await runs_of(connection, some)
                yield views
                count, last = count + len(some), some[-1]
        if count == self._limit and last:
            self.truncated = bool(await self._select(last, 1))

    async def _select(self, last: SeenRun | None, size: int) -> list[SeenRun]:
        wanted = replace(self._wanted, before=last and last.number, limit=size)
        async with self._database.connection() as connection:
            return await runs.select(connection, wanted)


def few_deliveries(rows: Sequence[SeenRun]) -> Iterator[list[SeenRun]]:
    """Part runs, so that those of a part have few deliveries together, or it is only one."""
    part: list[SeenRun] = []
    for row in rows:
        if part and sum(each.deliveries for each in part) + row.deliveries > DELIVERIES:
            yield part
            part = []
        part.append(row)
    if part:
        yield part
