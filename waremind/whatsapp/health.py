"""Checks that the engine loads as in a session, and prints what it is.

Run as `python -m waremind.whatsapp.health`: what loads the Go library has a process of its own.
"""

import json
import re
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from waremind.whatsapp.preload import load_libmagic
from waremind.whatsapp.worker import import_engine

# Go writes into the library which revision of WhatsApp's protocol it was built with, and when that
# was made: `go.mau.fi/whatsmeow v0.0.0-20260921121126-35ae40906e74`.
REVISION = re.compile(rb"go\.mau\.fi/whatsmeow[@\t ]v0\.0\.0-(\d{4})(\d{2})(\d{2})\d{6}-")


def main() -> None:
    """Print the engine's version and its date as JSON; exit with why it does not load."""
    try:
        load_libmagic()
        import_engine()
    except Exception as error:  # noqa: BLE001 - whatever a library's import may raise
        sys.exit(str(error))
    print(json.dumps({"version": version("neonize"), "made_on": made_on()}))  # noqa: T201


def made_on() -> str | None:
    """Return the day of which the engine's knowledge of WhatsApp is, as `2026-09-21`."""
    spec = find_spec("neonize")
    places = spec.submodule_search_locations if spec else None
    for library in Path(places[0]).glob("*.so") if places else ():
        if found := REVISION.search(library.read_bytes()):
            return "-".join(part.decode() for part in found.groups())
    return None


if __name__ == "__main__":
    main()
