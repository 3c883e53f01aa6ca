"""`waremind account …`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import typer

from waremind.cli import confirmation
from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.cli.layout import Block, Record, Styled, Table
from waremind.cli.options import (
    AccountArgument,
    Check,
    ExistOk,
    ExitStatus,
    MissingOk,
    NoWait,
    Yes,
)
from waremind.cli.views import attention, counted, here, status_style
from waremind.domain.duration import parse_duration
from waremind.domain.quoting import quoted
from waremind.objects import Account
from waremind.requests import account as requests

commands = Commands("account", "WhatsApp accounts: add, pair, look at, unpair, delete.")

Label = Annotated[str, typer.Argument(metavar="LABEL", help="What you call the account.")]
NewNumber = Annotated[
    bool, typer.Option("--new-number", help="Allow another number than last time.")
]
Status = Literal["unpaired", "pending", "connected", "disconnected", "banned"]
QrFormat = Literal["auto", "small", "large", "ascii", "raw", "png"]


@commands.verb()
def add(cli: Invocation, label: Label, *, exist_ok: ExistOk = False, check: Check = False) -> None:
    """Add an account; it is unpaired until you pair it."""
    result = cli.call(requests.AccountAdd(label=label, exist_ok=exist_ok, check=check))
    name = quoted(label)
    cli.changed(result, f"account {name}", "added", f"pair it: waremind account pair {name}")


@commands.verb("list")
def list_(
    cli: Invocation,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Show those being paired, too.")] = False,
    status: Annotated[Status | None, typer.Option("--status", help="Only with this.")] = None,
) -> None:
    """List accounts, all but those that are being paired."""
    result = cli.call(requests.AccountList(all=all_, status=status))
    cli.show(result, _table)
    if not result.accounts:
        cli.note(
            "no account has that status"
            if status
            else "no account yet (--all shows those being paired); waremind account add LABEL"
        )


def _table(result: requests.Accounts) -> Iterator[Block]:
    header = ["LABEL", "STATUS", "REASON", "PHONE", "SINCE", "ID"]
    rows = [_row(account) for account in result.accounts]
    if any(account.node for account in result.accounts):
        header.insert(3, "NODE")
        for row, account in zip(rows, result.accounts, strict=True):
            row.insert(3, account.node or "-")
    yield Table(header, rows, flexible=["LABEL"], optional=["NODE", "PHONE", "SINCE", "ID"])


def _row(account: Account) -> list[str | Styled]:
    status = Styled(account.status, status_style(account.status))
    phone = account.phone or "-"
    since = here(account.status_since)
    return [account.label, status, account.reason, phone, since, account.id]


@commands.verb()
def show(cli: Invocation, account: AccountArgument, *, exit_status: ExitStatus = False) -> None:
    """Show an account: its status, why, and what to do."""
    result = cli.call(requests.AccountShow(account=account))
    cli.show(result, _record)
    cli.settle(asked=exit_status, good=result.account.status == "connected")


def _record(result: requests.AccountResult) -> Iterator[Block]:
    account = result.account
    status = f"{account.status} ({account.reason}) since {here(account.status_since)}"
    yield Record(
        [
            ("label", account.label),
            ("id", account.id),
            ("status", Styled(status, status_style(account.status))),
            ("meaning", account.status_text),
            ("node", account.node),
            ("banned until", here(account.banned_until)),
            ("restricted until", here(account.restricted_until)),
            ("phone", account.phone),
            ("name", account.push_name),
            ("jid", account.jid),
            ("last connected", here(account.last_connected_at)),
            ("phone seen", here(account.phone_seen_at)),
            ("created", here(account.created_at)),
            ("actions", ", ".join(account.actions)),
        ]
    )
    yield from attention(account.attention)


@commands.verb(
    epilog="""\b
Examples:
  waremind account pair ops
  waremind account pair ops --phone +4915112345678
  waremind account pair ops --qr-format png -o qr.png
"""
)
def pair(
    cli: Invocation,
    account: AccountArgument,
    *,
    phone: Annotated[
        str | None,
        typer.Option("--phone", metavar="NUMBER", help="Show a code to type instead of a QR."),
    ] = None,
    expect: Annotated[
        str | None, typer.Option("--expect", metavar="NUMBER", help="Refuse any other number.")
    ] = None,
    new_number: NewNumber = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Show a QR at once; do not try the old keys.")
    ] = False,
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="DURATION", help="Give up after this long.")
    ] = "160s",
    no_wait: NoWait = False,
    qr_format: Annotated[
        QrFormat, typer.Option("--qr-format", help="How the QR is drawn.")
    ] = "auto",
    file: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the QR there.")
    ] = None,
    check: Check = False,
) -> None:
    """Link the account with a phone, by QR or by code."""
    from waremind.cli import pairing  # noqa: PLC0415 - the one command that draws

    pairing.check_form(qr_format, file)
    request = requests.AccountPair(
        account=account,
        phone=phone,
        expect=expect,
        new_number=new_number,
        fresh=fresh,
        timeout_seconds=parse_duration(timeout, flag="--timeout").total_seconds(),
        wait=not no_wait,
        check=check,
    )
    if no_wait or check:
        pairing.begin(cli, request)
    else:
        pairing.watch(cli, request, qr_format, file)


@commands.verb()
def unpair(cli: Invocation, account: AccountArgument, *, check: Check = False) -> None:
    """Unlink the account; its groups and reminders stay."""
    result = cli.call(requests.AccountUnpair(account=account, check=check))
    more = [] if result.device_removed else [_STILL_LISTED]
    cli.changed(result, f"account {quoted(account)}", "unpaired", *more)


_STILL_LISTED = "the phone still lists the device: remove it there, under Linked devices"


@commands.verb()
def sync(cli: Invocation, account: AccountArgument, *, check: Check = False) -> None:
    """Fetch the account's groups from WhatsApp now."""
    from waremind.cli.waiting import wait_for_answer  # noqa: PLC0415 - few commands wait

    name = f"account {quoted(account)}"
    request = requests.AccountSync(account=account, check=check)
    result = wait_for_answer(cli, request, f"fetching the groups of {name}")
    groups = f"its groups: waremind group list --account {quoted(account)}"
    cli.changed(result, name, "synced", groups)


