"""A terminal of a given size that a program runs on, and a camera that looks at it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence

import pyte
import zxingcpp
from PIL import Image, ImageDraw

PATIENCE_SECONDS = 30.0
_CELL = (8, 16)  # pixels of a character
_SHADES = {"black": 0, "white": 170, "brightwhite": 255, "default": None}
_HALVES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}


class Terminal:
    """Runs `command` as a shell would: on its own terminal, which can be looked at and resized."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], columns: int, rows: int
    ) -> None:
        self._master, slave = pty.openpty()
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.written = b""
        self.resize(columns, rows)
        # setsid -c makes it the controlling terminal: Ctrl-C and SIGWINCH come from there.
        self.process = subprocess.Popen(
            ["setsid", "-c", "-w", *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=dict(environment),
        )
        os.close(slave)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size; its program gets SIGWINCH."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def type(self, keys: str) -> None:
        """Press keys, also control characters."""
        os.write(self._master, keys.encode())

    def text(self) -> str:
        """Read what is on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def wait_for(self, text: str) -> None:
        """Wait until `text` is on the screen."""
        self.wait_until(lambda: text in self.text(), text)

    def wait_for_qr(self, payload: str) -> None:
        """Wait until a camera reads `payload` from the screen."""
        self.wait_until(lambda: self.scan() == payload, f"a QR of {payload}")

    def wait_until(self, holds: object, what: str) -> None:
        """Wait until the condition holds; the program's output is what makes it hold."""
        assert callable(holds)
        end = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            if not self._read(end - time.monotonic()):
                raise AssertionError(f"no {what!r} on the screen:\n{self.text()}")

    def wait_end(self) -> int:
        """Wait until the program has ended, and say how."""
        end = time.monotonic() + PATIENCE_SECONDS
        while self._read(end - time.monotonic()):
            pass
        return self.process.wait(PATIENCE_SECONDS)

    def _read(self, seconds: float) -> bool:
        """Take in what the program writes; False when it has ended or is silent for too long."""
        if not select.select([self._master], [], [], max(0, seconds))[0]:
            return False
        try:
            written = os.read(self._master, 65536)
        except OSError:  # Linux says EIO when the last process has closed the other end
            return False
        self.written += written
        self._stream.feed(written)
        return bool(written)

    def scan(self) -> str | None:
        """Hold a camera before the screen, and say what QR it reads."""
        found = zxingcpp.read_barcodes(picture(self.screen))
        return found[0].text if found else None

    def hang_up(self) -> None:
        """Take the terminal away, as a closed window does: its program gets SIGHUP."""
        if self._master >= 0:
            os.close(self._master)
        self._master = -1

    def close(self) -> None:
        """Leave nothing behind."""
        self.hang_up()
        self.process.wait(PATIENCE_SECONDS)


def uncoloured(written: bytes) -> str:
    """Take colours and weights off what a program wrote."""
    return re.sub(rb"\x1b\[[0-9;]*m", b"", written).decode()


def picture(screen: pyte.Screen, background: int = 0) -> Image.Image:
    """Photograph a screen: half-block characters in black, white and the background's shade."""
    width, height = _CELL
    image = Image.new("L", (screen.columns * width, screen.lines * height), background)
    pen = ImageDraw.Draw(image)
    for row in range(screen.lines):
        for column in range(screen.columns):
            cell = screen.buffer[row][column]
            back, front = _shades(cell, background)
            for half, drawn in enumerate(_HALVES.get(cell.data, (0, 0))):
                top = row * height + half * height // 2
                corner = (column * width, top, (column + 1) * width - 1, top + height // 2 - 1)
                pen.rectangle(corner, fill=front if drawn else back)
    return image


def _shades(cell: pyte.screens.Char, background: int) -> tuple[int, int]:
    back, front = _SHADES.get(cell.bg), _SHADES.get(cell.fg)
    back = background if back is None else back
    front = 255 - background if front is None else front
    return (front, back) if cell.reverse else (back, front)
