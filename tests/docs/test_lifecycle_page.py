"""docs/lifecycle.md is drawn from the table."""

from __future__ import annotations

from docs.lifecycle_page import page

from waremind.domain.lifecycle import STATES, TABLE


def test_the_page_names_every_state_and_every_cause() -> None:
    text = page()
    assert all(f"\n| {state} |" in text for state in STATES)
    assert all(f"\n| {cause} |" in text for _, cause in TABLE)


def test_the_diagram_has_an_edge_wherever_the_status_can_change() -> None:
    edges = [line.split(":")[0].split() for line in page().splitlines() if " --> " in line]
    assert ["pending", "-->", "connected"] in edges
    assert ["unpaired", "-->", "connected"] not in edges
    assert ["connected", "-->", "pending"] not in edges
