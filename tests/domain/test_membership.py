"""Nodes with clocks of their own, stopped, cut off and resumed: no two ever act at one time.

Hypothesis plays the nodes and the database; time is one, and each node's clock is off by its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from waremind.domain.membership import MARGIN_SECONDS, Lease, Sign, Watch

LEASE = 8.0
LEASES = {"a": LEASE, "b": LEASE / 2, "c": 2 * LEASE}  # each node goes by its own


@dataclass
class Node:
    """A node as it is in its own memory; its round has come as far as `step`."""

    lease: Lease
    offset: float
    watch: Watch = field(default_factory=Watch)
    step: Literal["rests", "begun", "looked", "signed"] = "rests"
    began_at: float = 0.0


class Cluster(RuleBasedStateMachine):
    """The database: whose the accounts are, and each node's beat."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.nodes = {
            name: Node(Lease(seconds), 1000.0 * place)
            for place, (name, seconds) in enumerate(LEASES.items())
        }
        self.beats = dict.fromkeys(LEASES, 1)
        self.leader: str | None = None

    def clock(self, name: str) -> float:
        return self.now + self.nodes[name].offset

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 2.0, 5.0, LEASE]))
    def time_passes(self, seconds: float) -> None:
        """Let time pass, in which any node may be stopped."""
        self.now += seconds

    @rule(name=st.sampled_from(sorted(LEASES)))
    def a_round_goes_on(self, name: str) -> None:
        """Let a node begin a round, or go on with it, however late."""
        node = self.nodes[name]
        match node.step:
            case "rests":
                node.began_at, node.step = self.clock(name), "begun"
            case "begun":
                self.claim(name)
                node.step = "looked"
            case "looked":
                self.beats[name] += 1
                node.step = "signed"
            case "signed":
                self.renew(name)
                node.step = "rests"

    def claim(self, name: str) -> None:
        """Take the accounts if they are nobody's, or of a node that is lost."""
        node = self.nodes[name]
        others = {other: beat for other, beat in self.beats.items() if other != name}
        signs = {other: Sign(beat, LEASES[other]) for other, beat in others.items()}
        node.watch.see(signs, self.clock(name))
        lost = node.watch.lost(self.clock(name))
        if self.leader is None or lost.get(self.leader) == self.beats[self.leader]:
            self.leader = name

    def renew(self, name: str) -> None:
        """Act for the accounts if they are still its own after the sign was shown."""
        node = self.nodes[name]
        if self.leader == name:
            node.lease.renew(node.began_at)
        else:
            node.lease.end()

    @rule(name=st.sampled_from(sorted(LEASES)))
    def a_round_fails(self, name: str) -> None:
        """Cut a node off, whether what it wrote last has arrived or not."""
        self.nodes[name].watch.lose_sight()
        self.nodes[name].step = "rests"

    @rule()
    def another_server_is_promoted(self) -> None:
        """Cut all nodes off; a synchronous standby has all that was committed."""
        for name in self.nodes:
            self.a_round_fails(name)

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
    node, hasty = Node(Lease(LEASE), 0.0), Watch()
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
