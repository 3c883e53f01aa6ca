"""How data looks to a person: whole lines in a pipe, drawn by rich on a terminal."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from waremind.cli.drawing import renderables
from waremind.cli.layout import (
    Block,
    Paragraph,
    Prose,
    Record,
    Styled,
    Table,
    columns_of,
    plain_lines,
)


def _drawn(block: Block, width: int, *, colour: bool = False) -> list[str]:
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=True,
        color_system="standard" if colour else None,
    )
    with console.capture() as captured:
        for each in renderables([block], console):
            console.print(each, soft_wrap=True)
    return [line.rstrip() for line in captured.get().splitlines()]


ACCOUNTS = Table(
    ["LABEL", "STATUS"],
    [["a very long label indeed", Styled("connected", "good")], ["ops", "banned"]],
    flexible=["LABEL"],
)


def test_columns_are_aligned_and_lines_end_without_spaces() -> None:
    assert list(plain_lines(ACCOUNTS)) == [
        "LABEL                     STATUS",
        "a very long label indeed  connected",
        "ops                       banned",
    ]


def test_on_a_narrow_terminal_only_flexible_columns_are_shortened() -> None:
    assert _drawn(ACCOUNTS, 25) == [
        "LABEL           STATUS",
        "a very long l…  connected",
        "ops             banned",
    ]


def test_a_column_keeps_enough_to_be_recognised_however_narrow_the_terminal_is() -> None:
    assert _drawn(ACCOUNTS, 5)[1] == "a very long…  connected"


def test_on_a_narrow_terminal_optional_columns_go_first_the_last_one_before_the_others() -> None:
    table = Table(["A", "B", "C"], [["x" * 20, "y" * 9, "z" * 9]], ["A"], ["B", "C"])
    assert _drawn(table, 42)[0].split() == ["A", "B", "C"]
    assert _drawn(table, 41)[0].split() == ["A", "B"]
    assert _drawn(table, 30)[1] == "x" * 20
    assert _drawn(table, 15)[1] == "x" * 14 + "…"


def test_a_long_name_is_shortened_before_it_pushes_other_columns_out() -> None:
    table = Table(["NAME", "PHONE", "ID"], [["n" * 60, "p" * 14, "i" * 16]], ["NAME"], ["ID"])
    header, row = _drawn(table, 80)
    assert header.split() == ["NAME", "PHONE", "ID"]
    assert row == f"{'n' * 45}…  {'p' * 14}  {'i' * 16}"
    assert list(plain_lines(table))[1] == f"{'n' * 60}  {'p' * 14}  {'i' * 16}"


def test_a_name_that_can_hardly_be_read_costs_an_optional_column() -> None:
    table = Table(["NAME", "ID"], [["n" * 60, "i" * 16]], ["NAME"], ["ID"])
    assert _drawn(table, 42)[0].split() == ["NAME", "ID"]
    assert _drawn(table, 41)[0].split() == ["NAME"]


def test_an_empty_table_is_its_header() -> None:
    assert _drawn(Table(["A", "B"], []), 20) == ["A  B"]


def test_colour_stands_around_a_cell_and_not_around_its_padding() -> None:
    table = Table(["A", "B"], [[Styled("x", "bad"), "y"]])
    assert _drawn(table, 80, colour=True)[1] == "\x1b[31mx\x1b[0m  y"


def test_a_record_leaves_out_what_has_no_value() -> None:
    record = Record([("label", "ops"), ("phone", None), ("banned until", "noon")])
    assert list(plain_lines(record)) == ["label:        ops", "banned until: noon"]


def test_a_long_value_goes_on_below_itself() -> None:
    record = Record([("meaning", Styled("one two three", "bad"))])
    assert _drawn(record, 16) == ["meaning: one two", "         three"]
    assert _drawn(record, 16, colour=True) == [
        "\x1b[2mmeaning: \x1b[0m\x1b[31mone two\x1b[0m",
        "         \x1b[31mthree\x1b[0m",
    ]
    assert list(plain_lines(record)) == ["meaning: one two three"]


def test_prose_goes_on_below_its_words_and_no_word_is_broken() -> None:
    prose = Prose("open WhatsApp on the phone", label="fix: ")
    assert _drawn(prose, 20) == ["fix: open WhatsApp", "     on the phone"]
    assert _drawn(prose, 3) == [
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
    prose = Prose(f"it is held, so: {command}; or wait", "hint: ")
    assert _drawn(prose, 20) == [
        "hint: it is held,",
        "      so:",
        f"      {command};",
        "      or wait",
    ]


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
    assert _drawn(Prose(text), 6) == lines


def test_a_paragraph_keeps_its_lines() -> None:
    assert list(plain_lines(Paragraph("one\n\ntwo"))) == ["  one", "  ", "  two"]


EMOJI = "👩‍👩‍👧 ❤️ 👍🏽 🏳️‍🌈 🧑🏽‍🚀 1️⃣ 🇩🇪 🧔‍♂️ ⌚ ☺"


@pytest.mark.parametrize("text", ["ops", "日本", "e\u0301", "각", "กำ", *EMOJI.split()])
def test_columns_line_up_whoever_counts_them(text: str) -> None:
    assert columns_of(text) == cell_len(text)


@pytest.mark.parametrize(("text", "columns"), [("ops", 3), ("日本", 4), ("e\u0301", 1), ("🎉", 2)])
def test_width_is_counted_in_columns_of_the_terminal(text: str, columns: int) -> None:
    assert columns_of(text) == columns
