"""The reader's phone: scans every code that is shown, and types every pairing code."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from whatsapp_server.harness import PlayedWhatsApp, PlayedWhatsAppError
from whatsapp_server.phone import read_qr, read_qr_png

_JSON = re.compile(r'"type":"(?P<kind>qr|pair_code)","code":"(?P<code>[^"]+)"')
_PAYLOAD = re.compile(r"^https://\S+$", re.MULTILINE)
_CODE = re.compile(r"[A-Z0-9]{4}-[A-Z0-9]{4}")
_FILE = re.compile(r"scan (?P<file>\S+\.png) until ")


class Phone:
    """Looks at the terminal, a line at a time."""

    def __init__(self, whatsapp: PlayedWhatsApp, number: str, directory: Path) -> None:
        self._whatsapp = whatsapp
        self._number = number
        self._directory = directory
        self._screen = ""

    def see(self, line: str) -> None:
        """Act on what a command prints."""
        self._screen += line
        if found := _JSON.search(line):
            self._enter(found["kind"], found["code"])
        elif _CODE.fullmatch(line.strip()):
            self._enter("pair_code", line.strip())
        elif found := _FILE.match(line):
            png = (self._directory / found["file"]).read_bytes()
            self._enter("qr", read_qr_png(png))
        elif line.startswith("scan it until"):
            payload = _PAYLOAD.search(self._screen)
            self._enter("qr", payload[0] if payload else read_qr(self._screen))

    def _enter(self, kind: str, code: str) -> None:
        self._screen = ""
        link = self._whatsapp.scan if kind == "qr" else self._whatsapp.enter_code
        with contextlib.suppress(PlayedWhatsAppError):  # `make demo` has a WhatsApp of its own
            link(code, self._number)
