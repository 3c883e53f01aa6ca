"""`waremind reminder add`, `set` and `edit`: what makes a reminder."""

from collections.abc import Callable
from typing import Annotated, Any, TypedDict, Unpack

import typer
from msgspec import UNSET, UnsetType

from waremind.cli.commands import expanded
from waremind.cli.invocation import Invocation
from waremind.cli.media import DocumentFile, FileName, GivenFile, ImageFile, call, given_file
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
    MentionAll,
    Misfire,
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
from waremind.requests.reminder import ReminderAdd, ReminderChanged, ReminderEdit

To = typer.Option("--to", metavar="GROUP", help="Name, id or JID; repeat it for more groups.")


class Said(TypedDict):
    """What `add`, `set` and `edit` can be told alike, in the order of --help; None: it was not."""

    text: Text
    text_file: TextFile
    image: ImageFile
    document: DocumentFile
    file_name: FileName
    at: At
    rrule: Rrule
    crontab: Crontab
    on_calendar: OnCalendar
    start: Start
    tz: Tz
    misfire: Misfire
    grace: Grace
    mention_all: MentionAll
    mention: Mention
    except_: Except
    also: Also
    off: Off
    workdays: Workdays
    on_off: OnDayOff
    before: Before
    quiet_hours: Quiet
    rotate: Rotate
    rotate_skipped: RotateSkipped
    follow_up: FollowUp
    unless_read: UnlessRead
    fields: Fields
    until_day: UntilDay


def writer(kind: type[ReminderAdd]) -> Callable[..., None]:
    """Make the command that asks for `kind`: `add` and `set` take the same options."""

    @expanded(Said, ahead_of="exist_ok", misfire="skip", mention_all=False)
    def write(
        cli: Invocation,
        name: Annotated[str, typer.Argument(metavar="NAME", help="What you call it.")],
        *,
        account: AccountOption,
        to: Annotated[list[str], To],
        exist_ok: ExistOk = False,
        check: Check = False,
        **said: Unpack[Said],
    ) -> None:
        file = _file(said)
        request = kind(
            name=name,
            account=account,
            to=to,
            text=message_text(said["text"], said["text_file"], needed=file is None),
            media=file.media if file else UNSET,
            exist_ok=exist_ok,
            check=check,
            **_asked(said),
        )
        result = call(cli, request, file)
        written(cli, result, name, "changed" if result.created is False else "added")

    return write


@expanded(Said, ahead_of="check")
def edit(
    cli: Invocation,
    reminder: ReminderArgument,
    *,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Its new name.")
    ] = None,
    to: Annotated[list[str] | None, To] = None,
    check: Check = False,
    **said: Unpack[Said],
) -> None:
    """Change what is given and nothing else; --to replaces all groups."""
    file = _file(said)
    is_taken_away = file is None and "" in {said["image"], said["document"]}
    kept = None if is_taken_away else UNSET
    text = given_text(said["text"], said["text_file"])
    request = ReminderEdit(
        reminder=reminder,
        name=UNSET if name is None else name,
        to=to or UNSET,
        text=UNSET if text is None else text,
        media=file.media if file else kept,
        check=check,
        **_asked(said),
    )
    written(cli, call(cli, request, file), reminder, "changed")


def _file(said: Said) -> GivenFile | None:
    return given_file(said["image"], said["document"], said["file_name"], said["text_file"])


def _asked(said: Said) -> dict[str, Any]:
    """Write what was said, but for text and files, as fields of the request."""
    asked = {
        "at": said["at"],
        "rrule": said["rrule"],
        "crontab": said["crontab"],
        "on_calendar": said["on_calendar"],
        "start": said["start"],
        "tz": said["tz"],
        "misfire": said["misfire"],
        "grace_seconds": _seconds(said["grace"]),
        "mention_all": said["mention_all"],
        "mention": _named(said["mention"]),
        "except_": said["except_"] or None,
        "also": said["also"] or None,
        "off": said["off"] or None,
        "workdays": said["workdays"],
        "on_off": said["on_off"],
        "before": leads(said["before"]),
        "quiet": said["quiet_hours"],
        "rotate": turns(said["rotate"]),
        "rotate_skipped": said["rotate_skipped"],
        "follow_up_seconds": _follow_up(said["follow_up"]),
        "unless_read_percent": percent(said["unless_read"]),
        "fields": said["fields"],
        "until_day": said["until_day"],
    }
    return {name: value for name, value in asked.items() if value is not None}


def written(cli: Invocation, result: ReminderChanged, name: str, done: str) -> None:
    """Say what was done to a reminder, when it fires next, and what an operator should know."""
    for warning in result.warnings:
        cli.note(f"warning: {warning}")
    cli.changed(result, _subject(result, name), done, *upcoming(result), idle=" left as it was")


def _subject(result: ReminderChanged, name: str) -> str:
    match result.occurrences:
        case UnsetType():
            return f"reminder {quoted(name)}"
        case (one,):
            return f"occurrence {one} of reminder {quoted(name)}"
        case several:
            return f"occurrences {', '.join(several)} of reminder {quoted(name)}"


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
