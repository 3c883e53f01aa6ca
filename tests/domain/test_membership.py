"""Nodes with clocks of their own, stopped, cut off and resumed: no two ever act at one time.

Hypothesis plays the nodes and the database; time is one, and each node's clock is off by its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from waremind.domain.membership import MARGIN_SECONDS, Lease, Sign, Watch

LEASE = 8.0
LEASES = {"a": LEASE, "b": LEASE / 2, "c": 2 * LEASE}  # each node goes by its own


@dataclass
class Node:
    """A node as it is in its own memory; what it has asked and not read yet is `answer`."""

    offset: float
    lease: Lease = field(default_factory=lambda: Lease(LEASE))
    watch: Watch = field(default_factory=Watch)
    asked_at: float | None = None


class Cluster(RuleBasedStateMachine):
    """The database: who leads, and each node's beat."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.nodes = {
            name: Node(1000.0 * place, Lease(LEASES[name])) for place, name in enumerate(LEASES)
        }
        self.beats = dict.fromkeys(LEASES, 1)
        self.leader: str | None = None
        self.acted: list[str] = []

    def clock(self, name: str) -> float:
        return self.now + self.nodes[name].offset

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 2.0, 5.0, LEASE]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(name=st.sampled_from(sorted(LEASES)))
    def a_node_sends_its_beat(self, name: str) -> None:
        self.nodes[name].asked_at = self.clock(name)

    @rule(
        name=st.sampled_from(sorted(LEASES)), is_answered=st.sampled_from([True, True, True, False])
    )
    def the_beat_arrives(self, name: str, is_answered: bool) -> None:  # noqa: FBT001 - hypothesis
        """Have a beat written, however late, and its answer read or lost."""
        node = self.nodes[name]
        if node.asked_at is None:
            return
        asked_at, node.asked_at = node.asked_at, None
        self.beats[name] += 1
        if not is_answered:
            node.watch.lose_sight()
        elif self.leader == name:
            node.lease.renew(asked_at)
        else:
            node.lease.end()
            self.look(name, asked_at)

    def look(self, name: str, asked_at: float) -> None:
        node, at = self.nodes[name], self.clock(name)
        others = {other: beat for other, beat in self.beats.items() if other != name}
        node.watch.see({other: Sign(beat, LEASES[other]) for other, beat in others.items()}, at)
        lost = node.watch.lost(at)
        if self.leader is None or lost.get(self.leader) == self.beats[self.leader]:
            self.leader = name
            node.lease.renew(asked_at)

    @precondition(lambda self: self.leader is not None)
    @rule()
    def the_leader_leaves(self) -> None:
        """End the leading node as an operator does: it first ends its own lease."""
        self.nodes[str(self.leader)].lease.end()
        self.leader = None

    @invariant()
    def at_most_one_acts(self) -> None:
        acting = [name for name in LEASES if self.nodes[name].lease.holds(self.clock(name))]
        assert len(acting) <= 1, acting


TestCluster: Any = Cluster.TestCase
TestCluster.settings = settings(max_examples=100, stateful_step_count=60, deadline=None)


def test_the_machine_finds_a_watch_that_is_hasty() -> None:
    node, hasty = Node(0.0), Watch()
    node.lease.renew(0.0)
    hasty.see({"a": Sign(2, LEASE - 2 * MARGIN_SECONDS)}, 0.0)
    assert hasty.lost(6.5) == {"a": 2}
    assert node.lease.holds(6.5)


def test_a_node_is_lost_after_a_whole_lease_without_a_beat_and_no_sooner() -> None:
    watch = Watch()
    watch.see({"a": Sign(1, LEASE)}, 100.0)
    watch.see({"a": Sign(1, LEASE)}, 107.9)
    assert watch.lost(107.9) == {}
    watch.see({"a": Sign(1, LEASE)}, 108.0)
    assert watch.lost(108.0) == {"a": 1}
    watch.see({"a": Sign(2, LEASE)}, 109.0)
    assert watch.lost(116.0) == {}
    watch.lose_sight()
    watch.see({"a": Sign(2, LEASE)}, 120.0)
    assert watch.lost(120.0) == {}


def test_a_node_is_mute_for_the_last_part_of_its_lease() -> None:
    watch = Watch()
    watch.see({"a": Sign(1, LEASE), "b": Sign(1, 2 * LEASE)}, 100.0)
    assert watch.mute(106.9) == set()
    assert watch.mute(107.0) == {"a"}


def test_a_lease_counts_from_before_the_sign_was_sent_and_never_goes_back() -> None:
    lease = Lease(LEASE)
    assert not lease.holds(0.0)
    lease.renew(10.0)
    lease.renew(5.0)
    assert lease.holds(16.9)
    assert not lease.holds(17.0)
    lease.end()
    assert not lease.holds(10.0)
