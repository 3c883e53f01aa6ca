"""The project's words are the field's: no name in the code is one that the dictionary rules out."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import waremind

ROOT = Path(waremind.__file__).parent

# docs/concepts.md says what these are called instead.
NEVER = {"bot", "cron", "execution", "helper", "instance", "job", "login", "manager", "payload"}
NEVER |= {"response", "tick", "utils"}
LIBRARIES = {"_NewClient__onLoginStatus", "utils"}  # what neonize calls it
# Words that only we understood, by the package that had them.
PRIVATE = {
    "cli": {"deleting", "noun", "ticking", "wish", "wishes"},
    "daemon": {"addressing", "agree", "asking", "awaited", "door", "firing", "fulfil", "futures"}
    | {"glance", "ground", "grounded", "listener", "listeners", "moments", "overview", "pulse"}
    | {"steadily", "turn", "turned", "unjudged", "unsure", "usable"},
    "domain": set[str](),
    "install": set[str](),
    "requests": set[str](),
    "store": {"examination", "history", "leftovers", "listener", "turn"},
    "whatsapp": {"birth", "born", "bury", "children", "crew", "introduce", "listener", "outlive"}
    | {"turned", "voice"},
}


@pytest.mark.parametrize("package", PRIVATE)
def test_every_name_is_made_of_words_that_the_field_knows(package: str) -> None:
    forbidden = NEVER | PRIVATE[package]
    found = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in (ROOT / package).rglob("*.py")
        for name in {file.stem, *_names(file)} - LIBRARIES
        if forbidden & set(_words(name))
    }
    assert not found


def _names(file: Path) -> Iterator[str]:
    with file.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.NAME:
                yield token.string


def _words(name: str) -> list[str]:
    """Take `PairQr` or `pair_qr` apart."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)]
