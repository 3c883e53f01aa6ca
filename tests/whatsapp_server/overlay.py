"""An importable copy of the installed neonize whose Go library talks to the played WhatsApp.

Two patches in a copy of the library, each of the same length and for bytes that must occur exactly
once: the address it connects to, and the root key of the Noise certificate chain. The day it was
made on becomes today, as an old engine needs a person. All else of the
package is symbolic links. The directory goes first on PYTHONPATH.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from young_engine import made_on

_ADDRESS = b"wss://web.whatsapp.com/ws/chat"
_ROOT_KEY = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")


class OverlayError(Exception):
    """The installed neonize is not the one that these patches are made for."""


def build_overlay(directory: Path, port: int, root_key: bytes) -> None:
    """Make `directory`/neonize."""
    spec = find_spec("neonize")
    if spec is None or not spec.submodule_search_locations:
        raise OverlayError("cannot find neonize: install the development environment")
    package = directory / "neonize"
    package.mkdir(parents=True)
    for path in Path(spec.submodule_search_locations[0]).iterdir():
        if path.suffix == ".so":
            library = made_on(path.read_bytes(), datetime.now(UTC))
            (package / path.name).write_bytes(patch(library, port, root_key))
        else:
            (package / path.name).symlink_to(path)


def patch(library: bytes, port: int, root_key: bytes) -> bytes:
    """Return the library with the address and the root key replaced."""
    address = b"ws://127.0.0.1:%d/ws/chat" % port
    for old, new in ((_ADDRESS, address.ljust(len(_ADDRESS), b"/")), (_ROOT_KEY, root_key)):
        if library.count(old) != 1 or len(old) != len(new):
            raise OverlayError(f"expected {old!r} once, found it {library.count(old)} times")
        library = library.replace(old, new)
    return library
