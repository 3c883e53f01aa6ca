"""A name is written as a shell takes it."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waremind.domain.quoting import quoted


@given(st.text().filter(lambda text: "\0" not in text))
def test_a_quoted_name_is_one_word_to_a_shell(name: str) -> None:
    assert shlex.split(quoted(name)) == [name]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("ops-2", "ops-2"),
        ("Grüße", "Grüße"),
        ("1203@g.us", "1203@g.us"),
        ("the bot", "'the bot'"),
        ("a, b", "'a, b'"),
        ("", "''"),
        ("the bot's", '"the bot\'s"'),
        ("it's $5", "'it'\"'\"'s $5'"),
    ],
)
def test_a_plain_word_stands_bare_and_anything_else_in_quotes(name: str, written: str) -> None:
    assert quoted(name) == written
