"""The keys that another node needs are torn in the database."""

from __future__ import annotations

import psycopg
from cluster.node import SILENCE_SECONDS, Node, texts
from daemon_process import until
from delivery.stage import Stage
from whatsapp_server.harness import PlayedWhatsApp

from waremind.requests.account import AccountMove

TEAR = "UPDATE device_snapshots SET store = substr(store, 1, length(store) / 2)"


def test_keys_that_are_torn_are_not_used_and_the_node_that_has_them_whole_goes_on(
    nodes: tuple[Node, Node], account: Stage, played_whatsapp: PlayedWhatsApp, dsn: str
) -> None:
    first, second = nodes
    account.send("before")
    first.kill()
    with psycopg.connect(dsn) as connection:
        connection.execute(TEAR)
    logins = played_whatsapp.state().connections
    until(lambda: second.has("ops"), "the second node to have it", SILENCE_SECONDS)
    account.daemon = second
    account.wait("disconnected", "crashed")
    until(lambda: "it is no snapshot, or not the whole of one" in second.log, "the reason")
    assert played_whatsapp.state().connections == logins
    first.start()
    first.call(AccountMove(account="ops", node="first"))
    until(lambda: first.has("ops"), "the first node to have it again", SILENCE_SECONDS)
    account.daemon = first
    account.wait("connected")
    account.send("after")
    assert texts(played_whatsapp) == {"before": 2, "after": 2}
