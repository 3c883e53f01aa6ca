"""Two nodes on one database, an account, and the WhatsApp of both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from cluster.node import Node
from daemon_process import until
from delivery.stage import Stage
from whatsapp_server.fixtures import played_whatsapp
from whatsapp_server.harness import PlayedWhatsApp

__all__ = ["played_whatsapp"]


@pytest.fixture
def nodes(dsn: str, played_whatsapp: PlayedWhatsApp) -> Iterator[tuple[Node, Node]]:
    """Run two nodes."""
    with ExitStack() as stack:
        first = stack.enter_context(Node("first", played_whatsapp, dsn))
        until(first.speaks, "the first node to speak")
        second = stack.enter_context(Node("second", played_whatsapp, dsn))
        until(second.speaks, "the second node to speak")
        yield first, second


@pytest.fixture
def account(nodes: tuple[Node, Node], dsn: str, played_whatsapp: PlayedWhatsApp) -> Stage:
    """Have an account with a group on the first node."""
    stage = Stage(nodes[0], played_whatsapp, dsn, "ops", "628110000001")
    nodes[0].add("ops")
    stage.group()
    stage.pair()
    stage.group()
    stage.sync()
    return stage


@pytest.fixture
def third(played_whatsapp: PlayedWhatsApp, dsn: str) -> Iterator[Node]:
    """Have a third node that is not started yet."""
    node = Node("third", played_whatsapp, dsn)
    yield node
    node.close()
