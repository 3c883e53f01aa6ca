"""What the pages say of the code is what the code says."""

from __future__ import annotations

import pytest
from docs.drawn import DOCS, DRAWN
from docs.protocol_page import MARK, reference

from waremind.requests.methods import REQUESTS


@pytest.mark.parametrize("name", DRAWN)
def test_a_page_is_as_the_code_is(name: str) -> None:
    page = (DOCS / name).read_text()
    assert page == DRAWN[name](page), "stale: make docs"


def test_the_reference_has_every_method_and_every_object_that_it_names() -> None:
    text = reference()
    assert all(f"\n### {method}\n" in text for method in REQUESTS)
    titles = {line.removeprefix("### ").lower() for line in text.splitlines() if "### " in line}
    named = {part.partition(")")[0] for part in text.split("](#")[1:]}
    assert named <= titles


def test_what_is_written_by_hand_stays_when_a_page_is_drawn_anew() -> None:
    page = DRAWN["protocol.md"](f"by hand\n{MARK}stale\n")
    assert page.startswith(f"by hand\n{MARK}\n## Methods\n")
    assert "stale" not in page
