"""What an account is in the middle of when its node is lost goes on where the account goes."""

from __future__ import annotations

from cluster.node import SILENCE_SECONDS, Node
from cluster.sharing import four
from daemon_process import until
from delivery.stage import Stage
from whatsapp_server.harness import PlayedWhatsApp

from waremind.requests.account import AccountUnpair


def test_whoever_takes_accounts_finds_each_as_it_was_and_shows_no_qr(
    third: Node, played_whatsapp: PlayedWhatsApp, dsn: str
) -> None:
    with Node("first", played_whatsapp, dsn) as first:
        until(first.speaks, "the first node to speak")
        banned, restricted, unpairing, _ = four(first, played_whatsapp, dsn)
        played_whatsapp.ban(banned.phone, expire_seconds=3600)
        until_when = banned.wait("banned").banned_until
        restricted.behave(ack_error=463)
        restricted.remind()
        restricted.has("held")
        held_until = restricted.wait("connected", "restricted").restricted_until
        unpairing.behave(answer_logout=False)
        linked = begin_to_link(first, played_whatsapp, dsn)
        with first.tell(AccountUnpair(account=unpairing.label)):
            reach(unpairing, "unpairing")
            first.kill()
        played_whatsapp.behave(restart_after_pairing=True)
        third.start()
        until(lambda: third.has(linked.label), "the third node to have them", SILENCE_SECONDS)
        for stage in (banned, restricted, unpairing, linked):
            stage.daemon = third
        linked.wait("connected")
        unpairing.wait("unpaired")
        assert restricted.wait("connected", "restricted").restricted_until == held_until
        assert restricted.run().status == "held"
        assert banned.wait("banned").banned_until == until_when
        assert len(third.children()) == 2 + 1  # and one that was doing nothing special


def begin_to_link(node: Node, whatsapp: PlayedWhatsApp, dsn: str) -> Stage:
    """Have a phone scan a QR, and WhatsApp not send on who has linked."""
    stage = Stage(node, whatsapp, dsn, "linked", "628110000099")
    node.add(stage.label)
    whatsapp.user(stage.phone)
    whatsapp.behave(restart_after_pairing=False)
    with node.pairing(stage.label) as pairing:
        whatsapp.scan(pairing.qr(), stage.phone)
        reach(stage, "linked")
    return stage


def reach(stage: Stage, state: str) -> None:
    """Wait until the account is so far."""
    query = "SELECT state FROM accounts WHERE label = %s"
    until(lambda: stage.sql(query, stage.label) == [(state,)], f"{stage.label} to be {state}")
