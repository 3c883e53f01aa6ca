"""Packets between a node and PostgreSQL vanish, and nobody is told; and a PostgreSQL that hangs."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from cables import Cable, another_machine, needs_namespaces
from cluster.node import LEASE_SECONDS, SILENCE_SECONDS, Node, texts
from cluster.replicated import Server, dsn, single
from daemon_process import steady, until
from delivery.stage import Stage
from whatsapp_server.harness import PlayedWhatsApp

pytestmark = needs_namespaces
PHONE = "628110000001"


@pytest.fixture
def cables() -> Iterator[tuple[Server, Cable, Cable]]:
    """Have a PostgreSQL on another machine, with two cables to it."""
    with another_machine() as machine:
        if not machine:
            pytest.skip("no network namespaces here")
        with single(machine) as server:
            yield server, machine.cable(), machine.cable()


@pytest.fixture
def reached(
    cables: tuple[Server, Cable, Cable], played_whatsapp: PlayedWhatsApp
) -> Iterator[tuple[Node, Node]]:
    """Run two nodes, each with a cable of its own."""
    server, *both = cables
    with ExitStack() as stack:
        nodes = [
            stack.enter_context(Node(name, played_whatsapp, dsn(cable.host, server.port)))
            for name, cable in zip(("first", "second"), both, strict=True)
        ]
        for node in nodes:
            until(node.speaks, f"{node.name} to speak")
        yield nodes[0], nodes[1]


@pytest.fixture
def stage(reached: tuple[Node, Node], played_whatsapp: PlayedWhatsApp) -> Stage:
    """Have an account with a group on the first node."""
    stage = Stage(reached[0], played_whatsapp, "", "ops", PHONE)
    reached[0].add("ops")
    stage.group()
    stage.pair()
    return stage


def test_a_mute_session_that_is_cut_off_leaves_and_the_node_is_followed_and_gives_way(
    cables: tuple[Server, Cable, Cable],
    reached: tuple[Node, Node],
    stage: Stage,
    played_whatsapp: PlayedWhatsApp,
) -> None:
    (_, cable, _), (first, second) = cables, reached
    stage.send("before")
    # It is amid marking and writing: what it has sent to PostgreSQL stays unacknowledged.
    for number in range(20):
        stage.remind(text=f"leaving {number}")
    second.hang(sessions=False)
    cable.stop("there", "back")
    logins = played_whatsapp.state().connections
    steady(first.process.poll, LEASE_SECONDS)
    played_whatsapp.drop(PHONE)
    until(lambda: not first.children(), "the session to leave")
    steady(lambda: (played_whatsapp.state().connections, first.children()), LEASE_SECONDS / 2)
    # The engine comes back at once while it tells that it was cut off: that once, if at all.
    assert played_whatsapp.state().connections <= logins + 1
    second.go_on()
    stage.daemon = second
    until(lambda: second.has("ops"), "the second node to have it", 2 * SILENCE_SECONDS)
    stage.wait("connected")
    assert set(stage.settled()) <= {"sent", "unknown"}
    cable.heal()
    until(first.speaks, "the first node to be back", SILENCE_SECONDS + 30)
    assert second.has("ops")
    stage.send("after")
    seen = texts(played_whatsapp)
    assert set(seen.values()) == {1}
    assert seen["before"] == seen["after"] == 1


def test_a_database_that_hangs_for_longer_than_a_lease_ends_no_session_and_makes_nobody_lost(
    cables: tuple[Server, Cable, Cable],
    reached: tuple[Node, Node],
    stage: Stage,
    played_whatsapp: PlayedWhatsApp,
) -> None:
    (server, *_), (first, second) = cables, reached
    stage.send("before")
    session = first.child(first.show("ops").id)
    stage.remind(text="meanwhile")
    server.freeze(signal.SIGSTOP)
    try:
        steady(first.children, 2 * LEASE_SECONDS)
    finally:
        server.freeze(signal.SIGCONT)
    until(first.speaks, "the node to speak again", SILENCE_SECONDS + 30)
    until(second.speaks, "the other node to speak again", SILENCE_SECONDS + 30)
    stage.has("sent", 2)
    stage.send("after")
    assert first.child(first.show("ops").id) == session
    assert texts(played_whatsapp) == {"before": 1, "meanwhile": 1, "after": 1}
