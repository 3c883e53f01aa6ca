"""Files of an operator's that nobody else reads."""

import os
from pathlib import Path

from waremind.errors import ErrorCode, WaremindError


def create(path: Path) -> int:
    """Create a file where there is none, and return its descriptor. Raises OSError."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)


def unwritable(path: Path, error: OSError) -> WaremindError:
    """Say why what was named by -o cannot be written."""
    denied = isinstance(error, PermissionError)
    code = ErrorCode.PERMISSION_DENIED if denied else ErrorCode.INVALID_INPUT
    message = f"cannot write {path}: {error.strerror}"
    return WaremindError(code, message, hint="choose another place: -o FILE")
