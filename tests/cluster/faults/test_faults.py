"""What else may happen to a node; `make cluster` runs it, as each waits for a lease to end."""

from __future__ import annotations

import os
import signal

import pytest
from cluster.node import LEASE_SECONDS, SILENCE_SECONDS, Node, texts
from daemon_process import steady, until
from delivery.stage import Stage
from postgres_fixtures import own_server
from whatsapp_server.harness import PlayedWhatsApp

AWAY_SECONDS = float(os.environ.get("AWAY", str(2 * LEASE_SECONDS)))


@pytest.mark.parametrize("sessions", [True, False], ids=["machine", "daemon alone"])
def test_a_node_that_hangs_and_goes_on_gives_way(
    nodes: tuple[Node, Node], account: Stage, played_whatsapp: PlayedWhatsApp, *, sessions: bool
) -> None:
    first, second = nodes
    account.send("before")
    first.hang(sessions=sessions)
    until(lambda: second.has("ops"), "the second node to have it", SILENCE_SECONDS)
    account.daemon = second
    account.wait("connected")
    first.go_on()
    until(lambda: not first.has("ops"), "the first node to give way")
    account.send("after")
    assert texts(played_whatsapp) == {"before": 2, "after": 2}


def test_what_was_leaving_when_its_node_was_killed_is_unknown_and_not_sent_again(
    nodes: tuple[Node, Node], account: Stage, played_whatsapp: PlayedWhatsApp
) -> None:
    first, second = nodes
    played_whatsapp.behave(account.phone, ack_messages=False)
    account.remind(text="leaving", to=account.groups[:1])
    until(played_whatsapp.messages, "the message to leave")
    first.kill()
    played_whatsapp.behave(account.phone, ack_messages=True)
    until(lambda: second.has("ops"), "the second node to have it", SILENCE_SECONDS)
    account.daemon = second
    account.wait("connected")
    assert account.settled() == {"unknown": 1}
    account.send("after")
    assert texts(played_whatsapp) == {"leaving": 1, "after": 2}


def test_what_a_session_that_hangs_was_to_send_is_unknown_when_its_node_is_killed(
    nodes: tuple[Node, Node], account: Stage, played_whatsapp: PlayedWhatsApp
) -> None:
    first, second = nodes
    first.signal_child(account.wait("connected").id, signal.SIGSTOP)
    account.remind(text="leaving", to=account.groups[:1])
    account.has("sending")
    first.kill()
    until(lambda: not first.children(), "the session to go with its daemon")
    until(lambda: second.has("ops"), "the second node to have it", SILENCE_SECONDS)
    account.daemon = second
    account.wait("connected")
    assert account.settled() == {"unknown": 1}
    account.send("after")
    assert texts(played_whatsapp) == {"after": 2}


def test_an_outage_of_the_database_ends_no_session_and_makes_nobody_lost(
    played_whatsapp: PlayedWhatsApp,
) -> None:
    with own_server() as server:
        dsn = server.start()
        with (
            Node("first", played_whatsapp, dsn) as first,
            Node("second", played_whatsapp, dsn) as second,
        ):
            until(lambda: first.speaks() and second.speaks(), "the nodes to speak")
            leader, other = first, second
            account = Stage(leader, played_whatsapp, dsn, "ops", "628110000001")
            leader.add("ops")
            account.group()
            account.pair()
            session = leader.child(account.wait("connected").id)
            account.send("before")
            server.stop()
            steady(leader.process.poll, AWAY_SECONDS)
            server.start()
            until(leader.speaks, "the node to speak again", SILENCE_SECONDS)
            account.send("after")
            assert leader.child(account.wait("connected").id) == session
            assert not other.has("ops")
            assert texts(played_whatsapp) == {"before": 1, "after": 1}
