"""A QR is read back as what it was made of, in every form."""

from __future__ import annotations

import io
from collections.abc import Callable

import pyte
import pytest
import zxingcpp
from cli.terminal import picture
from PIL import Image
from rich.console import Console
from rich.text import Text

from waremind.cli import qr
from waremind.cli.screen import large, small

CODE = "https://wa.me/settings/linked_devices#2@" + "A1b2C3d4/+" * 26
BLACK, WHITE = 0, 255


def _read(image: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(image)]


def _photograph(drawn: str, background: int) -> Image.Image:
    screen = pyte.Screen(140, drawn.count("\n") + 1)
    pyte.Stream(screen).feed(drawn.replace("\n", "\r\n"))
    return picture(screen, background)


@pytest.mark.parametrize("background", [BLACK, WHITE])
@pytest.mark.parametrize("paint", [small, large])
@pytest.mark.parametrize("border", qr.BORDERS)
def test_a_coloured_qr_is_read_on_dark_and_on_light_terminals(
    paint: Callable[[qr.Modules], Text], background: int, border: int
) -> None:
    console = Console(force_terminal=True, color_system="standard", width=140)
    with console.capture() as captured:
        console.print(paint(qr.bordered(qr.modules_of(CODE), border)))
    assert _read(_photograph(captured.get(), background)) == [CODE]


@pytest.mark.parametrize("drawn", ["small", "large"])
def test_a_qr_without_colour_is_read_on_a_dark_terminal(drawn: qr.Drawn) -> None:
    lines = qr.draw(qr.bordered(qr.modules_of(CODE), 1), drawn)
    assert _read(_photograph("\n".join(lines), BLACK)) == [CODE]


def test_a_png_is_read() -> None:
    content = qr.png(qr.bordered(qr.modules_of(CODE), 4))
    assert _read(Image.open(io.BytesIO(content)).convert("L")) == [CODE]


@pytest.mark.parametrize("drawn", ["small", "large", "ascii"])
def test_a_drawing_has_the_size_that_was_announced(drawn: qr.Drawn) -> None:
    modules = qr.bordered(qr.modules_of(CODE), 1)
    lines = qr.draw(modules, drawn)
    assert (len(lines[0]), len(lines)) == qr.size_of(len(modules), drawn)


def test_a_code_of_whatsapp_fits_seventy_columns_and_thirty_five_rows() -> None:
    side = len(qr.bordered(qr.modules_of(CODE), min(qr.BORDERS)))
    columns, rows = qr.size_of(side, "small")
    assert columns <= 70
    assert rows <= 35
