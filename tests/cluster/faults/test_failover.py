"""A PostgreSQL of yours fails over to its standby: nothing is sent twice, and no session ends."""

from __future__ import annotations

from cluster.node import Node, texts
from cluster.replicated import dsn, replicated
from daemon_process import until
from delivery.stage import Stage, moment
from whatsapp_server.harness import PlayedWhatsApp

from waremind.requests.daemon import Doctor, Status
from waremind.requests.run import RunList

PHONE = "628110000001"
ACK_SECONDS = 10.0  # longer than a failover takes here


def connected(node: Node, whatsapp: PlayedWhatsApp) -> Stage:
    """Have an account with two groups."""
    until(node.speaks, "the node to speak")
    stage = Stage(node, whatsapp, "", "ops", PHONE)
    node.add("ops")
    stage.group()
    stage.group()
    stage.pair()
    return stage


def test_what_a_standby_that_was_behind_has_lost_is_written_again_before_anything_is_sent(
    played_whatsapp: PlayedWhatsApp,
) -> None:
    with replicated() as servers:
        way = servers.way()
        with Node("first", played_whatsapp, dsn(way.host, way.port)) as node:
            account = connected(node, played_whatsapp)
            assert "replication_asynchronous" in needs(node)
            lost = account.remind(text="lost", at=moment(seconds=4))
            leaving = account.remind(text="leaving", to=account.groups[:1], at=moment(seconds=6))
            servers.detach()
            until(lambda: status(node, lost.id) == "sent", "all to be sent")
            played_whatsapp.behave(account.phone, ack_delay=ACK_SECONDS)
            until(lambda: texts(played_whatsapp)["leaving"], "the message to leave")
            session = node.child(account.wait("connected").id)
            servers.fail_over()
            until(lambda: status(node, lost.id) == "sent", "the history to be there again")
            until(lambda: status(node, leaving.id) == "sending", "what is leaving to be known")
            until(lambda: status(node, leaving.id) == "sent", "its end to be known")
            played_whatsapp.behave(account.phone, ack_delay=0)
            account.send("after")
            assert texts(played_whatsapp) == {"lost": 2, "leaving": 1, "after": 2}
            assert node.child(account.wait("connected").id) == session


def test_a_synchronous_standby_that_is_promoted_has_all_and_no_session_ends(
    played_whatsapp: PlayedWhatsApp,
) -> None:
    with replicated() as servers:
        servers.wait_for_standby()
        way = servers.way()
        with Node("first", played_whatsapp, dsn(way.host, way.port)) as node:
            account = connected(node, played_whatsapp)
            checks = {each.check: each.text for each in node.call(Doctor()).checks}
            assert checks["replication"] == "commits wait for a standby: standby"
            assert "replication_asynchronous" not in needs(node)
            session = node.child(account.wait("connected").id)
            account.send("before")
            servers.fail_over()
            until(node.speaks, "the node to speak again")
            account.send("after")
            assert texts(played_whatsapp) == {"before": 2, "after": 2}
            assert node.child(account.wait("connected").id) == session
            assert "had lost" not in node.log


def status(node: Node, reminder: str) -> str | None:
    """Say how the only run of a reminder stands, while that can be said."""
    runs = [run for run in node.call(RunList()).runs if run.reminder_id == reminder]
    assert len(runs) <= 1
    return runs[0].status if runs else None


def needs(node: Node) -> set[str]:
    return {need.code for need in node.call(Status()).attention}
