"""Lists of any length: page by page, and the same document as in one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

import pytest

from waremind.daemon.api.listing import PAGE, Listing, pages
from waremind.daemon.api.run_pages import DELIVERIES, few_deliveries
from waremind.store.runs import SeenRun


class Table:
    """Rows 1, 2, 3 …, and how they were asked for."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.asked: list[tuple[int | None, int]] = []

    async def read(self, last: int | None, size: int) -> list[int]:
        self.asked.append((last, size))
        first = (last or 0) + 1
        return list(range(first, min(first + size, self._number + 1)))


async def document(listing: Listing) -> dict[str, Any]:
    line = b"".join([piece async for piece in listing.pieces(7)])
    assert line.endswith(b"\n")
    return json.loads(line)


@pytest.mark.parametrize("number", [0, 1, PAGE - 1, PAGE, PAGE + 1, 5 * PAGE])
async def test_a_list_is_one_document_however_many_pages_it_has(number: int) -> None:
    listing = Listing("rows", pages(Table(number).read), lambda: {"truncated": False})
    assert await document(listing) == {
        "jsonrpc": "2.0",
        "id": 7,
        "result": {"rows": list(range(1, number + 1)), "truncated": False},
    }


async def test_no_more_is_read_than_is_asked_for() -> None:
    table = Table(1_000_000)
    found = [row async for page in pages(table.read, PAGE + 5) for row in page]
    assert found == list(range(1, PAGE + 6))
    assert table.asked == [(None, PAGE), (PAGE, 5)]


async def test_what_fails_before_the_first_page_has_written_nothing() -> None:
    async def fail(_last: int | None, _size: int) -> list[int]:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        await anext(Listing("rows", pages(fail)).pieces(7))


@dataclass
class Row:
    """A run, as far as it matters here."""

    deliveries: int


def test_a_run_to_many_groups_is_a_page_of_its_own() -> None:
    rows = [Row(1), Row(DELIVERIES), Row(DELIVERIES * 2), Row(1), Row(1)]
    parts = list(few_deliveries(cast("list[SeenRun]", rows)))
    assert [len(part) for part in parts] == [1, 1, 1, 2]
    assert [row for part in parts for row in part] == rows
