"""`waremind freeze` and `waremind thaw`."""

from typing import Annotated, Literal

import typer

from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.cli.options import Check
from waremind.cli.views import counted
from waremind.domain.quoting import quoted
from waremind.requests.daemon import FreezeSet, Thaw

commands = Commands()

Only = Annotated[
    str | None, typer.Option("--account", "-a", metavar="ACCOUNT", help="Only this account.")
]


@commands.verb()
def freeze(
    cli: Invocation,
    *,
    account: Only = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why, for those who look.")
    ] = None,
    check: Check = False,
) -> None:
    """Stop every outgoing message at once; it stays so until thaw."""
    result = cli.call(FreezeSet(account=account, reason=reason, check=check))
    only = f" --account {quoted(account)}" if account else ""
    cli.changed(result, _what(account), "frozen", f"waremind thaw{only} lets messages go again")


@commands.verb()
def thaw(
    cli: Invocation,
    *,
    account: Only = None,
    held: Annotated[
        Literal["skip", "once", "all"],
        typer.Option("--held", help="What becomes of those held meanwhile."),
    ] = "skip",
    check: Check = False,
) -> None:
    """Let messages go again."""
    result = cli.call(Thaw(account=account, held=held, check=check))
    released = f"{counted(result.released, 'held run')} released"
    cli.changed(result, _what(account), "thawed", *([released] if result.released else []))


def _what(account: str | None) -> str:
    return f"account {quoted(account)}" if account else "outgoing messages"
