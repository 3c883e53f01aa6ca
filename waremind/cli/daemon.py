"""`waremind daemon`."""

import gc
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.errors import ErrorCode, MisconfigurationError, WaremindError

commands = Commands()

CONFIGURATION_ERROR = 78  # EX_CONFIG of sysexits.h: systemd does not restart it then

ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings; see config show.")
]


@commands.verb()
def daemon(
    cli: Invocation,
    *,
    config: ConfigFile = None,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="Start frozen: nothing is sent until thaw.")
    ] = False,
) -> None:
    """Run the bot and listen on the Unix socket."""
    from waremind import config as settings  # noqa: PLC0415 - 250 ms that no client needs

    flags = {"socket": cli.obj.socket} if cli.obj.socket else {}
    with _misconfigured(cli, *ErrorCode):
        configuration = settings.load(config, flags)

    from waremind.daemon.main import run  # noqa: PLC0415 - nor this

    # What was imported stays: to look through it again and again would stop everybody for 40 ms.
    gc.collect()
    gc.freeze()
    gc.enable()
    # What only the using of a setting shows: no DSN, a path that is too long.
    with _misconfigured(cli, ErrorCode.INVALID_INPUT):
        code = run(configuration, frozen=frozen)
    raise typer.Exit(code)


@contextmanager
def _misconfigured(cli: Invocation, *codes: ErrorCode) -> Generator[None]:
    """Let what only an operator can mend, and these codes, end the process as that says."""
    try:
        yield
    except WaremindError as failure:
        if failure.code not in codes and not isinstance(failure, MisconfigurationError):
            raise
        cli.output.failure(failure)
        raise typer.Exit(CONFIGURATION_ERROR) from failure
