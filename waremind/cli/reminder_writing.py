"""`waremind reminder add`, `set` and `edit`: what makes a reminder."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer
from msgspec import UNSET, UnsetType

from waremind.cli.invocation import Invocation
from waremind.cli.media import DocumentFile, FileName, ImageFile, call, given_file
from waremind.cli.message import Text, TextFile, given_text, message_text, read_text
from waremind.cli.options import AccountOption, Check, ExistOk, ReminderArgument
from waremind.cli.reminder_options import (
    Also,
    At,
    Before,
    Crontab,
    Except,
    Fields,
    FollowUp,
    Grace,
    Mention,
    Off,
    OnCalendar,
    OnDayOff,
    Quiet,
    Rotate,
    RotateSkipped,
    Rrule,
    Start,
    Tz,
    UnlessRead,
    UntilDay,
    Workdays,
)
from waremind.cli.reminder_views import upcoming
from waremind.domain.duration import parse_duration
from waremind.domain.ids import shown
from waremind.domain.quoting import quoted
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import MisfireRule
from waremind.requests.reminder import ReminderAdd, ReminderChanged, ReminderEdit

V = TypeVar("V")

_TO = typer.Option("--to", metavar="GROUP", help="Name, id or JID; repeat it for more groups.")
_MISFIRE = typer.Option("--misfire", help="What becomes of those that are too late.")
_MENTION_ALL = typer.Option(
    "--mention-all/--no-mention-all", help="Mention every member.", show_default=False
)


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
        image: ImageFile = None,
        document: DocumentFile = None,
        file_name: FileName = None,
        at: At = None,
        rrule: Rrule = None,
        crontab: Crontab = None,
        on_calendar: OnCalendar = None,
        start: Start = None,
        tz: Tz = None,
        misfire: Annotated[MisfireRule, _MISFIRE] = "skip",
        grace: Grace = None,
        mention_all: Annotated[bool, _MENTION_ALL] = False,
        mention: Mention = None,
        except_: Except = None,
        also: Also = None,
        off: Off = None,
        workdays: Workdays = None,
        on_off: OnDayOff = None,
        before: Before = None,
        quiet_hours: Quiet = None,
        rotate: Rotate = None,
        rotate_skipped: RotateSkipped = None,
        follow_up: FollowUp = None,
        unless_read: UnlessRead = None,
        fields: Fields = None,
        until_day: UntilDay = None,
        exist_ok: ExistOk = False,
        check: Check = False,
    ) -> None:
        file = given_file(image, document, file_name, text_file)
        request = kind(
            name=name,
            account=account,
            to=to,
            text=message_text(text, text_file, needed=file is None),
            media=_given(file and file.media),
            at=at,
            rrule=rrule,
            crontab=crontab,
            on_calendar=on_calendar,
            start=start,
            tz=tz,
            misfire=misfire,
            grace_seconds=_seconds(grace),
            mention_all=mention_all,
            mention=_given(_named(mention)),
            except_=_given(except_ or None),
            also=_given(also or None),
            off=_given(off or None),
            workdays=_given(workdays),
            on_off=_given(on_off),
            before=_given(leads(before)),
            quiet=_given(quiet_hours),
            rotate=_given(turns(rotate)),
            rotate_skipped=_given(rotate_skipped),
            follow_up_seconds=_given(_follow_up(follow_up)),
            unless_read_percent=_given(percent(unless_read)),
            fields=_given(fields),
            until_day=_given(until_day),
            exist_ok=exist_ok,
            check=check,
        )
        result = call(cli, request, file)
        written(cli, result, name, "changed" if result.created is False else "added")

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
    image: ImageFile = None,
    document: DocumentFile = None,
    file_name: FileName = None,
    at: At = None,
    rrule: Rrule = None,
    crontab: Crontab = None,
    on_calendar: OnCalendar = None,
    start: Start = None,
    tz: Tz = None,
    misfire: Annotated[MisfireRule | None, _MISFIRE] = None,
    grace: Grace = None,
    mention_all: Annotated[bool | None, _MENTION_ALL] = None,
    mention: Mention = None,
    except_: Except = None,
    also: Also = None,
    off: Off = None,
    workdays: Workdays = None,
    on_off: OnDayOff = None,
    before: Before = None,
    quiet_hours: Quiet = None,
    rotate: Rotate = None,
    rotate_skipped: RotateSkipped = None,
    follow_up: FollowUp = None,
    unless_read: UnlessRead = None,
    fields: Fields = None,
    until_day: UntilDay = None,
    check: Check = False,
) -> None:
    """Change what is given and nothing else; --to replaces all groups."""
    file = given_file(image, document, file_name, text_file)
    is_taken_away = file is None and "" in {image, document}
    request = ReminderEdit(
        reminder=reminder,
        name=_given(name),
        to=_given(to or None),
        text=_given(given_text(text, text_file)),
        media=None if is_taken_away else _given(file and file.media),
        at=_given(at),
        rrule=_given(rrule),
        crontab=_given(crontab),
        on_calendar=_given(on_calendar),
        start=_given(start),
        tz=_given(tz),
        misfire=_given(misfire),
        grace_seconds=_given(_seconds(grace)),
        mention_all=_given(mention_all),
        mention=_given(_named(mention)),
        except_=_given(except_ or None),
        also=_given(also or None),
        off=_given(off or None),
        workdays=_given(workdays),
        on_off=_given(on_off),
        before=_given(leads(before)),
        quiet=_given(quiet_hours),
        rotate=_given(turns(rotate)),
        rotate_skipped=_given(rotate_skipped),
        follow_up_seconds=_given(_follow_up(follow_up)),
        unless_read_percent=_given(percent(unless_read)),
        fields=_given(fields),
        until_day=_given(until_day),
        check=check,
    )
    written(cli, call(cli, request, file), reminder, "changed")


def written(cli: Invocation, result: ReminderChanged, name: str, done: str) -> None:
    """Say what was done to a reminder, when it fires next, and what an operator should know."""
    for warning in result.warnings:
        cli.note(f"warning: {warning}")
    subject = f"reminder {quoted(name)}"
    cli.changed(result, subject, done, *upcoming(result), idle=" left as it was")


def leads(before: list[str] | None) -> list[int] | None:
    """Read --before as seconds; an empty one takes all away."""
    if not before:
        return None
    given = [text for text in before if text]
    return [int(parse_duration(text, flag="--before").total_seconds()) for text in given]


def percent(text: str | None) -> int | None:
    """Read --unless-read: `50%` or `50`. Raises WaremindError `invalid_input`."""
    if text is None:
        return None
    digits = text.removesuffix("%")
    if not (digits.isascii() and digits.isdigit()):
        message = f"cannot read --unless-read {shown(text)}: it is no percentage"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="--unless-read 50%")
    return int(digits)


def turns(rotate: str | None) -> list[str] | None:
    """Read --rotate: names with commas between them, or one a line in @FILE."""
    if rotate is None or not rotate:
        return None if rotate is None else []
    if not rotate.startswith("@"):
        return rotate.split(",")
    lines = read_text(rotate[1:], "the names").splitlines()
    return [line for line in lines if line.strip()]


def _given(value: V | None) -> V | UnsetType:
    return UNSET if value is None else value


def _named(mention: list[str] | None) -> list[str] | None:
    """Read --mention; an empty one takes all away."""
    return [text for text in mention if text] if mention else None


def _seconds(grace: str | None) -> int | None:
    return None if grace is None else int(parse_duration(grace, flag="--grace").total_seconds())


def _follow_up(text: str | None) -> int | None:
    """Read --follow-up as seconds; an empty one takes it away."""
    if not text:
        return None if text is None else 0
    return int(parse_duration(text, flag="--follow-up").total_seconds())
