"""`waremind calendar …`: days off under a name."""

from collections.abc import Callable, Iterator
from typing import Annotated

import typer

from waremind.cli import confirmation
from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.cli.layout import Block, Record, Table
from waremind.cli.message import read_text
from waremind.cli.options import Check, ExistOk, MissingOk, Yes
from waremind.domain.quoting import quoted
from waremind.requests import calendar as requests

commands = Commands("calendar", "Days off under a name, which reminders keep by --off.")

CalendarArgument = Annotated[str, typer.Argument(metavar="CALENDAR", help="Name or id.")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What you call it.")]
Country = Annotated[
    str | None, typer.Option("--country", metavar="CODE", help="Its public holidays: DE.")
]
Subdivision = Annotated[
    str | None, typer.Option("--subdivision", metavar="CODE", help="Those of this part: BY.")
]
Ics = Annotated[
    str | None, typer.Option("--ics", metavar="FILE", help="What its events cover; -: stdin.")
]
Days = Annotated[str | None, typer.Option("--days", metavar="FILE", help="A day a line; -: stdin.")]


def _writer(kind: type[requests.CalendarAdd], done: str) -> Callable[..., None]:
    """Make the command that asks for `kind`: `add` and `set` take the same options."""

    def write(
        cli: Invocation,
        name: NameArgument,
        *,
        country: Country = None,
        subdivision: Subdivision = None,
        ics: Ics = None,
        days: Days = None,
        exist_ok: ExistOk = False,
        check: Check = False,
    ) -> None:
        request = kind(
            name=name,
            country=country,
            subdivision=subdivision,
            ics=_read(ics),
            days=_read(days),
            exist_ok=exist_ok,
            check=check,
        )
        _written(cli, cli.call(request), name, done)

    return write


_SET = "Make a calendar, change it, or leave it as it is; reminders that keep it move with it."
commands.verb("add", help="Make a calendar.")(_writer(requests.CalendarAdd, "added"))
commands.verb("set", help=_SET)(_writer(requests.CalendarSet, "set"))


@commands.verb()
def refresh(
    cli: Invocation,
    calendar: CalendarArgument,
    *,
    ics: Ics = None,
    days: Days = None,
    check: Check = False,
) -> None:
    """Find its days anew: of its country, or of a newer file; reminders that keep it move."""
    request = requests.CalendarRefresh(
        calendar=calendar, ics=_read(ics), days=_read(days), check=check
    )
    _written(cli, cli.call(request), calendar, "refreshed")


def _read(file: str | None) -> str | None:
    return None if file is None else read_text(file, "the calendar")


def _written(cli: Invocation, result: requests.CalendarChanged, name: str, done: str) -> None:
    """Say what was done to a calendar, and which reminders move with it."""
    moves = [f"{each.reminder}: {each.was or '-'} → {each.next_at or '-'}" for each in result.moved]
    cli.changed(result, f"calendar {quoted(name)}", done, *moves, idle=" left as it was")


@commands.verb("list")
def list_(cli: Invocation) -> None:
    """List calendars."""
    result = cli.call(requests.CalendarList())
    cli.show(result, _table)
    if not result.calendars:
        cli.note("no calendar yet; waremind calendar add NAME --country DE")


def _table(result: requests.Calendars) -> Iterator[Block]:
    rows = [[each.name, _source(each), each.ends_on, each.id] for each in result.calendars]
    yield Table(["NAME", "DAYS OF", "ENDS", "ID"], rows, flexible=["NAME"], optional=["ID"])


def _source(calendar: requests.Calendar) -> str:
    if calendar.country is None:
        return {"ics": "an ICS file", "days": "a list"}[calendar.source]
    return calendar.country + (f"-{calendar.subdivision}" if calendar.subdivision else "")


@commands.verb()
def show(cli: Invocation, calendar: CalendarArgument) -> None:
    """Show a calendar and its days from today on."""
    cli.show(cli.call(requests.CalendarShow(calendar=calendar)), _record)


def _record(result: requests.CalendarResult) -> Iterator[Block]:
    calendar = result.calendar
    yield Record(
        [
            ("name", calendar.name),
            ("id", calendar.id),
            ("days of", _source(calendar)),
            ("ends", calendar.ends_on),
        ]
    )
    yield Table(["DAY", "NAME"], [[each.day, each.name or "-"] for each in result.days])


@commands.verb()
def delete(
    cli: Invocation,
    calendar: CalendarArgument,
    *,
    yes: Yes = False,
    missing_ok: MissingOk = False,
    check: Check = False,
) -> None:
    """Delete a calendar that no reminder keeps."""

    def ask(check: bool) -> requests.CalendarChanged:  # noqa: FBT001 - the one thing it differs in
        request = requests.CalendarDelete(calendar=calendar, missing_ok=missing_ok, check=check)
        return cli.call(request)

    def loss(result: requests.CalendarChanged) -> str | None:
        return "" if result.calendar else None

    confirmation.delete(cli, f"calendar {quoted(calendar)}", ask, loss, yes=yes, check=check)
