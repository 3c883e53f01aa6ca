"""Three nodes share accounts, and one that has some is killed amid what they send."""

from __future__ import annotations

import psycopg
from cluster.node import Node, texts
from cluster.sharing import four, load, shared
from whatsapp_server.harness import PlayedWhatsApp


def test_the_accounts_of_a_node_that_is_killed_are_shared_by_the_others_and_nothing_comes_twice(
    nodes: tuple[Node, Node], third: Node, played_whatsapp: PlayedWhatsApp, dsn: str
) -> None:
    first, second = nodes
    third.start()
    stages = four(third, played_whatsapp, dsn)
    shared(third, *({"first": 1, "second": 1, "third": 1} | {most: 2} for most in NAMES))
    for stage in stages:
        stage.daemon = first
        load(stage)
    third.kill()
    shared(first, {"first": 2, "second": 2})
    ended = [stage.settled() for stage in stages]
    assert all(set(each) <= {"sent", "unknown"} for each in ended), ended
    # At most one of each account was leaving.
    assert all(each["unknown"] <= 1 for each in ended), ended
    second.kill()
    shared(first, {"first": 4})
    for stage in stages:
        assert stage.send(f"{stage.label} at last").status == "sent"
    counts = texts(played_whatsapp)
    assert set(counts.values()) == {1}
    assert len(counts) >= sum(each["sent"] for each in ended) + len(stages)
    assert marked_by_two(dsn) == []


NAMES = ("first", "second", "third")


def marked_by_two(dsn: str) -> list[tuple[object, ...]]:
    """List the sessions of accounts in which two nodes have sent something."""
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            "SELECT account_id, session FROM deliveries GROUP BY 1, 2"
            " HAVING count(DISTINCT node_id) > 1"
        ).fetchall()
