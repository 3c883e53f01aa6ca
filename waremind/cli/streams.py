"""Writing to a stream at once, and what becomes of one that cannot be written."""

from __future__ import annotations

import os
import sys

# `typing` has it, but importing that is half of what `--version` costs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from waremind.errors import WaremindError

BROKEN_PIPE = 141  # as a shell says of a process that SIGPIPE ended


def write(stream: TextIO | None, text: str, encoding: str | None = None) -> None:
    """Write at once; a stream that was closed (`>&-`) takes nothing.

    Raises WaremindError `internal` when data cannot be written.
    """
    if stream is None:
        return
    try:
        stream.flush()
        stream.buffer.write(text.encode(encoding or stream.encoding, errors="backslashreplace"))
        stream.flush()
    except BrokenPipeError:
        _abandon(stream)
        raise SystemExit(BROKEN_PIPE) from None
    except OSError as error:
        _abandon(stream)
        if stream is sys.stdout:  # a message that nobody can read is no failure
            raise _unwritable(stream, error) from None


def _abandon(stream: TextIO) -> None:
    """Keep the interpreter from trying, at its exit, to write what is left."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _unwritable(stream: TextIO, error: OSError) -> WaremindError:
    from waremind.errors import ErrorCode, WaremindError  # noqa: PLC0415 - --version does without

    return WaremindError(
        ErrorCode.INTERNAL,
        f"cannot write to {stream.name}: {error.strerror}",
        hint="see where the output goes; what was asked has been done",
    )
