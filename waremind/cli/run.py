"""`waremind run …`."""

from collections.abc import Iterator
from typing import Annotated, Literal

import typer

from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.cli.layout import Block, Record, Styled, Table
from waremind.cli.options import AccountFilter, Check, ExitStatus, Limit, RunArgument, Since
from waremind.cli.revocation import revoke
from waremind.cli.views import group_names, here, status_style
from waremind.domain.quoting import quoted
from waremind.objects import Delivery, Run
from waremind.requests import run as requests

commands = Commands("run", "What was sent, when, and how it ended.")

Status = Literal[
    "scheduled",
    "sending",
    "sent",
    "failed",
    "unknown",
    "missed",
    "held",
    "skipped",
    "revoking",
    "revoked",
]
Outcome = Annotated[
    Literal["sent", "failed"], typer.Option("--as", help="How the unknown deliveries ended.")
]


@commands.verb("list")
def list_(
    cli: Invocation,
    *,
    reminder: Annotated[
        str | None,
        typer.Option("--reminder", "-r", metavar="REMINDER", help="Only of this reminder."),
    ] = None,
    account: AccountFilter = None,
    status: Annotated[
        Status | None, typer.Option("--status", metavar="STATUS", help="Only with this.")
    ] = None,
    since: Since = None,
    limit: Limit = 100,
) -> None:
    """List runs, newest first."""
    request = requests.RunList(
        reminder=reminder, account=account, status=status, since=since, limit=limit
    )
    result = cli.call(request)
    cli.show(result, _table)
    if result.truncated:
        cli.note(f"there are more than {limit}; --limit 0 shows all")
    if not result.runs:
        cli.note("no run yet, or none that fits; waremind send makes one")


def _table(result: requests.Runs) -> Iterator[Block]:
    header = ["OCCURS AT", "STATUS", "REASON", "TO", "REMINDER", "ID"]
    yield Table(
        header,
        [_row(run) for run in result.runs],
        flexible=["TO", "REMINDER"],
        optional=["REASON", "REMINDER"],
    )


def _row(run: Run) -> list[str | Styled]:
    return [
        here(run.occurs_at),
        Styled(run.status, status_style(run.status)),
        run.reason or "-",
        group_names(delivery.group for delivery in run.deliveries) or "-",
        _what(run),
        run.id,
    ]


def _what(run: Run) -> str:
    kind = "" if run.kind == "regular" else f" ({run.kind.replace('_', '-')})"
    return f"{run.reminder}{kind}" if run.reminder else "-"


@commands.verb()
def show(
    cli: Invocation,
    run: RunArgument,
    *,
    receipts: Annotated[
        bool, typer.Option("--receipts", help="Say who has got it, who has read it, who neither.")
    ] = False,
    exit_status: ExitStatus = False,
) -> None:
    """Show a run and each of its deliveries."""
    result = cli.call(requests.RunShow(run=run, receipts=receipts))
    cli.show(result, _record)
    cli.settle(asked=exit_status, good=result.run.status == "sent")


def _record(result: requests.RunResult) -> Iterator[Block]:
    run = result.run
    yield Record(
        [
            ("id", run.id),
            ("status", Styled(run.status, status_style(run.status))),
            ("reason", run.reason_text or run.reason),
            ("reminder", run.reminder and _what(run)),
            ("follows", run.follows),
            ("account", run.account),
            ("node", run.node),
            ("occurs at", run.occurs_at),
            ("until", run.until),
            ("occurrences", str(run.count) if run.count > 1 else None),
            ("started", run.started_at),
            ("finished", run.finished_at),
            *((each.kind, each.name) for each in (run.media,) if each),
        ]
    )
    if run.deliveries:
        yield ""
        yield Table(
            ["GROUP", "STATUS", "REASON", "ATTEMPTS", "MEMBERS", "DELIVERED", "READ", "MESSAGE"],
            [_delivery(delivery) for delivery in run.deliveries],
            flexible=["GROUP"],
            optional=["READ", "DELIVERED", "MEMBERS", "MESSAGE"],
        )
    for delivery in run.deliveries:
        yield from _receipts(delivery)


def _receipts(delivery: Delivery) -> Iterator[Block]:
    if not delivery.receipts:
        return
    yield ""
    yield f"{group_names([delivery.group])}:"
    header = ["NAME", "PHONE", "STATUS", "DELIVERED", "READ", "LID"]
    rows = [
        [
            member.name or "-",
            member.phone or "-",
            Styled(member.status.replace("_", " "), status_style(member.status)),
            here(member.delivered_at) or "-",
            here(member.read_at) or "-",
            member.lid,
        ]
        for member in delivery.receipts
    ]
    yield Table(header, rows, flexible=["NAME"], optional=["LID", "DELIVERED"])


def _delivery(delivery: Delivery) -> list[str | Styled]:
    return [
        group_names([delivery.group]),
        Styled(delivery.status, status_style(delivery.status)),
        delivery.reason or delivery.revoke_reason or "-",
        str(delivery.attempts),
        str(delivery.members),
        str(delivery.delivered),
        str(delivery.read),
        delivery.message_id or "-",
    ]


commands.verb()(revoke)


@commands.verb()
def resolve(cli: Invocation, run: RunArgument, *, outcome: Outcome, check: Check = False) -> None:
    """Say how a run of unknown outcome ended."""
    result = cli.call(requests.RunResolve(run=run, outcome=outcome, check=check))
    cli.changed(result, f"run {quoted(run)}", f"resolved as {outcome}")


@commands.verb()
def acknowledge(cli: Invocation, run: RunArgument, *, check: Check = False) -> None:
    """Say that what nobody has received needs nobody."""
    result = cli.call(requests.RunAcknowledge(run=run, check=check))
    cli.changed(result, f"run {quoted(run)}", "acknowledged")
