"""Three nodes start at once on accounts that nobody has: each is one node's, whatever comes.

The accounts are not paired: 300 sessions are more than a small machine can open.
"""

from __future__ import annotations

import re
from collections import Counter

import psycopg
from cluster.node import SILENCE_SECONDS, Node
from daemon_process import until
from whatsapp_server.harness import PlayedWhatsApp

from waremind.requests.node import NodeDrain

ACCOUNTS = 300
FILL = """
    INSERT INTO accounts (id, label, state, created_at, status_since, state_since)
    SELECT 'acc_' || lpad(i::text, 12, '0'), 'account ' || i, 'unpaired', now(), now(), now()
    FROM generate_series(1, %s) i
"""
OWNERS = "SELECT n.name, count(*) FROM accounts a JOIN nodes n ON n.id = a.node_id GROUP BY 1"


def owners(dsn: str) -> Counter[str]:
    """Count the accounts that nodes have."""
    with psycopg.connect(dsn) as connection:
        return Counter(dict(connection.execute(OWNERS.encode()).fetchall()))


def said(node: Node) -> int:
    """Count the accounts of a node by what it has said that it took and gave away."""
    claimed = re.findall(r"accounts claimed .*accounts=(\d+)", node.log)
    return sum(map(int, claimed)) - node.log.count(" given away ")


def test_three_nodes_that_start_at_once_share_300_accounts_and_two_share_those_of_the_third(
    third: Node, played_whatsapp: PlayedWhatsApp, dsn: str
) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(FILL.encode(), [ACCOUNTS])
    first, second = (Node(name, played_whatsapp, dsn) for name in ("first", "second"))
    nodes = (first, second, third)
    for node in nodes:
        node.launch()
    try:
        level = {"first": 100, "second": 100, "third": 100}
        until(lambda: owners(dsn) == level, "the nodes to be level", 120)
        # What is committed is told a moment later.
        until(lambda: {each.name: said(each) for each in nodes} == level, "all to be told")
        first.call(NodeDrain(node="third"))
        until(lambda: owners(dsn) == {"first": 150, "second": 150}, "the third to be empty", 30)
        first.call(NodeDrain(node="third", undo=True))
        until(lambda: owners(dsn) == level, "the nodes to be level again", 30)
        third.kill()
        until(
            lambda: owners(dsn) == {"first": 150, "second": 150},
            "two to be level",
            SILENCE_SECONDS + 60,
        )
    finally:
        first.close()
        second.close()
