"""Where a session's keys lie, and how a device's store gets there from elsewhere."""

import os
import shutil
from pathlib import Path

from waremind.whatsapp import sandbox

STORE = "device.sqlite3"


def put(directory: Path, image: bytes) -> None:
    """Make a session's directory, in place of any there was, with a store in it that was checked.

    Nobody but the session reads it. It stays over a loss of power: who gave it may not have it
    any more. Raises OSError.
    """
    shutil.rmtree(directory, ignore_errors=True)
    sandbox.make_parents(directory)
    directory.mkdir(mode=0o700)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(directory / STORE, flags, 0o600), "wb") as file:
        file.write(image)
        file.flush()
        os.fsync(file.fileno())
    for place in (directory, directory.parent, directory.parent.parent):
        _keep(place)
    sandbox.make_directory(directory)  # hands it over


def _keep(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
