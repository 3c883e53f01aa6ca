"""Is `waremind` again and again: forks, and the fork runs the line that its parent was given.

Reads lists of arguments, a line each, and answers each with the exit code and both streams.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import traceback
from typing import IO

from waremind.cli import app, main, output  # noqa: F401 - imported once for all

LONGEST_SECONDS = 30


def type_(arguments: list[str]) -> dict[str, object]:
    """Run one line; it is killed if it takes too long."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            _be_waremind(arguments, out, err)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return {"code": code, "out": _read(out), "err": _read(err)}


def _be_waremind(arguments: list[str], out: IO[bytes], err: IO[bytes]) -> None:
    signal.alarm(LONGEST_SECONDS)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in enumerate((nothing, out.fileno(), err.fileno())):
        os.dup2(descriptor, number)
    sys.argv = ["waremind", *arguments]
    code: object = 1
    try:
        code = main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="backslashreplace")


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    lines = os.fdopen(os.dup(0))
    for line in lines:
        print(json.dumps(type_(json.loads(line))), file=answers, flush=True)
