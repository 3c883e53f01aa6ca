"""`waremind reminder add`, `set` and `edit`: what makes a reminder."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer
from msgspec import UNSET, UnsetType

from waremind.cli.invocation import Invocation
from waremind.cli.message import Text, TextFile, given_text, message_text
from waremind.cli.options import AccountOption, Check, ExistOk, ReminderArgument
from waremind.cli.reminder_views import upcoming
from waremind.domain.duration import parse_duration
from waremind.domain.quoting import quoted
from waremind.objects import MisfireRule
from waremind.requests.reminder import ReminderAdd, ReminderChanged, ReminderEdit

V = TypeVar("V")

_TO = typer.Option("--to", metavar="GROUP", help="Name, id or JID; repeat it for more groups.")
_MISFIRE = typer.Option("--misfire", help="What becomes of those that are too late.")
_MENTION_ALL = typer.Option(
    "--mention-all/--no-mention-all", help="Mention every member.", show_default=False
)

At = Annotated[str | None, typer.Option("--at", metavar="WHEN", help="Once: 2026-12-01T09:00.")]
Rrule = Annotated[
    str | None, typer.Option("--rrule", metavar="RULE", help="Again and again: RFC 5545.")
]
Start = Annotated[
    str | None, typer.Option("--start", metavar="WHEN", help="Where the rule starts.")
]
Tz = Annotated[
    str | None, typer.Option("--tz", metavar="ZONE", help="Time zone, such as Europe/Berlin.")
]
Grace = Annotated[
    str | None, typer.Option("--grace", metavar="DURATION", help="How late is too late: 10m.")
]


def writer(kind: type[ReminderAdd]) -> Callable[..., None]:
    """Make the command that asks for `kind`: `add` and `set` take the same options."""

    def write(
        cli: Invocation,
        name: Annotated[str, typer.Argument(metavar="NAME", help="What you call it.")],
        *,
        account: AccountOption,
        to: Annotated[list[str], _TO],
        text: Text = None,
        text_file: TextFile = None,
        at: At = None,
        rrule: Rrule = None,
        start: Start = None,
        tz: Tz = None,
        misfire: Annotated[MisfireRule, _MISFIRE] = "skip",
        grace: Grace = None,
        mention_all: Annotated[bool, _MENTION_ALL] = False,
        exist_ok: ExistOk = False,
        check: Check = False,
    ) -> None:
        request = kind(
            name=name,
            account=account,
            to=to,
            text=message_text(text, text_file),
            at=at,
            rrule=rrule,
            start=start,
            tz=tz,
            misfire=misfire,
            grace_seconds=_seconds(grace),
            mention_all=mention_all,
            exist_ok=exist_ok,
            check=check,
        )
        result = cli.call(request)
        _report(cli, result, name, "changed" if result.created is False else "added")

    return write


def edit(
    cli: Invocation,
    reminder: ReminderArgument,
    *,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Its new name.")
    ] = None,
    to: Annotated[list[str] | None, _TO] = None,
    text: Text = None,
    text_file: TextFile = None,
    at: At = None,
    rrule: Rrule = None,
    start: Start = None,
    tz: Tz = None,
    misfire: Annotated[MisfireRule | None, _MISFIRE] = None,
    grace: Grace = None,
    mention_all: Annotated[bool | None, _MENTION_ALL] = None,
    check: Check = False,
) -> None:
    """Change what is given and nothing else; --to replaces all groups."""
    request = ReminderEdit(
        reminder=reminder,
        name=_given(name),
        to=_given(to or None),
        text=_given(given_text(text, text_file)),
        at=_given(at),
        rrule=_given(rrule),
        start=_given(start),
        tz=_given(tz),
        misfire=_given(misfire),
        grace_seconds=_given(_seconds(grace)),
        mention_all=_given(mention_all),
        check=check,
    )
    _report(cli, cli.call(request), reminder, "changed")


def _report(cli: Invocation, result: ReminderChanged, name: str, done: str) -> None:
    for warning in result.warnings:
        cli.note(f"warning: {warning}")
    subject = f"reminder {quoted(name)}"
    cli.changed(result, subject, done, *upcoming(result), idle=" left as it was")


def _given(value: V | None) -> V | UnsetType:
    return UNSET if value is None else value


def _seconds(grace: str | None) -> int | None:
    if grace is None:
        return None
    return int(parse_duration(grace, flag="--grace").total_seconds())
