"""Two real daemons on one database and one account: who has it until that one is lost."""

from __future__ import annotations

import time

from cluster.node import SILENCE_SECONDS, Node, texts
from daemon_process import DaemonProcess, environment, until
from delivery.stage import Stage
from whatsapp_server.harness import PlayedWhatsApp

from waremind.requests.daemon import AuditList, Status
from waremind.requests.run import RunShow


def test_a_node_that_is_killed_is_followed_without_a_qr_and_nothing_comes_twice(
    nodes: tuple[Node, Node], account: Stage, played_whatsapp: PlayedWhatsApp, dsn: str
) -> None:
    first, second = nodes
    before = account.send("before")
    assert not second.has("ops")
    began = time.monotonic()
    first.kill()
    until(lambda: second.has("ops"), "the second node to have it", SILENCE_SECONDS)
    account.daemon = second
    account.wait("connected")
    assert time.monotonic() - began < SILENCE_SECONDS
    assert account.send("after").node == "second"
    assert texts(played_whatsapp) == {"before": 2, "after": 2}
    assert [need.code for need in second.call(Status()).attention if need.kind == "daemon"] == [
        "node_lost"
    ]
    refuse_single(played_whatsapp, dsn)
    first.start()
    assert not first.has("ops")
    assert [(node.name, node.state) for node in second.call(Status()).nodes] == [
        ("first", "speaking"),
        ("second", "speaking"),
    ]
    # What is ended in order goes over with all its keys.
    second.stop()
    until(lambda: first.has("ops"), "the first node to have it again", SILENCE_SECONDS)
    account.daemon = first
    account.wait("connected")
    assert "ratchets=True" in first.log
    assert "ratchets=False" not in first.log
    account.send("back")
    assert first.call(RunShow(run=before.id)).run.node == "first"  # it is another one by now
    assert [entry.node for entry in first.call(AuditList(limit=3)).audit] == [
        *("first", "second", "first"),
    ]
    assert texts(played_whatsapp)["back"] == 2


def refuse_single(whatsapp: PlayedWhatsApp, dsn: str) -> None:
    """Start a daemon that is no node: it has to be refused beside a cluster."""
    single = DaemonProcess(environment(whatsapp, dsn))
    single.launch()
    assert single.process.wait(30) != 0
    assert "another daemon does" in single.log
    single.close()