@commands.verb()
def reconnect(cli: Invocation, account: AccountArgument, *, check: Check = False) -> None:
    """Open the account's session anew."""
    result = cli.call(requests.AccountReconnect(account=account, check=check))
    cli.changed(result, f"account {quoted(account)}", "reconnected")


@commands.verb()
def rename(
    cli: Invocation,
    account: AccountArgument,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new label.")],
    *,
    check: Check = False,
) -> None:
    """Give the account another label."""
    result = cli.call(requests.AccountRename(account=account, label=new, check=check))
    cli.changed(result, f"account {quoted(account)}", f"renamed to {quoted(new)}")


@commands.verb()
def move(
    cli: Invocation,
    account: AccountArgument,
    node: Annotated[str, typer.Argument(metavar="NODE", help="Name of the node.")],
    *,
    check: Check = False,
) -> None:
    """Put the account on a node of the cluster.

    It stays there until that node stops, is lost or drains.
    """
    result = cli.call(requests.AccountMove(account=account, node=node, check=check))
    cli.changed(
        result,
        f"account {quoted(account)}",
        f"asked to go to node {quoted(node)}",
        f"it is there when its node says so: waremind account show {quoted(account)}",
    )


@commands.verb(
    "import",
    epilog="""\b
Examples:
  waremind account import ops --store /srv/gowa/storages/whatsapp.db
  waremind account import ops --store mautrix.db --device +4915112345678
""",
)
def import_(
    cli: Invocation,
    account: AccountArgument,
    *,
    store: Annotated[
        Path, typer.Option("--store", metavar="FILE", help="SQLite file of the other program.")
    ],
    device: Annotated[
        str | None,
        typer.Option("--device", metavar="NUMBER", help="Whose, where it holds several; or a JID."),
    ] = None,
    exclusive: Annotated[
        bool,
        typer.Option(
            "--exclusive",
            help="Keep the ratchets, too: only if nobody will ever use the file again.",
        ),
    ] = False,
    new_number: NewNumber = False,
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="DURATION", help="How long to wait until connected.")
    ] = "60s",
    no_wait: NoWait = False,
    check: Check = False,
) -> None:
    """Take over a device that another program has linked.

    It has to be a program on whatsmeow, such as gowa or mautrix-whatsapp; stop it first. Its file
    is read, not changed.
    """
    from waremind.cli import device_files  # noqa: PLC0415 - few commands read files of SQLite

    image = device_files.image_of(store, device, exclusive=exclusive)
    request = requests.AccountImport(
        account=account,
        device=device,
        exclusive=exclusive,
        new_number=new_number,
        timeout_seconds=parse_duration(timeout, flag="--timeout").total_seconds(),
        wait=not no_wait,
        check=check,
    )
    result = device_files.take_over(cli, image, request)
    done = "imported" if no_wait or check else f"is connected as {result.account.phone}"
    cli.changed(result, f"account {quoted(account)}", done, *device_files.advice(result))


@commands.verb(
    epilog="""\b
Examples:
  waremind account export ops --move -o ops.keys
  waremind account export ops --copy -o ops.keys
"""
)
def export(
    cli: Invocation,
    account: AccountArgument,
    *,
    file: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Write the keys there.")
    ],
    move: Annotated[
        bool,
        typer.Option("--move", help="Leave the account unpaired here, still linked on the phone."),
    ] = False,
    copy: Annotated[
        bool, typer.Option("--copy", help="Go on here; the file is marked as a copy.")
    ] = False,
    check: Check = False,
) -> None:
    """Write the account's keys into a file that only you can read.

    Whoever has the file can be the account. Another waremind takes it by: account import.
    """
    from waremind.cli import device_files  # noqa: PLC0415 - as above

    request = requests.AccountExport(
        account=account, move=device_files.is_move(move=move, copy=copy), check=check
    )
    result = device_files.exported(cli, request, file)
    done = f"{'moved' if move else 'copied'} to {quoted(str(file))}"
    idle = "" if check else f" {done}"
    cli.changed(result, f"account {quoted(account)}", done, idle=idle or ": nothing to do")


@commands.verb()
def delete(
    cli: Invocation,
    account: AccountArgument,
    *,
    yes: Yes = False,
    missing_ok: MissingOk = False,
    check: Check = False,
) -> None:
    """Delete the account with its groups, reminders and runs."""

    def ask(check: bool) -> requests.AccountDeleted:  # noqa: FBT001 - the one thing it differs in
        request = requests.AccountDelete(account=account, missing_ok=missing_ok, check=check)
        return cli.call(request)

    result = confirmation.delete(
        cli, f"account {quoted(account)}", ask, _loss, yes=yes, check=check
    )
    if not (result.device_removed or check):
        cli.note(_STILL_LISTED)


def _loss(result: requests.AccountDeleted) -> str | None:
    """Say what goes with the account; None when there is no account."""
    counts = {"group": result.groups, "reminder": result.reminders, "run": result.runs}
    lost = ", ".join(counted(count, what) for what, count in counts.items() if count)
    return (f" with {lost}" if lost else "") if result.account else None
