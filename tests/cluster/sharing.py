"""Four accounts that nodes share, and what they have to send all the time."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from cluster.node import SILENCE_SECONDS, Node
from daemon_process import until
from delivery.stage import Stage, moment
from whatsapp_server.harness import PlayedWhatsApp

from waremind.objects import Run
from waremind.requests.account import AccountList

LABELS = ("one", "two", "three", "four")


def four(node: Node, whatsapp: PlayedWhatsApp, dsn: str) -> list[Stage]:
    """Have four accounts, each with a group."""
    stages = [
        Stage(node, whatsapp, dsn, label, f"62811000001{number}")
        for number, label in enumerate(LABELS)
    ]
    for stage in stages:
        node.add(stage.label)
        stage.group()
        stage.pair()
    return stages


def load(stage: Stage, seconds: int = 20) -> int:
    """Have something to send in each second from now on; returns how often."""
    for second in range(1, seconds + 1):
        stage.remind(at=moment(seconds=second), text=f"{stage.label} {second}")
    return seconds


def lateness(run: Run) -> timedelta:
    assert run.finished_at
    return datetime.fromisoformat(run.finished_at) - datetime.fromisoformat(run.occurs_at)


def shared(node: Node, *expected: dict[str, int]) -> None:
    """Wait until the accounts are connected, so many on each node."""

    def is_so() -> bool:
        accounts = node.call(AccountList(all=True)).accounts
        are = Counter(each.node for each in accounts)
        return are in expected and all(each.status == "connected" for each in accounts)

    until(is_so, f"the accounts to be shared as {expected}", SILENCE_SECONDS)
