"""The commands by name, and what becomes of a failure."""

import traceback
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from typer import Abort, TyperException
from typer.core import TyperOption

from waremind import __version__
from waremind.cli import completion
from waremind.cli.commands import group
from waremind.cli.invocation import Invocation, SharedOptions
from waremind.cli.output import Output
from waremind.errors import ErrorCode, WaremindError

_SUMMARY = "WhatsApp reminders for groups, run from the shell."
_EPILOG = "Every command explains itself: waremind account pair --help"

# The module of waremind.cli that has the command; only the one that is needed is imported.
_MODULES = {
    "daemon": "daemon",
    "status": "status",
    "doctor": "doctor",
    "account": "account",
    "node": "node",
    "group": "group",
    "calendar": "calendar",
    "reminder": "reminder",
    "send": "send",
    "run": "run",
    "freeze": "freeze",
    "thaw": "freeze",
    "events": "events",
    "metrics": "metrics",
    "audit": "audit",
    "config": "config",
    "systemd": "systemd",
    "completion": "completion",
    "version": "version",
}


class _Root(Mapping[str, Any]):
    """Nouns and lone verbs by name."""

    def __getitem__(self, name: str) -> Any:
        commands = import_module(f"waremind.cli.{_MODULES[name]}").commands
        return commands[name] if name in commands else commands.group()

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


def _version_option() -> TyperOption:
    def show(context: Invocation, _option: object, asked: bool) -> None:  # noqa: FBT001 - Typer's
        if asked:
            context.output.line(__version__)
            context.exit()

    return TyperOption(
        param_decls=["--version"],
        is_flag=True,
        default=False,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Print the version and exit.",
    )


def run(arguments: list[str]) -> int:
    """Run a command and say with which code the process ends."""
    root = group("waremind", _SUMMARY, _Root(), epilog=_EPILOG, params=[_version_option()])
    shared = SharedOptions()
    completion.prepare()
    try:
        # Without standalone mode the failures come out here, and SIGINT as 130.
        return root.main(arguments, "waremind", standalone_mode=False, obj=shared) or 0
    except (Exception, Abort) as error:  # noqa: BLE001 - the last one who can explain it
        # What was wrong may stand before the option that asks for JSON.
        output = Output(json=shared.json or "--json" in arguments, quiet=shared.quiet)
        return explain(error, output, debug=shared.debug)


def explain(error: BaseException, output: Output, *, debug: bool = False) -> int:
    """Say what went wrong, and with which code the process ends."""
    if debug:
        output.trace(traceback.format_exc())
    failure = _failure(error)
    output.failure(failure)
    return failure.code.exit_code


def _failure(error: BaseException) -> WaremindError:
    match error:
        case WaremindError():
            return error
        case TyperException():
            from waremind.cli.usage import usage  # noqa: PLC0415 - only who mistyped needs it

            return usage(error)
        case _:
            reason = f"{type(error).__name__}: {error}"
            return WaremindError(
                ErrorCode.INTERNAL,
                f"cannot go on: {reason}",
                hint=f"report it with the traceback that --debug shows (waremind {__version__})",
            )
