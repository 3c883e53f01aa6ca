"""Ids that carry their kind, names, and what an argument that may be either of them is."""

import difflib
import os
import re
import unicodedata
from collections.abc import Iterable
from itertools import islice
from typing import Literal, NamedTuple, get_args

from waremind.domain.characters import without_hidden
from waremind.errors import ErrorCode, WaremindError

Kind = Literal["acc", "cal", "grp", "nod", "rem", "run"]

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: nothing to misread
LENGTH = 12  # 60 bits
MAX_NAME = 64
MAX_CANONICAL = 1_000  # no name of a group is as long

# Compiled when they are first used: few commands read a name.
_ID_FORM = rf"(?i:{'|'.join(get_args(Kind))})_"
_JID_FORM = r".*@(?i:g\.us|s\.whatsapp\.net|lid|newsletter|broadcast)"
COMPARED_AT_MOST = 1_000  # names, in 10 ms of everybody's time


class Reference(NamedTuple):
    """What an operator refers to something by; only one that is a name is compared with names."""

    kind: Literal["id", "jid", "name"]
    text: str


def parse_reference(argument: str) -> Reference:
    """Tell by its form whether an argument is an id, a JID or a name, whatever has such a name."""
    text = plain(argument)
    if re.match(_ID_FORM, text):
        return Reference("id", text)
    return Reference("jid" if re.fullmatch(_JID_FORM, text) else "name", text)


def new_id(kind: Kind) -> str:
    """Make an id such as `acc_7k3m9q2v5x8z`."""
    # What `secrets` does, without the 4 ms that importing it costs every command.
    bits = int.from_bytes(os.urandom(8), "big")
    return f"{kind}_{''.join(ALPHABET[bits >> 5 * place & 31] for place in range(LENGTH))}"


def _broken_rule(name: str) -> str | None:
    """Say which rule of names is broken, in the order in which a person would notice."""
    rules = {
        "it is empty": not plain(name),
        f"it is longer than {MAX_NAME} characters": len(name) > MAX_NAME,
        "it has a control or another invisible character": not name.isprintable()
        or name != without_hidden(name),
        "it begins or ends with a space": name != name.strip(),
        "it begins with a dash": name.startswith("-"),
        "it is all digits": name.isdigit(),
        "it has the form of an id": re.match(_ID_FORM, name) is not None,
    }
    return next((rule for rule, broken in rules.items() if broken), None)


def valid_name(text: str, what: str) -> str:
    """Return `text`, canonical, if it can name `what` (an account, a reminder).

    Raises WaremindError `invalid_input` naming the rule that it breaks.
    """
    name = canonical(text)
    if rule := _broken_rule(name):
        message = f"cannot name {what} {shown(text)}: {rule}"
        hint = f"use 1-{MAX_NAME} printable characters that are not all digits, such as: ops"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)
    return name


def canonical(name: str) -> str:
    """Write a name in the one way, Unicode's NFC, in which names are stored.

    One that is too long to be any stays as it is: NFC takes minutes for a megabyte of accents.
    """
    return unicodedata.normalize("NFC", name) if len(name) <= MAX_CANONICAL else name


def plain(name: str) -> str:
    """Write a name as names are compared: canonical, without what nobody sees and outer spaces."""
    return canonical(without_hidden(name)).strip()


def near_misses(name: str, names: Iterable[str]) -> list[str]:
    """List up to three of these names that look like `name`, the likest first."""
    if len(name) > MAX_CANONICAL:
        return []
    by_look = {plain(each).casefold(): each for each in islice(names, COMPARED_AT_MOST)}
    found = difflib.get_close_matches(plain(name).casefold(), by_look, cutoff=0.7)
    return [by_look[look] for look in found]


def suggesting(near: Iterable[str], otherwise: str) -> str:
    """Write a hint: what may have been meant, if anything comes near, and what helps otherwise."""
    meant = " or ".join(near)
    return f"did you mean {meant}? {otherwise}" if meant else otherwise


def shown(text: str, limit: int = 40) -> str:
    """Quote what somebody typed so that it cannot disturb a terminal or flood a line."""
    return repr(text if len(text) <= limit else text[:limit] + "…")
