"""How many accounts each node of a cluster is to have: as equally many as can be.

An account that an operator has placed on a node is that node's; all others are shared out so that
the nodes come out level. Every node computes the same from the same rows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Count(NamedTuple):
    """How many accounts a node has (None: no node has them), placed on some node or (None) none."""

    node: str | None
    placed_on: str | None
    accounts: int


def shares(placed: Mapping[str, int], has: Mapping[str, int], loose: int) -> dict[str, int]:
    """Say how many of the `loose` accounts each node is to have; `placed` has every node.

    What cannot be shared out equally goes to who has more than the others already (`has`), so that
    nothing moves that need not.
    """
    nodes = sorted(placed, key=lambda node: (placed[node], node))
    level, extra = 0, 0
    while nodes:
        level, extra = divmod(loose + sum(placed[node] for node in nodes), len(nodes))
        if level >= placed[nodes[-1]]:
            break
        nodes.pop()  # it has more than its share of what is placed
    found = dict.fromkeys(placed, 0)
    nodes.sort(key=lambda node: (-has.get(node, 0), node))
    for place, node in enumerate(nodes):
        found[node] = level - placed[node] + (place < extra)
    return found


@dataclass(frozen=True, slots=True)
class Plan:
    """What a node is to do with accounts, by their number.

    It `takes` so many free ones of those that are placed nowhere, and `gives` so many away. Those
    are `expected` that are free and placed on it, and those `leave` that are placed on another one.
    The plan `is_settled` when no node of the cluster has anything to do; `able` nodes may have
    accounts.
    """

    takes: int
    expected: int
    gives: int
    leave: int
    is_settled: bool
    able: frozenset[str]


def plan(me: str, lively: Mapping[str, bool], counts: Iterable[Count]) -> Plan:
    """Plan what a node does; `lively` are the nodes that are not lost, and whether each drains.

    Where all of them drain none does: an account is always some node's.
    """
    able = frozenset(node for node, drains in lively.items() if not drains) or frozenset(lively)
    fixed, loose = Counter[str](), Counter[str | None]()
    total, expected, leave, is_placed = Counter[str](), 0, 0, True
    for node, placed_on, accounts in counts:
        owner = node if node in lively else None
        if owner in able:
            total[owner] += accounts
        if placed_on not in able:
            loose[owner] += accounts
            continue
        fixed[placed_on] += accounts
        is_placed &= owner == placed_on
        expected += accounts * (owner is None and placed_on == me)
        leave += accounts * (owner == me and placed_on != me)
    share = shares({node: fixed[node] for node in able}, total, loose.total())
    surplus = loose[me] - share.get(me, 0)
    return Plan(
        takes=min(max(0, -surplus), loose[None]),
        expected=expected,
        gives=max(0, surplus),
        leave=leave,
        is_settled=is_placed and {node: loose[node] for node in able} == share,
        able=able,
    )
