"""The command line: parse, one call of the client, print."""

import gc
import sys


def main() -> int:
    """Run the command that was typed and say with which code the process ends."""
    # Looking for garbage costs a tenth of a command's life, again at its end. `daemon` does look.
    gc.disable()
    try:
        return _run(sys.argv[1:])
    except KeyboardInterrupt:
        return 130  # as a shell says of a process that SIGINT ended
    finally:
        gc.freeze()


def _run(arguments: list[str]) -> int:
    # Half of what a command costs are its imports, so each path has only its own.
    if arguments == ["--version"]:
        from waremind import __version__  # noqa: PLC0415
        from waremind.cli.output import Output  # noqa: PLC0415

        try:
            Output().line(__version__)
        except Exception as error:  # noqa: BLE001 - as with any other command
            from waremind.cli.app import explain  # noqa: PLC0415

            return explain(error, Output())
        return 0
    from waremind.cli.app import run  # noqa: PLC0415

    return run(arguments)
