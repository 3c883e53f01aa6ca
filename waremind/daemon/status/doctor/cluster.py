"""A node of a cluster: its connection, the other nodes, its clock, and what its database keeps."""

from datetime import timedelta

from waremind.daemon.services import Services
from waremind.daemon.status.cluster_attention import (
    SET_CLOCK,
    clock_off,
    node_lost,
    replication_asynchronous,
)
from waremind.daemon.status.doctor.check import Check, Finding, Trouble
from waremind.domain.wall_time import rfc3339
from waremind.objects import Attention
from waremind.store import cluster_health, nodes

# So long after the last start of a node an upgrade of all may still be under way.
UPGRADE = timedelta(days=1)


async def connection(services: Services) -> Finding:
    """Look for a pooler between this node and its database."""
    async with services.database.connection() as connected:
        direct = await cluster_health.is_direct(connected)
    if direct:
        return "leads to PostgreSQL itself"
    return [Trouble("a pooler is in between, which a failover may leave behind", "warning")]


async def other_nodes(services: Services) -> Finding:
    """Compare all nodes' versions and engines, and look for lost ones."""
    async with services.database.connection() as connected:
        there = await nodes.select_all(connected)
    troubles = _troubles(*node_lost(services, there))
    differ = [
        f"{what} differ: {', '.join(f'{name} has {each}' for name, each in found.items())}"
        for what, found in (
            ("versions", {row.name: row.version for row in there}),
            ("engines", {row.name: row.engine for row in there}),
        )
        if len(set(found.values())) > 1
    ]
    until = max((row.started_at for row in there), default=services.now()) + UPGRADE
    if services.now() > until:
        troubles += [Trouble(each, "warning") for each in differ]
        differ = []
    elif differ:
        differ.append(f"fine while you upgrade one after another, until {rfc3339(until)}")
    names = ", ".join(row.name for row in there)
    return troubles or "; ".join([f"{len(there)}: {names}", *(differ or ["all alike"])])


async def clocks(services: Services) -> Finding:
    """Compare this node's clock with the database's."""
    async with services.database.connection() as connected:
        offset = await cluster_health.clock_offset(connected, services.now)
    return _troubles(*clock_off(services, offset)) or "ours goes like the database's"


async def replication(services: Services) -> Finding:
    """Ask whether a failover of the database may lose something."""
    async with services.database.connection() as connected:
        found = await cluster_health.replication(connected)
    if troubles := _troubles(*replication_asynchronous(services, found)):
        return troubles
    if not found.synchronous:
        return "the database has no standby that we could see"
    return f"commits wait for a standby: {found.synchronous}"


def _troubles(*needs: Attention) -> list[Trouble]:
    return [Trouble(need.text, need.severity, need.fix) for need in needs]


CLUSTER: tuple[Check[Services], ...] = (
    Check("connection", connection, "let database.url lead to PostgreSQL itself"),
    Check("nodes", other_nodes, "upgrade the others too: docs/operating.md, Upgrade"),
    Check("clocks", clocks, SET_CLOCK),
    Check("replication", replication, "docs/machines.md"),
)
# Needs that have a line here.
LISTED = frozenset({"node_lost", "clock_off", "replication_asynchronous"})
