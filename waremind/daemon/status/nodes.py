"""The nodes of a cluster, as operators see them."""

from collections.abc import Iterable

from waremind.daemon.services import Services
from waremind.domain.wall_time import rfc3339
from waremind.objects import NodeState
from waremind.store import nodes, ownership
from waremind.store.database import Connection
from waremind.store.nodes import NodeRow


async def node_states(services: Services, connection: Connection) -> list[NodeState]:
    """Show every node; none on a single machine."""
    if services.settings.cluster.name is None:
        return []
    return await shown_nodes(services, connection, await nodes.select_all(connection))


async def shown_nodes(
    services: Services, connection: Connection, rows: Iterable[NodeRow]
) -> list[NodeState]:
    """Show nodes, each with the number of its accounts."""
    accounts = dict.fromkeys((row.id for row in rows), 0)
    for count in await ownership.count(connection):
        if count.node in accounts:
            accounts[count.node] += count.accounts
    condition_of = services.runtime.membership.condition_of
    return [
        NodeState(row.name, condition_of(row), accounts[row.id], row.version, rfc3339(row.beat_at))
        for row in rows
    ]
