"""`waremind group …`."""

from collections.abc import Iterator
from typing import Annotated

import typer

from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.cli.layout import Block, Record, Table
from waremind.cli.options import AccountFilter, GroupArgument
from waremind.cli.views import here
from waremind.objects import Group
from waremind.requests import group as requests

commands = Commands("group", "WhatsApp groups that the accounts are members of.")


@commands.verb("list")
def list_(
    cli: Invocation,
    *,
    account: AccountFilter = None,
    search: Annotated[
        str | None, typer.Option("--search", metavar="TEXT", help="Only with this in the name.")
    ] = None,
) -> None:
    """List groups."""
    result = cli.call(requests.GroupList(account=account, search=search))
    cli.show(result, _table)
    if not result.groups:
        cli.note(
            "no group fits"
            if account or search
            else "no group yet; they come with an account: waremind account pair ACCOUNT"
        )


def _table(result: requests.Groups) -> Iterator[Block]:
    header = ["NAME", "MEMBERS", "ACCOUNT", "NOTE", "ID", "JID"]
    rows = [
        [
            group.name,
            str(group.participants),
            group.account,
            _note(group) or "-",
            group.id,
            group.jid,
        ]
        for group in result.groups
    ]
    yield Table(header, rows, flexible=["NAME", "ACCOUNT"], optional=["NOTE", "JID"])


def _note(group: Group) -> str:
    notes = {"left": group.left, "announce-only": group.announce_only}
    return ", ".join(note for note, holds in notes.items() if holds)


@commands.verb()
def show(cli: Invocation, group: GroupArgument) -> None:
    """Show a group."""
    cli.show(cli.call(requests.GroupShow(group=group)), _record)


def _record(result: requests.GroupResult) -> Iterator[Block]:
    group = result.group
    yield Record(
        [
            ("name", group.name),
            ("id", group.id),
            ("jid", group.jid),
            ("account", group.account),
            ("members", str(group.participants)),
            ("note", _note(group) or None),
            ("synced", here(group.synced_at)),
        ]
    )
