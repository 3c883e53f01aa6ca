"""Ids that carry their kind, and the labels and names that can never be mistaken for one."""

import re
import secrets
import unicodedata
from typing import Literal, get_args

from waremind.errors import ErrorCode, WaremindError

Kind = Literal["acc", "grp", "rem", "run"]

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: nothing to misread
LENGTH = 12  # 60 bits
MAX_NAME = 64
MAX_CANONICAL = 1_000  # no name of a group is as long

_ID_FORM = re.compile(rf"({'|'.join(get_args(Kind))})_", re.IGNORECASE)


def new_id(kind: Kind) -> str:
    """Make an id such as `acc_7k3m9q2v5x8z`."""
    bits = secrets.randbits(5 * LENGTH)
    return f"{kind}_{''.join(ALPHABET[bits >> 5 * place & 31] for place in range(LENGTH))}"


def _broken_rule(name: str) -> str | None:
    """Say which rule of names is broken, in the order in which a person would notice."""
    rules = {
        "it is empty": not name.strip(),
        f"it is longer than {MAX_NAME} characters": len(name) > MAX_NAME,
        "it has a control or another unprintable character": not name.isprintable(),
        "it begins or ends with a space": name != name.strip(),
        "it begins with a dash": name.startswith("-"),
        "it is all digits": name.isdigit(),
        "it has the form of an id": _ID_FORM.match(name) is not None,
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
    """Write a name in the one way, Unicode's NFC, in which names are stored and looked for.

    One that is too long to be any stays as it is: NFC takes minutes for a megabyte of accents.
    """
    return unicodedata.normalize("NFC", name) if len(name) <= MAX_CANONICAL else name


def shown(text: str, limit: int = 40) -> str:
    """Quote what somebody typed so that it cannot disturb a terminal or flood a line."""
    return repr(text if len(text) <= limit else text[:limit] + "…")
