"""Requests about the nodes of a cluster."""

from msgspec import Struct

from waremind.objects import NodeState
from waremind.requests.core import Changed, Mutation, Request


class Nodes(Struct, frozen=True):
    """The nodes of the cluster by name; on a single machine there are none."""

    nodes: list[NodeState]


class NodeChanged(Changed, frozen=True, kw_only=True):
    """The node that was asked to change, as it is now."""

    node: NodeState


class NodeList(Request[Nodes], frozen=True, kw_only=True):
    method = "node.list"


class NodeDrain(Mutation[NodeChanged], frozen=True, kw_only=True):
    """Have a node (null: the one that is asked) give its accounts to the others.

    It takes none until it is started anew, or this is undone (`undo`).
    """

    method = "node.drain"
    node: str | None = None
    undo: bool = False
