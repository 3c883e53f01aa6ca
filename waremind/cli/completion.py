"""`waremind completion`: what a shell needs to complete commands and flags."""

import os
from importlib import import_module
from typing import Annotated, Any, Literal

import typer
from msgspec import Struct

from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation

commands = Commands()

PROGRAM = "waremind"
VARIABLE = "_WAREMIND_COMPLETE"  # set by the script when the shell asks
Shell = Annotated[
    Literal["bash", "zsh", "fish"], typer.Argument(metavar="SHELL", help="bash, zsh or fish.")
]


class Script(Struct, frozen=True):
    """The script that the shell reads."""

    shell: str
    script: str


@commands.verb()
def completion(cli: Invocation, shell: Shell) -> None:
    """Print what a shell needs to complete commands and flags."""
    script = _typer().get_completion_script(prog_name=PROGRAM, complete_var=VARIABLE, shell=shell)
    cli.show(Script(shell, script), lambda shown: shown.script.split("\n"))


def prepare() -> None:
    """Make Typer answer a shell that asks how a line may go on."""
    if VARIABLE in os.environ:
        _typer().completion_init()


def _typer() -> Any:
    """Import what only a shell needs."""
    return import_module("typer.completion")
