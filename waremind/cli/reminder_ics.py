"""`waremind reminder import` and `export`: reminders as events of an ICS file."""

from collections.abc import Iterator
from typing import Annotated

import typer

from waremind.cli.invocation import Invocation
from waremind.cli.layout import Block, Table
from waremind.cli.message import read_text
from waremind.cli.options import AccountOption, Check
from waremind.cli.reminder_options import Tz
from waremind.cli.views import counted
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.ics import Imported, ReminderExport, ReminderImport


def import_(
    cli: Invocation,
    file: Annotated[str, typer.Argument(metavar="FILE", help="An ICS file; -: stdin.")],
    *,
    account: AccountOption,
    to: Annotated[
        list[str], typer.Option("--to", metavar="GROUP", help="Where they go; repeat it for more.")
    ],
    tz: Tz = None,
    all_day: Annotated[
        str | None,
        typer.Option("--all-day", metavar="TIME", help="When events without a time fire: 09:00."),
    ] = None,
    alarms: Annotated[
        bool, typer.Option("--alarms", help="Send ahead, too, when an event's alarm rings.")
    ] = False,
    check: Check = False,
) -> None:
    """Add the events of an ICS file as reminders.

    What is not taken is listed with its reason, by --check before anything is done. An event sends
    its description, or its name where it has none.
    """
    request = ReminderImport(
        ics=read_text(file, "the calendar"),
        account=account,
        to=to,
        tz=tz,
        all_day=all_day,
        alarms=alarms,
        check=check,
    )
    result = cli.call(request)
    if not (cli.output.json or cli.output.quiet):
        cli.show(result, _taken)
    for each in result.not_taken:
        cli.note(f"not taken: {each.name or '(without a name)'}: {each.reason}")
    for warning in result.warnings:
        cli.note(f"warning: {warning}")
    cli.changed(
        result, counted(len(result.reminders), "reminder"), "imported", idle=" there already"
    )


def _taken(result: Imported) -> Iterator[Block]:
    rows = [[each.reminder, each.status, each.next_at or "-"] for each in result.reminders]
    yield Table(["NAME", "STATUS", "NEXT"], rows, flexible=["NAME"])


def export(
    cli: Invocation,
    reminders: Annotated[
        list[str] | None,
        typer.Argument(metavar="[REMINDER]...", help="Which ones; without: all that are active."),
    ] = None,
    *,
    ics: Annotated[bool, typer.Option("--ics", help="As an ICS file (RFC 5545).")] = False,
) -> None:
    """Write reminders as an ICS file.

    What such a file cannot say (days off, quiet hours, turns, fields) is written as its next times;
    what no event has (files, mentions, misfire rules, follow-ups) is left out, and said.
    """
    if not ics:
        message = "cannot export reminders: it is not said as what"
        raise WaremindError(ErrorCode.USAGE, message, hint="waremind reminder export --ics > FILE")
    result = cli.call(ReminderExport(reminders=reminders or []))
    if cli.output.json:
        cli.show(result, lambda _: ())
    else:
        cli.output.lines(result.ics)
    for each in result.left_out:
        cli.note(f"{each.name}: {each.reason}")
