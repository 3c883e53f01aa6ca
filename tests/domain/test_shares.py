"""Accounts are shared out so that nodes come out level, and nothing moves that need not."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waremind.domain.engines import opens
from waremind.domain.shares import Candidate, Count, homes_of, is_stuck, plan, shares

NODES = ("a", "b", "c", "d")
numbers = st.integers(0, 40)
TAKES = Candidate(drains=False, engine="0.5.2")
DRAINS = Candidate(drains=True, engine="0.5.2")


@given(st.dictionaries(st.sampled_from(NODES), numbers, min_size=1), st.data(), numbers)
def test_all_are_shared_out_and_nobody_has_more_than_another_for_no_reason(
    placed: dict[str, int], data: st.DataObject, loose: int
) -> None:
    has = {node: data.draw(numbers) for node in placed}
    found = shares(placed, has, loose)
    assert found.keys() == placed.keys()
    assert sum(found.values()) == loose
    totals = {node: placed[node] + found[node] for node in placed}
    for node, share in found.items():
        assert share >= 0
        assert share == 0 or totals[node] <= min(totals.values()) + 1


@given(st.dictionaries(st.sampled_from(NODES), numbers, min_size=1), numbers)
def test_what_is_shared_out_stays_where_it_is(placed: dict[str, int], loose: int) -> None:
    found = shares(placed, {}, loose)
    assert shares(placed, {node: found[node] + placed[node] for node in placed}, loose) == found


def test_where_there_is_no_node_nothing_is_shared_out() -> None:
    assert shares({}, {}, 1) == {}


engines = st.sampled_from(["", "0.5.2", "0.10"])
candidates = st.builds(Candidate, st.booleans(), engines)
places = st.sampled_from([*NODES, "gone", None])


@settings(deadline=None)  # it plays on until all is at rest
@given(
    st.dictionaries(
        st.sampled_from(NODES), st.builds(Candidate, st.booleans(), engines), min_size=1
    ),
    st.dictionaries(st.tuples(places, places, engines), st.integers(1, 10)),
)
def test_nodes_that_do_as_planned_come_to_rest_with_all_accounts_where_they_belong(
    lively: dict[str, Candidate], rows: dict[tuple[str | None, str | None, str], int]
) -> None:
    """Play the nodes in turn: each takes what is free for it, or gives away one."""
    accounts = [key for key, number in rows.items() for _ in range(number)]
    for _ in range(2 * len(accounts) + 2):
        for node in lively:
            accounts = done(node, lively, accounts)
    for node in lively:
        found = plan(node, lively, counted(accounts))
        assert (found.takes, found.expected, found.gives, found.leave) == (0, 0, 0, 0)
        assert found.is_settled
    for node, placed_on, engine in accounts:
        homes = homes_of(engine, lively)
        assert node in homes or not homes
        assert placed_on in {None, node} or placed_on not in homes


@given(st.dictionaries(st.sampled_from(NODES), candidates), engines)
def test_what_is_stuck_stays_where_it_can_be_opened(
    lively: dict[str, Candidate], engine: str
) -> None:
    homes = homes_of(engine, lively)
    assert all(opens(lively[node].engine, engine) for node in homes)
    drained = all(lively[node].drains for node in homes)
    assert is_stuck(engine, lively) == (
        drained and not all(each.drains for each in lively.values())
    )


Account = tuple[str | None, str | None, str]


def counted(accounts: list[Account]) -> list[Count]:
    return [
        Count(node, placed_on, number, engine)
        for (node, placed_on, engine), number in Counter(accounts).items()
    ]


def done(me: str, lively: dict[str, Candidate], accounts: list[Account]) -> list[Account]:
    found = plan(me, lively, counted(accounts))
    takes = {part.homes: part.takes for part in found.parts}
    surplus = {part.homes: part.gives for part in found.parts}
    gives = 1
    after: list[Account] = []
    for node, placed_on, engine in accounts:
        homes = homes_of(engine, lively)
        is_placed, is_free = placed_on in homes, node not in lively
        if is_free and homes and (placed_on == me if is_placed else takes[homes] > 0):
            takes[homes] -= not is_placed
            after.append((me, placed_on if placed_on == me else None, engine))
        elif gives and node == me and homes and (placed_on != me if is_placed else surplus[homes]):
            gives = 0
            after.append((None, None if placed_on == me else placed_on, engine))
        else:
            after.append((node, placed_on, engine))
    return after


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([Count("a", None, 4), Count("b", None, 4)], {"c": 0, "a": 1, "b": 1}),
        ([Count("a", None, 2), Count("b", None, 1), Count(None, None, 1)], {"c": 1}),
        ([Count("a", "c", 1), Count("b", None, 1), Count("a", None, 1)], {}),
    ],
    ids=["a newcomer gets its part", "what is free is taken by who has less", "a move"],
)
def test_examples(counts: list[Count], expected: dict[str, int]) -> None:
    lively = dict.fromkeys("abc", TAKES)
    plans = {node: plan(node, lively, counts) for node in lively}
    for node, number in expected.items():
        assert number in {plans[node].gives, plans[node].takes}
    assert not any(found.is_settled for found in plans.values())


def test_the_last_node_does_not_drain() -> None:
    counts = [Count("a", None, 3)]
    assert plan("a", {"a": DRAINS}, counts).is_settled
    assert plan("a", {"a": DRAINS, "b": DRAINS}, counts).gives == 1
    drained = plan("a", {"a": DRAINS, "b": TAKES}, counts)
    assert [(part.gives, part.homes) for part in drained.parts] == [(3, {"b"})]


def test_what_a_newer_engine_wrote_is_shared_out_first_and_the_rest_evens_out() -> None:
    lively = {"new": Candidate(drains=False, engine="0.6.0"), "old": TAKES, "older": TAKES}
    counts = [Count("new", None, 2, "0.6.0"), Count("old", None, 4), Count(None, None, 1)]
    plans = {node: plan(node, lively, counts) for node in lively}
    assert {node: found.takes for node, found in plans.items()} == {"new": 0, "old": 0, "older": 1}
    assert {node: found.gives for node, found in plans.items()} == {"new": 0, "old": 1, "older": 0}
    lost = plan("old", {"old": TAKES, "older": TAKES}, counts)
    assert (lost.takes, lost.is_settled) == (0, False)
    rest = [Count("gone", None, 2, "0.6.0"), Count("old", None, 1), Count("older", None, 1)]
    assert plan("old", {"old": TAKES, "older": TAKES}, rest).is_settled


@pytest.mark.parametrize(
    ("engine", "written_by", "expected"),
    [
        ("0.5.2", "0.5.2", True),
        ("0.5.10", "0.5.9", True),
        ("0.5.2", "0.6", False),
        ("0.5.2.post1", "0.5.2", True),
        ("unknown", "0.5.2", False),
        ("unknown", "", True),
    ],
)
def test_an_engine_opens_what_no_newer_one_wrote(
    engine: str,
    written_by: str,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert opens(engine, written_by) is expected
