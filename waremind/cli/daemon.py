"""`waremind daemon`."""

import gc
from pathlib import Path
from typing import Annotated

import typer

from waremind.cli.invocation import Invocation
from waremind.cli.noun import Noun
from waremind.errors import WaremindError

noun = Noun()

CONFIGURATION_ERROR = 78  # EX_CONFIG of sysexits.h: systemd does not restart it then

ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings; see config show.")
]


@noun.verb()
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
    try:
        configuration = settings.load(config, flags)
    except WaremindError as failure:
        cli.output.failure(failure)
        raise typer.Exit(CONFIGURATION_ERROR) from failure

    from waremind.daemon.main import run  # noqa: PLC0415 - nor this

    gc.enable()
    raise typer.Exit(run(configuration, frozen=frozen))
