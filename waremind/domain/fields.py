"""What stands in braces in a text: read once, filled in for each message."""

import string
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from waremind.domain.mentions import (
    BY_ROTATION,
    Addresses,
    Entry,
    addressed,
    entry_of,
    members_of,
    mentions_of,
    user_of,
)
from waremind.domain.plan_options import PlanOptions
from waremind.domain.planned import Planned
from waremind.domain.wall_time import wall_of
from waremind.errors import ErrorCode, WaremindError

FIELDS = ("date", "time", "weekday", "days_left", "n", "turn")
# A field is of no use without what it is read from.
NEEDS = {"turn": "--rotate", "days_left": "--until-day"}


def fields_of(text: str) -> set[str]:
    """Return the names in a text's braces. Raises WaremindError `invalid_input`."""
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError as error:
        raise _refused(str(error), "write a brace itself as {{ or }}") from None
    for _, name, spec, conversion in pieces:
        if name is not None and (name not in FIELDS or spec or conversion):
            shown = name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            known = ", ".join(f"{{{field}}}" for field in FIELDS)
            raise _refused(f"{{{shown}}} is no field", f"known: {known}; {{{{ is a brace")
    return {name for _, name, _, _ in pieces if name is not None}


def check_fields(text: str, options: PlanOptions) -> None:
    """Refuse a text and options that do not fit. Raises WaremindError `invalid_input`."""
    names = fields_of(text) if options.fields else set[str]()
    given = {"turn": bool(options.rotate), "days_left": options.until_day is not None}
    for name, flag in NEEDS.items():
        if name in names and not given[name]:
            raise _refused(f"{{{name}}} needs {flag}", f"add {flag}, or leave {{{name}}} out")
        if given[name] and not options.fields:
            reason = f"{flag} is given, but fields are not filled in"
            raise _refused(reason, f"add --fields, and write {{{name}}} where it belongs")


def left_as_they_stand(text: str, options: PlanOptions) -> list[str]:
    """List the fields in a text that nobody fills in, as --fields is not given."""
    braced = [] if options.fields else [f"{{{name}}}" for name in FIELDS]
    return [field for field in braced if field in text]


class Filled(NamedTuple):
    """A text as it is sent, and the addresses that it mentions."""

    text: str
    mentions: tuple[str, ...]


def filled(
    text: str, options: PlanOptions, one: Planned, zone: ZoneInfo, addresses: Addresses
) -> Filled:
    """Return what is sent of an occurrence, or ahead of it: its date and time, not the message's.

    Without --fields and --mention a text is sent byte for byte.
    """
    turn = entry_in(options, one)
    members = members_of(options.mention, turn)
    if options.fields:
        if turn and turn.member in members and (found := addresses.get(turn.member)):
            text = text.replace(f"@{BY_ROTATION}", f"@{user_of(found[0])}")
        text = text.format_map(_values(options, one, zone))
    return Filled(addressed(text, members, addresses), mentions_of(members, addresses))


def named_by(options: PlanOptions) -> tuple[str, ...]:
    """Name all whom a reminder's messages mention, whoever's turn it is."""
    turns = [entry_of(entry) for entry in options.rotate] or [None]
    named = (member for turn in turns for member in members_of(options.mention, turn))
    return tuple(dict.fromkeys(named))


def _entry_at(options: PlanOptions, number: int) -> Entry | None:
    return entry_of(options.rotate[number % len(options.rotate)]) if options.rotate else None


def entry_in(options: PlanOptions, one: Planned) -> Entry | None:
    """Say whose turn an occurrence is."""
    return _entry_at(options, one.number)


def person_at(options: PlanOptions, number: int) -> str | None:
    """Say by name whose turn it is when so many have been before."""
    turn = _entry_at(options, number)
    return turn.name if turn else None


def person_of(options: PlanOptions, one: Planned) -> str | None:
    """Say by name whose turn an occurrence is."""
    return person_at(options, one.number)


def _values(options: PlanOptions, one: Planned, zone: ZoneInfo) -> Mapping[str, object]:
    wall = wall_of(one.announces, zone)
    return {
        "date": f"{wall:%Y-%m-%d}",
        "time": f"{wall:%H:%M}",
        "weekday": f"{wall:%A}",
        "days_left": _days_left(wall.date(), options.until_day),
        "n": one.number + 1,
        "turn": person_of(options, one),
    }


def _days_left(day: date, until: date | None) -> int | None:
    return (until - day).days if until else None


def _refused(reason: str, hint: str) -> WaremindError:
    return WaremindError(ErrorCode.INVALID_INPUT, f"cannot use this text: {reason}", hint=hint)
