"""The played phone reads a QR however a terminal shows it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import TypeAlias

import pytest
import qrcode
import qrcode.constants
import segno

from whatsapp_server.phone import QRError, read_qr, read_qr_png

Rows: TypeAlias = list[list[bool]]
Turn: TypeAlias = Callable[[Rows], Rows]

_KEYS = ",".join(base64.b64encode(bytes(range(size))).decode() for size in (96, 32, 32, 32))
PAYLOAD = f"https://wa.me/settings/linked_devices#2@{_KEYS},1"


def matrix(border: int) -> Rows:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=border)
    code.add_data(PAYLOAD)
    code.make()
    return code.get_matrix()


def half_blocks(rows: Rows) -> str:
    if len(rows) % 2:
        rows = [*rows, [False] * len(rows[0])]
    glyphs = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return "\n".join("".join(glyphs[cell] for cell in zip(*pair, strict=True)) for pair in pairs)


def doubled(rows: Rows, ink: str) -> str:
    return "\n".join("".join(ink * 2 if dark else "  " for dark in row) for row in rows)


def inverted(rows: Rows) -> Rows:
    return [[not dark for dark in row] for row in rows]


@pytest.mark.parametrize("border", [1, 2, 4])
@pytest.mark.parametrize("turn", [list, inverted], ids=["dark-on-light", "light-on-dark"])
def test_it_reads_half_blocks(border: int, turn: Turn) -> None:
    assert read_qr(half_blocks(turn(matrix(border)))) == PAYLOAD


@pytest.mark.parametrize("ink", ["█", "#"])
@pytest.mark.parametrize("turn", [list, inverted], ids=["dark-on-light", "light-on-dark"])
def test_it_reads_full_blocks_and_ascii(ink: str, turn: Turn) -> None:
    assert read_qr(doubled(turn(matrix(2)), ink)) == PAYLOAD


def test_it_reads_what_the_qrcode_library_prints() -> None:
    code = qrcode.QRCode(border=1)
    code.add_data(PAYLOAD)
    screen = io.StringIO()
    code.print_ascii(screen)
    assert read_qr(screen.getvalue()) == PAYLOAD


def test_it_finds_the_qr_between_other_lines() -> None:
    screen = f"Scan this:\n\n{half_blocks(matrix(1))}\n\nWaiting for the phone ####\n"
    indented = "\n".join("    " + line for line in screen.splitlines())
    assert read_qr(indented) == PAYLOAD


def test_colours_and_trimmed_lines_do_not_matter() -> None:
    lines = half_blocks(matrix(4)).splitlines()
    assert read_qr("\n".join(f"\x1b[30;47m{line.rstrip()}\x1b[0m" for line in lines)) == PAYLOAD


def test_it_reads_a_png() -> None:
    png = io.BytesIO()
    segno.make(PAYLOAD).save(png, kind="png", scale=4)
    assert read_qr_png(png.getvalue()) == PAYLOAD


def test_a_screen_without_a_qr_says_so() -> None:
    with pytest.raises(QRError, match="no QR on the screen"):
        read_qr("error: cannot pair: the daemon is not running\n")


def test_a_qr_cut_by_the_terminal_is_not_read() -> None:
    lines = half_blocks(matrix(1)).splitlines()
    with pytest.raises(QRError, match="cut, torn or covered"):
        read_qr("\n".join(line[:40] for line in lines))
