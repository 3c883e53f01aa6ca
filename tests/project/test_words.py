"""The code speaks the field's words, and none that only we would understand."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "waremind"

# What each of these would say, the field says in a word that everybody knows.
PRIVATE = set((Path(__file__).parent / "private_words.txt").read_text().split())
# What such a module holds nobody can tell.
VAGUE = {"manager", "helper", "helpers", "utils", "util", "common", "base", "data", "info", "misc"}


def modules() -> Iterator[Path]:
    return (path for path in sorted(ROOT.rglob("*.py")))


def names(path: Path) -> set[str]:
    """Read every name that stands in a module, the words of comments and texts apart."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


@pytest.mark.parametrize("package", sorted({path.parent for path in modules()}), ids=str)
def test_no_name_is_a_private_word(package: Path) -> None:
    found = {path.name: sorted(names(path) & PRIVATE) for path in package.glob("*.py")}
    assert {name: words for name, words in found.items() if words} == {}


def test_each_module_s_name_says_what_it_holds() -> None:
    stems = {path.stem for path in modules()} | {path.parent.name for path in modules()}
    assert stems & (VAGUE | PRIVATE) == set()
