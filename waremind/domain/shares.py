"""How many accounts each node of a cluster is to have: as equally many as can be.

An account that an operator has placed on a node is that node's; all others are shared out so that
the nodes come out level. An account is only on a node whose engine can open its keys. Every node
computes the same from the same rows.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from waremind.domain.engines import opens


class Candidate(NamedTuple):
    """A node that is not lost: whether it gives its accounts away, and its engine's version."""

    drains: bool
    engine: str


class Count(NamedTuple):
    """How many accounts a node has (None: no node has them), placed on some node or (None) none.

    Their keys were written by an `engine`; empty: any can open them.
    """

    node: str | None
    placed_on: str | None
    accounts: int
    engine: str = ""


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
class Part:
    """Accounts that are for the same nodes, `homes`, as these `engines` wrote their keys.

    A node `takes` so many free ones of those that are placed nowhere, and `gives` so many away.
    """

    homes: frozenset[str]
    engines: tuple[str, ...]
    takes: int = 0
    gives: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a node is to do with accounts, by their number.

    Those are `expected` that are free and placed on it, and those `leave` that are placed on
    another one. The plan `is_settled` when no node of the cluster has anything to do.
    """

    parts: tuple[Part, ...]
    expected: int
    leave: int
    is_settled: bool

    @property
    def takes(self) -> int:
        """How many free ones it takes in all."""
        return sum(part.takes for part in self.parts)

    @property
    def gives(self) -> int:
        """How many it gives away in all."""
        return sum(part.gives for part in self.parts)


def homes_of(engine: str, lively: Mapping[str, Candidate]) -> frozenset[str]:
    """Say which nodes may have accounts whose keys an engine wrote; none, if none can open them.

    Where all that can drain, they stay all the same: an account is some node's, if it can be.
    """
    able = frozenset(node for node, each in lively.items() if opens(each.engine, engine))
    return frozenset(node for node in able if not lively[node].drains) or able


def is_stuck(engine: str, lively: Mapping[str, Candidate]) -> bool:
    """Tell whether no node that takes accounts can open what an engine wrote, and others take."""
    takers = [each for each in lively.values() if not each.drains]
    return bool(takers) and not any(opens(each.engine, engine) for each in takers)


def plan(me: str, lively: Mapping[str, Candidate], counts: Iterable[Count]) -> Plan:
    """Plan what a node does; `lively` are the nodes that are not lost."""
    kinds = defaultdict[frozenset[str], set[str]](set)
    loose = defaultdict[frozenset[str], Counter[str | None]](Counter)
    level, expected, leave, is_settled = Counter[str](), 0, 0, True
    for node, placed_on, accounts, engine in counts:
        owner, homes = node if node in lively else None, homes_of(engine, lively)
        kinds[homes].add(engine)
        if placed_on not in homes:
            loose[homes][owner] += accounts
            continue
        level[placed_on] += accounts
        is_settled &= owner == placed_on
        expected += accounts * (owner is None and placed_on == me)
        leave += accounts * (owner == me and placed_on != me)
    parts: list[Part] = []
    # Those that few nodes can have come first; where none can, they stay as they are.
    for homes in sorted(filter(None, kinds), key=lambda homes: (len(homes), sorted(homes))):
        found = loose[homes]
        has = {node: level[node] + found[node] for node in homes}
        share = shares({node: level[node] for node in homes}, has, found.total())
        level.update(share)
        surplus = found[me] - share.get(me, 0)
        takes = min(max(0, -surplus), found[None])
        parts.append(Part(homes, tuple(sorted(kinds[homes])), takes, max(0, surplus)))
        is_settled &= {node: found[node] for node in homes} == share
    return Plan(tuple(parts), expected, leave, is_settled)
