"""`waremind node …`: the machines of a cluster."""

from collections.abc import Iterator
from typing import Annotated

import typer

from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.cli.layout import Block, Styled, Table
from waremind.cli.options import Check
from waremind.cli.views import counted, here
from waremind.domain.quoting import quoted
from waremind.objects import NodeState
from waremind.requests.node import NodeDrain, NodeList, Nodes

commands = Commands("node", "Machines that share the accounts: list, drain.")

STYLES = {"speaking": "good", "mute": "bad", "draining": "waiting", "lost": "bad"}


@commands.verb("list")
def list_(cli: Invocation) -> None:
    """List the nodes, and how many accounts each has."""
    result = cli.call(NodeList())
    cli.show(result, _table)
    for node in result.nodes:
        if node.note:
            cli.note(f"{quoted(node.name)}: {node.note}")
    if not result.nodes:
        cli.note("this daemon runs alone: cluster.name in its configuration makes it a node")


def _table(result: Nodes) -> Iterator[Block]:
    header = ["NAME", "STATE", "ACCOUNTS", "VERSION", "LAST SIGN"]
    yield Table(header, [_row(node) for node in result.nodes])


def _row(node: NodeState) -> list[str | Styled]:
    state = Styled(node.state, STYLES[node.state])
    return [node.name, state, str(node.accounts), node.version, here(node.beat_at)]


@commands.verb()
def drain(
    cli: Invocation,
    node: Annotated[
        str | None, typer.Argument(metavar="NODE", help="Its name; without it, the one here.")
    ] = None,
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Let it have accounts again.")] = False,
    check: Check = False,
) -> None:
    """Have a node's accounts go to the others, one after another; it takes none any more.

    Their sessions end in order, and keep all their keys. It is over when node list shows that it
    has none. A node that is started anew takes accounts again.
    """
    result = cli.call(NodeDrain(node=node, undo=undo, check=check))
    left = result.node.accounts
    more = [f"{counted(left, 'account')} to go: waremind node list"] if left and not undo else []
    more += [result.node.note] if result.node.note else []
    done = "asked to take accounts again" if undo else "asked to give its accounts away"
    cli.changed(result, f"node {quoted(result.node.name)}", done, *more)
