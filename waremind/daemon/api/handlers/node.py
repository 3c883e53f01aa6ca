"""Requests about the nodes of a cluster, and on which of them an account is.

They only write what is wanted: each node acts on it by itself, as soon as it looks.
"""

from collections.abc import Sequence
from dataclasses import replace

from waremind.daemon.accounts import refusals
from waremind.daemon.api.handlers.account import shown_account
from waremind.daemon.services import Services
from waremind.daemon.status.nodes import node_states, shown_nodes
from waremind.daemon.system import audit
from waremind.daemon.system.caller import Caller
from waremind.domain.engines import opens
from waremind.domain.ids import near_misses, shown, suggesting
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import AccountChanged, AccountMove
from waremind.requests.core import checked
from waremind.requests.node import NodeChanged, NodeDrain, NodeList, Nodes
from waremind.store import device_snapshots, nodes, ownership
from waremind.store.accounts import AccountRow
from waremind.store.database import Connection
from waremind.store.nodes import NodeRow


async def list_(services: Services, _caller: Caller, _request: NodeList) -> Nodes:
    """List the nodes; none on a single machine."""
    async with services.database.connection() as connection:
        return Nodes(await node_states(services, connection))


async def drain(services: Services, caller: Caller, request: NodeDrain) -> NodeChanged:
    """Have a node give its accounts away, or take some again."""
    _refuse_single(services, "drain a node")
    name = request.node or services.settings.cluster.name or ""
    async with services.database.transaction() as connection:
        there = await nodes.lock_all(connection)
        node = _find(services, there, name, "drain")
        changed = node.draining is request.undo
        if changed and not request.undo:
            _refuse_last(services, there, node)
        if changed and not request.check:
            drained = replace(node, draining=not request.undo)
            there = [drained if row is node else row for row in there]
            node = drained
            await nodes.drain(connection, node.id, draining=node.draining)
            action = "node.undrain" if request.undo else "node.drain"
            target = ("node", node.id, node.name)
            await audit.write(connection, services.now(), caller.operator, action, target)
        state = (await shown_nodes(services, connection, there))[there.index(node)]
    services.runtime.membership.look_soon()
    return NodeChanged(changed=changed, node=state, check=checked(request))


async def move(services: Services, caller: Caller, request: AccountMove) -> AccountChanged:
    """Put an account on a node, where it stays until that one ends, is lost or drains."""
    _refuse_single(services, "move an account")
    async with services.database.transaction() as connection:
        row = await services.accounts.row(request.account, connection)
        what = f"move account {shown(row.label)}"
        node = _find(services, await nodes.lock_all(connection), request.node, what)
        _refuse_unable(services, node, what)
        await _refuse_older(connection, row, node, what)
        changed = await ownership.placed_on(connection, row.id) != node.id
        if changed and not request.check:
            if not await ownership.place(connection, row.id, node.id):  # it is gone meanwhile
                raise refusals.deleted(row.label)
            target, now = ("account", row.id, row.label), services.now()
            await audit.write(
                connection, now, caller.operator, "account.move", target, to=node.name
            )
    services.runtime.membership.look_soon()
    view = shown_account(services, row)
    return AccountChanged(changed=changed, account=view, check=checked(request))


def _refuse_single(services: Services, what: str) -> None:
    if services.settings.cluster.name is None:
        message = f"cannot {what}: this daemon is no node of a cluster"
        hint = "cluster.name in the configuration makes it one; see docs/machines.md"
        raise WaremindError(ErrorCode.CONFLICT, message, hint=hint)


def _find(services: Services, there: Sequence[NodeRow], name: str, what: str) -> NodeRow:
    """Find a node by its name: of several with one name, the one that is not lost."""
    found = [row for row in there if row.name == name]
    if not found:
        message = f"cannot {what}: there is no node {shown(name)}"
        near = map(shown, near_misses(name, sorted({row.name for row in there})))
        hint = suggesting(near, "waremind node list")
        raise WaremindError(ErrorCode.NOT_FOUND, message, hint=hint)
    lost = services.runtime.membership.lost_nodes()
    return max(found, key=lambda row: (row.id not in lost, row.started_at))


def _refuse_last(services: Services, there: Sequence[NodeRow], node: NodeRow) -> None:
    """Raise WaremindError `conflict` where nobody could take the node's accounts."""
    lost = services.runtime.membership.lost_nodes()
    if not any(row.id not in {node.id, *lost} and not row.draining for row in there):
        message = f"cannot drain node {shown(node.name)}: no other node could take its accounts"
        hint = "start another one first; waremind node list shows them"
        raise WaremindError(ErrorCode.CONFLICT, message, hint=hint)


def _refuse_unable(services: Services, node: NodeRow, what: str) -> None:
    """Raise WaremindError `conflict` where a node takes no accounts."""
    is_lost = node.id in services.runtime.membership.lost_nodes()
    if is_lost or node.draining:
        reason = "is lost" if is_lost else "is draining"
        message = f"cannot {what}: node {shown(node.name)} {reason}"
        hint = "choose one that is speaking: waremind node list"
        raise WaremindError(ErrorCode.CONFLICT, message, hint=hint)


async def _refuse_older(connection: Connection, row: AccountRow, node: NodeRow, what: str) -> None:
    """Raise WaremindError `conflict` where a node's engine cannot open the account's keys."""
    engine = await device_snapshots.engine_of(connection, row.id, row.device)
    if not opens(node.engine, engine):
        message = (
            f"cannot {what}: engine {engine} wrote its keys, and node {shown(node.name)} has "
            f"{node.engine}"
        )
        hint = "upgrade the engine there, and restart it: docs/operating.md, Upgrade"
        raise WaremindError(ErrorCode.CONFLICT, message, hint=hint)
