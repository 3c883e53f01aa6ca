"""Three real daemons on one database share its accounts: one comes, two drain, one gets one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cluster.node import Node, texts
from cluster.sharing import four, lateness, load, shared
from daemon_process import until
from whatsapp_server.harness import PlayedWhatsApp

from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import AccountList, AccountMove
from waremind.requests.daemon import AuditList
from waremind.requests.node import NodeDrain, NodeList

LATE = timedelta(seconds=2)


def test_accounts_are_shared_moved_and_given_away_in_order_and_nothing_is_late_or_lost(
    nodes: tuple[Node, Node], third: Node, played_whatsapp: PlayedWhatsApp, dsn: str
) -> None:
    first, second = nodes
    stages = four(first, played_whatsapp, dsn)
    shared(first, {"first": 2, "second": 2})
    sent = [load(stage) for stage in stages]
    third.start()
    shared(third, {"first": 2, "second": 1, "third": 1}, {"first": 1, "second": 2, "third": 1})
    third.call(NodeDrain(node="second"))
    shared(third, {"first": 2, "third": 2})
    (one,) = (node for node in first.call(NodeList()).nodes if node.name == "second")
    assert (one.state, one.accounts) == ("draining", 0)
    refuse(second, AccountMove(account="one", node="second"), "node 'second' is draining")
    third.call(NodeDrain(node="first"))
    shared(third, {"third": 4})
    refuse(third, NodeDrain(), "no other node could take its accounts")
    first.call(NodeDrain(undo=True))
    shared(third, {"first": 2, "third": 2})
    label = next(each.label for each in first.call(AccountList()).accounts if each.node == "third")
    moved = first.call(AccountMove(account=label, node="first"))
    assert moved.changed
    until(lambda: first.has(label), "the account to go where it was put")
    shared(third, {"first": 2, "third": 2})
    assert first.has(label)
    assert not first.call(AccountMove(account=label, node="first")).changed
    assert [(entry.action, entry.node) for entry in first.call(AuditList(limit=4)).audit] == [
        ("account.move", "first"),
        ("node.undrain", "first"),
        ("node.drain", "third"),
        ("node.drain", "third"),
    ]
    for stage, ahead in zip(stages, sent, strict=True):
        stage.has("sent", ahead)
    late = {run.id: lateness(run) for stage in stages for run in stage.runs()}
    assert max(late.values()) < LATE, sorted(late.values())
    assert set(texts(played_whatsapp).values()) == {1}
    logs = "".join(node.log for node in (first, second, third))
    assert " ratchets=False" not in logs
    assert " outcome unknown" not in logs


def refuse(node: Node, request: AccountMove | NodeDrain, reason: str) -> None:
    with pytest.raises(WaremindError, match=reason) as refused:
        node.call(request)
    assert refused.value.code is ErrorCode.CONFLICT
