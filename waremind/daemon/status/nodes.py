"""The nodes of a cluster, as operators see them."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from waremind.daemon.services import Services
from waremind.domain.shares import is_stuck
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
    services: Services, connection: Connection, rows: Sequence[NodeRow]
) -> list[NodeState]:
    """Show all nodes that there are, each with the number of its accounts."""
    lively = nodes.candidates(rows, services.runtime.membership.lost_nodes())
    accounts, stuck = Counter[str | None](), defaultdict[str | None, Counter[str]](Counter)
    for count in await ownership.count(connection):
        accounts[count.node] += count.accounts
        if is_stuck(count.engine, lively):
            stuck[count.node][count.engine] += count.accounts
    condition_of = services.runtime.membership.condition_of
    return [
        NodeState(
            name=row.name,
            state=condition_of(row),
            accounts=accounts[row.id],
            version=row.version,
            engine=row.engine,
            beat_at=rfc3339(row.beat_at),
            note=_note(stuck[row.id]),
        )
        for row in rows
    ]


def _note(stuck: Mapping[str, int]) -> str | None:
    said = [
        f"engine {engine} wrote the keys of {number}, and no other node has it"
        for engine, number in sorted(stuck.items())
    ]
    return f"accounts cannot go elsewhere: {'; '.join(said)}" if said else None
