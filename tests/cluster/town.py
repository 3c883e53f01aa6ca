"""Nodes that share accounts, each with its own way to PostgreSQL, and what may befall them."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import psycopg
from cables import Direction
from cluster.node import Node

from waremind.errors import WaremindError

# What is due, and has no end.
OPEN = """
    SELECT 1 FROM deliveries WHERE status NOT IN ('sent', 'unknown')
    UNION ALL SELECT 1 FROM reminders WHERE state = 'active'
    LIMIT 1
"""
SHARED = """
    SELECT account_id, session FROM deliveries WHERE node_id IS NOT NULL
    GROUP BY account_id, session HAVING count(DISTINCT node_id) > 1
"""
OWNERS = "SELECT a.label, n.name FROM accounts a LEFT JOIN nodes n ON n.id = a.node_id"


class Way(Protocol):
    """How a node gets to PostgreSQL: what it sends may be lost, in each direction."""

    def stop(self, *directions: Direction) -> None: ...

    def heal(self) -> None: ...


@dataclass
class Town:
    """Nodes, the ways that they go, and the labels of their accounts; `place` is PostgreSQL's."""

    nodes: Sequence[Node]
    ways: Sequence[Way]
    labels: Sequence[str]
    dice: random.Random
    place: Callable[[], str]

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Ask PostgreSQL, past the ways."""
        with psycopg.connect(self.place(), dbname="waremind", autocommit=True) as connection:
            return connection.execute(query.encode(), values or None).fetchall()

    def owned(self, number: int) -> list[str]:
        """List the accounts of a node."""
        owners, name = dict(self.ask(OWNERS)), self.nodes[number].name
        return [label for label in self.labels if owners[label] == name]

    def children(self) -> dict[str, int]:
        """Say which process has the session of each account."""
        return {
            label: node.child(node.show(label).id)
            for number, node in enumerate(self.nodes)
            for label in self.owned(number)
        }

    def is_well(self) -> bool:
        """Tell whether all nodes speak, and all accounts are shared, connected and at rest."""
        try:
            speak = all(node.speaks() for node in self.nodes)
            states = {self.nodes[0].show(label).status for label in self.labels}
        except WaremindError:
            return False
        shares = [len(self.owned(number)) for number in range(len(self.nodes))]
        is_even = sum(shares) == len(self.labels) and max(shares) - min(shares) <= 1
        return speak and is_even and states == {"connected"} and not self.ask(OPEN)


Fault = Callable[[Town, int], AbstractContextManager[None]]


@contextmanager
def killed(town: Town, victim: int) -> Iterator[None]:
    """Kill a machine: the daemon and all sessions."""
    node = town.nodes[victim]
    for pid in (node.process.pid, *node.processes()):
        kill(pid, signal.SIGKILL)
    node.process.wait()
    yield
    node.start()


@contextmanager
def daemon_killed(town: Town, victim: int) -> Iterator[None]:
    town.nodes[victim].kill()
    yield
    town.nodes[victim].start()


def hangs(*, sessions: bool) -> Fault:
    """Stop a machine, or its daemon alone."""

    @contextmanager
    def fault(town: Town, victim: int) -> Iterator[None]:
        town.nodes[victim].hang(sessions=sessions)
        try:
            yield
        finally:
            town.nodes[victim].go_on()

    return fault


def parted(*directions: Direction) -> Fault:
    """Part a node from PostgreSQL."""

    @contextmanager
    def fault(town: Town, victim: int) -> Iterator[None]:
        town.ways[victim].stop(*directions)
        try:
            yield
        finally:
            town.ways[victim].heal()

    return fault


def child(number: signal.Signals) -> Fault:
    """Kill a session's process, or stop it, if the node has one."""

    @contextmanager
    def fault(town: Town, victim: int) -> Iterator[None]:
        pids = town.nodes[victim].children()
        some = [town.dice.choice(pids)] if pids else []
        for pid in some:
            kill(pid, number)
        yield
        for pid in some:
            kill(pid, signal.SIGCONT)

    return fault


def kill(pid: int, number: signal.Signals) -> None:
    """Send a signal; who is gone already is as well."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
