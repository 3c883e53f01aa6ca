"""A line of the log shows what it quotes, and nothing in it is hidden or steers a terminal."""

from __future__ import annotations

import logging

import pytest

from waremind.daemon.system.logs import sentence_of


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ops", "ops"),
        ("日本", "日本"),
        ("", "''"),
        ("Team 4", "'Team 4'"),
        ("a=b", "'a=b'"),
        ("a\nb", r"'a\nb'"),
        ("a\x1b[2Jb", r"'a\x1b[2Jb'"),
        ("a\u202eb", r"'a\u202eb'"),
        # Letters and marks that nobody sees, though they count as printable.
        ("a\u3164b", r"'a\u3164b'"),
        ("a\u034fb", r"'a\u034fb'"),
    ],
)
def test_a_name_is_quoted_where_it_would_be_misread(name: str, shown: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "transition", None, None)
    record.fields = {"account": name}
    assert sentence_of(record) == f"transition account={shown}"
