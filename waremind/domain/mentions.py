"""Whom a message mentions: as an operator names members, and as WhatsApp addresses them.

A phone shows `@NUMBER` in a text as a name where the message mentions the address whose user part
NUMBER is, which mostly is a LID's. So `@+49151234567` and `@{turn}` are written anew; what is
mentioned and not in the text is told by the phone alone.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

BY_ROTATION = "{turn}"
_MEMBER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{5,25}@(?:lid|s\.whatsapp\.net)", re.ASCII)
_NUMBER = re.compile(r"@(\+?[1-9][0-9]{6,14})(?![0-9])", re.ASCII)

Addresses = Mapping[str, Sequence[str]]
"""A member, as an operator names it (`+49151234567`, `123456@lid`), and its addresses in groups."""


class Entry(NamedTuple):
    """An entry of a rotation: what it is called, and which member it is."""

    name: str
    member: str | None


def is_member(text: str) -> bool:
    """Tell whether a text names a member: a number (`+` and digits), or an address."""
    return _MEMBER.fullmatch(text) is not None


def entry_of(entry: str) -> Entry:
    """Take an entry apart: `Ana=+49151234567`, `+49151234567`, or a name of no member."""
    name, _, member = entry.rpartition("=")
    if name and is_member(member):
        return Entry(name, member)
    return Entry(entry, entry if is_member(entry) else None)


def members_of(mention: Sequence[str], turn: Entry | None) -> tuple[str, ...]:
    """Name whom a message mentions, each once."""
    named = (turn.member if turn else None) if BY_ROTATION in mention else None
    fixed = (each for each in mention if each != BY_ROTATION)
    return tuple(dict.fromkeys([*fixed, *([named] if named else [])]))


def mentions_of(members: Sequence[str], addresses: Addresses) -> tuple[str, ...]:
    """List by which addresses these members are mentioned."""
    return tuple(dict.fromkeys(jid for each in members for jid in addresses.get(each, ())))


def addressed(text: str, members: Sequence[str], addresses: Addresses) -> str:
    """Write `@NUMBER` of those who are mentioned as phones look for it."""
    users = {each: user_of(addresses[each][0]) for each in members if addresses.get(each)}
    if not users:
        return text

    def user(found: re.Match[str]) -> str:
        number = "+" + found[1].removeprefix("+")
        return f"@{users[number]}" if number in users else found[0]

    return _NUMBER.sub(user, text)


def user_of(address: str) -> str:
    """Return the part of an address that stands in a text."""
    return address.partition("@")[0]
