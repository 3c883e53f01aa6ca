"""A machine for readers: a played WhatsApp, a phone, a place of their own, and a daemon."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docs.pages import ROOT, blocks_of
from docs.phone import Phone
from docs.reading import Reader
from docs.shell import STRICT, Shell
from whatsapp_server.harness import PlayedWhatsApp

OWNER, FRIENDS = "4915112345678", ("4915112345679", "4915112345680")
PROGRAMS = Path(__file__).parent / "programs"
# The pages suppose an account that is there already, in groups.
BEFORE = "waremind account add ops && waremind account pair ops"


@pytest.fixture
def place() -> Iterator[Path]:
    """Give a directory with a short path (a socket lies there), open to PostgreSQL's user."""
    with tempfile.TemporaryDirectory(prefix="waremind-docs-") as directory:
        place = Path(directory)
        place.chmod(0o711)
        (place / "waremind").symlink_to(ROOT)  # where the reader has the checkout
        yield place


@pytest.fixture
def whatsapp() -> Iterator[PlayedWhatsApp]:
    """Give a WhatsApp with the groups that the pages name."""
    with PlayedWhatsApp() as whatsapp:
        for number, name in zip((OWNER, *FRIENDS), ("Owner", "Ayu", "Budi"), strict=True):
            whatsapp.user(number, name)
        whatsapp.group("Team", [OWNER, *FRIENDS], admins=[OWNER])
        whatsapp.group("Night shift", [OWNER, FRIENDS[0]], admins=[FRIENDS[0]])
        yield whatsapp


@pytest.fixture
def environment(place: Path, whatsapp: PlayedWhatsApp) -> dict[str, str]:
    """Give what a reader's shell starts with."""
    path = (PROGRAMS, Path(sys.executable).parent, os.environ["PATH"])
    return {
        **whatsapp.env(),
        "PATH": os.pathsep.join(map(str, path)),
        "HOME": str(place),
        "LC_ALL": "C.UTF-8",
        "WAREMIND_STATE_DIR": str(place / "state"),
        "WAREMIND_SOCKET": str(place / "waremind.sock"),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,  # it would search the whole machine for one
        "WAREMIND_GOVERNOR__ENABLED": "false",  # readers are patient, tests are not
    }


@pytest.fixture
def read(
    place: Path, whatsapp: PlayedWhatsApp, environment: dict[str, str]
) -> Callable[[Path], None]:
    """Give a reader of whole pages."""

    def read(page: Path) -> None:
        directory = ROOT if page.parent == ROOT else place
        shell = Shell(directory, environment, Phone(whatsapp, OWNER, directory).see)
        blocks = list(blocks_of(page))
        with contextlib.ExitStack() as life:
            if not any(block.word == "daemon" for block in blocks):
                life.enter_context(shell.daemon("waremind daemon"))
                code, printed = shell.run(BEFORE, STRICT)
                assert code == 0, printed
            for block in blocks:
                Reader(shell, directory, life).follow(block)

    return read
