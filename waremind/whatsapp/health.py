"""Checks that the engine loads as in a session, and prints what it is.

Run as `python -m waremind.whatsapp.health`: what loads the Go library has a process of its own.
"""

import sys

import msgspec

from waremind.whatsapp.engine_age import read_engine
from waremind.whatsapp.engine_loading import load_engine
from waremind.whatsapp.preload import load_libmagic, quieten


def main() -> None:
    """Print what the engine is as JSON; exit with why it does not load."""
    try:
        quieten()
        load_libmagic()
        load_engine()
    except Exception as error:  # noqa: BLE001 - whatever a library's import may raise
        sys.exit(str(error))
    print(msgspec.json.encode(read_engine()).decode())  # noqa: T201


if __name__ == "__main__":
    main()
