"""How data looks to a person."""

from __future__ import annotations

import pytest

from waremind.cli.layout import Page, Paragraph, Prose, Record, Table
from waremind.cli.text import Styled, columns_of, wrapped

ACCOUNTS = Table(
    ["LABEL", "STATUS"],
    [["a very long label indeed", Styled("connected", "good")], ["ops", "banned"]],
    flexible=["LABEL"],
)


def test_columns_are_aligned_and_lines_end_without_spaces() -> None:
    assert list(Page().lines(ACCOUNTS)) == [
        "LABEL                     STATUS",
        "a very long label indeed  connected",
        "ops                       banned",
    ]


def test_on_a_narrow_terminal_only_flexible_columns_are_shortened() -> None:
    assert list(Page(width=25).lines(ACCOUNTS)) == [
        "LABEL           STATUS",
        "a very long l…  connected",
        "ops             banned",
    ]


def test_a_column_keeps_enough_to_be_recognised_however_narrow_the_terminal_is() -> None:
    assert list(Page(width=5).lines(ACCOUNTS))[1] == "a very long…  connected"


def test_on_a_narrow_terminal_optional_columns_go_first_the_last_one_before_the_others() -> None:
    table = Table(["A", "B", "C"], [["x" * 20, "y" * 9, "z" * 9]], ["A"], ["B", "C"])
    assert next(iter(Page(width=42).lines(table))).split() == ["A", "B", "C"]
    assert next(iter(Page(width=41).lines(table))).split() == ["A", "B"]
    assert list(Page(width=30).lines(table))[1] == "x" * 20
    assert list(Page(width=15).lines(table))[1] == "x" * 14 + "…"


def test_a_long_name_is_shortened_before_it_pushes_other_columns_out() -> None:
    table = Table(["NAME", "PHONE", "ID"], [["n" * 60, "p" * 14, "i" * 16]], ["NAME"], ["ID"])
    header, row = Page(width=80).lines(table)
    assert header.split() == ["NAME", "PHONE", "ID"]
    assert row == f"{'n' * 45}…  {'p' * 14}  {'i' * 16}"
    assert list(Page().lines(table))[1] == f"{'n' * 60}  {'p' * 14}  {'i' * 16}"


def test_a_name_that_can_hardly_be_read_costs_an_optional_column() -> None:
    table = Table(["NAME", "ID"], [["n" * 60, "i" * 16]], ["NAME"], ["ID"])
    assert next(iter(Page(width=42).lines(table))).split() == ["NAME", "ID"]
    assert next(iter(Page(width=41).lines(table))).split() == ["NAME"]


def test_an_empty_table_is_its_header() -> None:
    assert list(Page(width=20).lines(Table(["A", "B"], []))) == ["A  B"]


def test_colour_stands_around_a_cell_and_not_around_its_padding() -> None:
    row = list(Page(colour=True).lines(Table(["A", "B"], [[Styled("x", "bad"), "y"]])))[1]
    assert row == "\x1b[31mx\x1b[0m  y"


def test_a_record_leaves_out_what_has_no_value() -> None:
    record = Record([("label", "ops"), ("phone", None), ("banned until", "noon")])
    assert list(Page().lines(record)) == ["label:        ops", "banned until: noon"]


def test_a_long_value_goes_on_below_itself() -> None:
    record = Record([("meaning", Styled("one two three", "bad"))])
    assert list(Page(width=16).lines(record)) == ["meaning: one two", "         three"]
    assert list(Page(width=16, colour=True).lines(record)) == [
        "meaning: \x1b[31mone two\x1b[0m",
        "         \x1b[31mthree\x1b[0m",
    ]
    assert list(Page().lines(record)) == ["meaning: one two three"]


def test_prose_goes_on_below_its_words_and_no_word_is_broken() -> None:
    prose = Prose("open WhatsApp on the phone", label="fix: ")
    assert list(Page(width=20).lines(prose)) == ["fix: open WhatsApp", "     on the phone"]
    assert list(Page(width=3).lines(prose)) == [
        *("fix: open", "     WhatsApp", "     on", "     the", "     phone"),
    ]


@pytest.mark.parametrize(
    "command",
    [
        "waremind account pair 'the second account'",
        "waremind run resolve RUN --as sent|failed",
        'waremind thaw --account "the bot\'s own"',
    ],
)
def test_a_command_is_left_whole_so_that_it_can_be_copied(command: str) -> None:
    lines = wrapped(f"it is held, so: {command}; or wait", 20, "hint: ")
    assert lines == ["hint: it is held,", "      so:", f"      {command};", "      or wait"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("日本 日本", ["日本", "日本"]),
        ("a  b", ["a  b"]),
        ("aaaaaaaa b", ["aaaaaaaa", "b"]),
    ],
)
def test_words_are_counted_in_columns_and_kept_as_they_are(text: str, lines: list[str]) -> None:
    assert wrapped(text, 6) == lines


def test_a_paragraph_keeps_its_lines() -> None:
    assert list(Page().lines(Paragraph("one\n\ntwo"))) == ["  one", "  ", "  two"]


@pytest.mark.parametrize(
    ("text", "columns"), [("ops", 3), ("日本", 4), ("e\u0301", 1), ("🎉", 2), ("a\u200db", 2)]
)
def test_width_is_counted_in_columns_of_the_terminal(text: str, columns: int) -> None:
    assert columns_of(text) == columns
