"""What README shows of waremind: the QR as a picture, `status` as text, both as they really are."""

from __future__ import annotations

import re

from cli.scenes import SCENES, capture, played
from docs.terminal_picture import svg

_STATUS = re.compile(r"(?<=```text\n\$ waremind status\n).+?(?=```)", re.DOTALL)


def renewed(page: str) -> str:
    """Give the page with `status` as it is."""
    shown = capture(SCENES["status"], 80, 24, {})
    return _STATUS.sub(lambda _: f"{shown}\n", page)


def qr() -> str:
    """Draw the terminal on which a QR waits to be scanned."""
    with played(SCENES["pair"], 69, 36) as terminal:
        return svg(terminal.screen)
