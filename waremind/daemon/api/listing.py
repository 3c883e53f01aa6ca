"""Results with a list of any length: read and written page by page, whoever reads them how slowly.

Each page is a statement of its own, which goes on after the last row of the one before. So a client
that does not read holds a page, and neither a connection to PostgreSQL nor a transaction.
"""

import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from waremind import protocol

R = TypeVar("R")

PAGE = 100  # rows: some ms of the event loop


@dataclass(frozen=True, slots=True)
class Listing:
    """A result object: the list `name`, and what `rest` gives once all of it was read."""

    name: str
    pages: AsyncIterator[Sequence[object]]
    rest: Callable[[], dict[str, Any]] = dict

    async def pieces(self, id: protocol.Id) -> AsyncGenerator[bytes]:  # noqa: A002 - the standard's word
        """Write the result as a line, in pieces; nothing comes before the first page was read."""
        before = protocol.begin_list(id, self.name)
        async for page in self.pages:
            if page:
                yield before + protocol.encode_rows(page)
                before = b","
        head = b"" if before == b"," else before
        yield head + protocol.end_list(self.rest())


async def shown_pages(
    read: Callable[[R | None, int], Awaitable[Sequence[R]]],
    show: Callable[[R], object],
    limit: int = 0,
) -> AsyncGenerator[list[object]]:
    """Read rows in pages, and show each."""
    async for rows in pages(read, limit):
        yield [show(row) for row in rows]


async def pages(
    read: Callable[[R | None, int], Awaitable[Sequence[R]]], limit: int = 0
) -> AsyncGenerator[Sequence[R]]:
    """Read rows in pages; `read` gives so many after a row (None: the first); 0 is all of them."""
    last, left = None, limit or math.inf
    while left:
        size = int(min(PAGE, left))
        rows = await read(last, size)
        yield rows
        if len(rows) < size:
            return
        last, left = rows[-1], left - size
