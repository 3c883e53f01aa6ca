"""From `--except`, `--before`, `--quiet` and their kin to what bends a reminder's rule."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar, cast

from msgspec import UNSET, structs

from waremind.daemon.reminders.mentions import check_rotation, valid_entry, valid_mention
from waremind.domain.days_off import OnOff
from waremind.domain.duration import LONGEST
from waremind.domain.fields import check_fields
from waremind.domain.ids import MAX_NAME, canonical, shown
from waremind.domain.mentions import entry_of
from waremind.domain.plan_options import NEVER_QUIET, PlanOptions
from waremind.domain.quiet_hours import QuietHours
from waremind.domain.rule import WEEKDAYS
from waremind.domain.wall_time import parse_local
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.plan import PlanFields

MOST_EXCEPTIONS = 500
SHORTEST_FOLLOW_UP = 60
LONGEST_FOLLOW_UP = 30 * 86_400  # seconds
MOST_LEADS = 10
MOST_TURNS = 200
_DAYS = re.compile(r"([A-Z]{2})(?:-([A-Z]{2}))?", re.ASCII | re.IGNORECASE)

V = TypeVar("V")


def options_of(request: PlanFields, old: PlanOptions, text: str) -> PlanOptions:
    """Change what a request gives and nothing else. Raises WaremindError `invalid_input`."""
    given = {
        field: read(value)
        for name, (field, read) in _READERS.items()
        if (value := getattr(request, name)) is not UNSET
    }
    options = structs.replace(old, **given)
    check_size(options)
    check_fields(text, options)
    check_rotation(options)
    if options.follow_up and not text:
        hint = "add --text, or leave --follow-up out"
        raise _refused("--follow-up", "it says the text once more, and there is none", hint)
    return options


def check_size(options: PlanOptions) -> None:
    """Refuse more exceptions than are kept. Raises WaremindError `invalid_input`."""
    times = (options.excepted, options.also, options.skipped, options.moved)
    if sum(map(len, times)) > MOST_EXCEPTIONS:
        hint = "leave out those that are past, or change the rule"
        raise _refused("exceptions", f"there are more than {MOST_EXCEPTIONS} of them", hint)


def _times(flag: str) -> Callable[[Sequence[str]], tuple[datetime, ...]]:
    def read(texts: Sequence[str]) -> tuple[datetime, ...]:
        return tuple(sorted({parse_local(text, flag=flag) for text in texts}))

    return read


def _workdays(text: str) -> tuple[int, ...]:
    days: set[int] = set()
    for piece in text.split(","):
        found = _DAYS.fullmatch(piece.strip())
        names = [name.upper() for name in found.groups(default="") if name] if found else [""]
        if not set(names) <= set(WEEKDAYS):
            hint = "write it like --workdays MO-FR, or --workdays SU,MO,TU"
            raise _refused(f"--workdays {shown(text)}", "it names no weekdays", hint)
        first, last = WEEKDAYS.index(names[0]), WEEKDAYS.index(names[-1])
        days |= {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    return () if len(days) == len(WEEKDAYS) else tuple(sorted(days))


def _leads(seconds: Sequence[int]) -> tuple[int, ...]:
    for each in seconds:
        if not 0 < each <= LONGEST.total_seconds():
            what = f"--before of {each} seconds"
            raise _refused(what, "it is not within 0 and ten years", "write it like --before 1d")
    if len(seconds) > MOST_LEADS:
        raise _refused("--before", f"there are more than {MOST_LEADS}", "add a second reminder")
    return tuple(sorted(set(seconds), reverse=True))


def _quiet(text: str | None) -> str | None:
    return text if text in {None, NEVER_QUIET} else str(QuietHours.parse(cast("str", text)))


def _rotate(names: Sequence[str]) -> tuple[str, ...]:
    turns = tuple(valid_entry(canonical(name.strip())) for name in names)
    called = [entry_of(entry).name for entry in turns]
    for place, name in enumerate(called):
        if not name or len(name) > MAX_NAME or not name.isprintable():
            hint = f"name each by 1-{MAX_NAME} printable characters: --rotate Ana,Ben,Cem"
            raise _refused(f"--rotate {shown(name)}", "it is no name", hint)
        if name in called[:place]:
            hint = "leave it out once, or tell the two apart"
            raise _refused(f"--rotate {shown(name)}", "it is there twice", hint)
    if len(turns) > MOST_TURNS:
        raise _refused("--rotate", f"there are more than {MOST_TURNS} names", "use fewer")
    return turns


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        hint = "write it like --until-day 2026-12-24"
        raise _refused(f"--until-day {shown(text or '')}", "it is not a day", hint) from None


def _follow_up(seconds: int | None) -> int | None:
    if seconds and not SHORTEST_FOLLOW_UP <= seconds <= LONGEST_FOLLOW_UP:
        what = f"--follow-up of {seconds} seconds"
        hint = "write it like --follow-up 2h"
        raise _refused(what, "it is not within a minute and 30 days", hint)
    return seconds or None


def _percent(percent: int | None) -> int | None:
    if percent is not None and not 1 <= percent <= 100:  # noqa: PLR2004 - per cent
        what, hint = f"--unless-read {percent}%", "write it like --unless-read 50%"
        raise _refused(what, "it is not within 1 and 100", hint)
    return percent


def _as_given(value: V) -> V:
    return value


# A request's field → the option it changes, and how it is read.
_READERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "except_": ("excepted", _times("--except")),
    "also": ("also", _times("--also")),
    "on_off": ("on_off", OnOff),
    "workdays": ("workdays", _workdays),
    "before": ("leads", _leads),
    "quiet": ("quiet", _quiet),
    "rotate": ("rotate", _rotate),
    "rotate_skipped": ("rotate_skipped", _as_given),
    "fields": ("fields", _as_given),
    "until_day": ("until_day", _day),
    "mention": ("mention", valid_mention),
    "follow_up_seconds": ("follow_up", _follow_up),
    "unless_read_percent": ("unless_read", _percent),
}


def _refused(what: str, reason: str, hint: str) -> WaremindError:
    return WaremindError(ErrorCode.INVALID_INPUT, f"cannot use {what}: {reason}", hint=hint)
