"""A QR is read back as what it was made of, in every form."""

from __future__ import annotations

import io

import pyte
import pytest
import zxingcpp
from cli.terminal import picture
from PIL import Image

from waremind.cli import qr

PAYLOAD = "https://wa.me/settings/linked_devices#2@" + "A1b2C3d4/+" * 26
BLACK, WHITE = 0, 255


def _read(image: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(image)]


def _photograph(lines: list[str], background: int) -> Image.Image:
    screen = pyte.Screen(140, len(lines))
    pyte.Stream(screen).feed("\r\n".join(lines))
    return picture(screen, background)


@pytest.mark.parametrize("background", [BLACK, WHITE])
@pytest.mark.parametrize("drawn", ["small", "large", "ascii"])
@pytest.mark.parametrize("border", qr.BORDERS)
def test_a_coloured_qr_is_read_on_dark_and_on_light_terminals(
    drawn: qr.Drawn, background: int, border: int
) -> None:
    lines = qr.draw(qr.bordered(qr.modules_of(PAYLOAD), border), drawn, colour=True)
    assert _read(_photograph(lines, background)) == [PAYLOAD]


@pytest.mark.parametrize("drawn", ["small", "large"])
def test_a_qr_without_colour_is_read_on_a_dark_terminal(drawn: qr.Drawn) -> None:
    lines = qr.draw(qr.bordered(qr.modules_of(PAYLOAD), 1), drawn, colour=False)
    assert _read(_photograph(lines, BLACK)) == [PAYLOAD]


def test_a_png_is_read() -> None:
    content = qr.png(qr.bordered(qr.modules_of(PAYLOAD), 4))
    assert _read(Image.open(io.BytesIO(content)).convert("L")) == [PAYLOAD]


@pytest.mark.parametrize("drawn", ["small", "large", "ascii"])
def test_a_drawing_has_the_size_that_was_announced(drawn: qr.Drawn) -> None:
    modules = qr.bordered(qr.modules_of(PAYLOAD), 1)
    lines = qr.draw(modules, drawn, colour=False)
    assert (len(lines[0]), len(lines)) == qr.size_of(len(modules), drawn)


def test_a_code_of_whatsapp_fits_seventy_columns_and_thirty_five_rows() -> None:
    side = len(qr.bordered(qr.modules_of(PAYLOAD), min(qr.BORDERS)))
    columns, rows = qr.size_of(side, "small")
    assert columns <= 70
    assert rows <= 35
