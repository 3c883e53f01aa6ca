"""`waremind metrics`."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.daemon import Metrics

commands = Commands()

Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Replace this file, at once."),
]


@commands.verb()
def metrics(cli: Invocation, *, output: Output = None) -> None:
    """Print what was counted, and how all is, for Prometheus."""
    result = cli.call(Metrics())
    if output is not None:
        _replace(output, result.text)
    elif cli.output.json:
        cli.show(result, lambda _: ())
    else:
        for line in result.text.splitlines():
            cli.output.line(line)


def _replace(path: Path, text: str) -> None:
    """Replace a file, which others may read, at once: nobody ever reads half of it."""
    # The textfile collector reads what ends in .prom only.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(draft, flags, 0o644), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(text)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        denied = isinstance(error, PermissionError)
        code = ErrorCode.PERMISSION_DENIED if denied else ErrorCode.INVALID_INPUT
        message = f"cannot write {path}: {error.strerror}"
        raise WaremindError(code, message, hint="choose another place: --output FILE") from None
