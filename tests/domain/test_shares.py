"""Accounts are shared out so that nodes come out level, and nothing moves that need not."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waremind.domain.shares import Count, Plan, plan, shares

NODES = ("a", "b", "c", "d")
numbers = st.integers(0, 40)


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


@given(
    st.dictionaries(st.sampled_from(NODES), st.booleans(), min_size=1),
    st.dictionaries(
        st.tuples(st.sampled_from([*NODES, "gone", None]), st.sampled_from([*NODES, "gone", None])),
        st.integers(1, 10),
    ),
)
def test_nodes_that_do_as_planned_come_to_rest_with_all_accounts_where_they_belong(
    lively: dict[str, bool], rows: dict[tuple[str | None, str | None], int]
) -> None:
    """Play the nodes in turn: each takes what is free for it, or gives away one."""
    accounts = [key for key, number in rows.items() for _ in range(number)]
    for _ in range(2 * len(accounts) + 2):
        for node in lively:
            accounts = done(node, lively, accounts)
    for node in lively:
        found = plan(node, lively, counted(accounts))
        assert found == Plan(0, 0, 0, 0, is_settled=True, able=found.able)
    able = plan("", lively, []).able
    assert {node for node, _ in accounts} <= able
    assert all(placed_on in {None, node} for node, placed_on in accounts if placed_on in able)


Account = tuple[str | None, str | None]


def counted(accounts: list[Account]) -> list[Count]:
    return [Count(*key, number) for key, number in Counter(accounts).items()]


def done(me: str, lively: dict[str, bool], accounts: list[Account]) -> list[Account]:
    found = plan(me, lively, counted(accounts))
    takes, gives = found.takes, 1
    after: list[Account] = []
    for node, placed_on in accounts:
        is_placed, is_free = placed_on in found.able, node not in lively
        if is_free and (placed_on == me if is_placed else takes > 0):
            takes -= not is_placed
            after.append((me, placed_on if placed_on == me else None))
        elif gives and node == me and (placed_on != me if is_placed else found.gives > 0):
            gives = 0
            after.append((None, None if placed_on == me else placed_on))
        else:
            after.append((node, placed_on))
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
    lively = dict.fromkeys("abc", False)
    plans = {node: plan(node, lively, counts) for node in lively}
    for node, number in expected.items():
        assert number in {plans[node].gives, plans[node].takes}
    assert not any(found.is_settled for found in plans.values())


def test_the_last_node_does_not_drain() -> None:
    counts = [Count("a", None, 3)]
    assert plan("a", {"a": True}, counts).is_settled
    assert plan("a", {"a": True, "b": True}, counts).gives == 1
    drained = plan("a", {"a": True, "b": False}, counts)
    assert (drained.gives, drained.able) == (3, {"b"})
