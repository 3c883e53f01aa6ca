"""One invocation of a command: the options that all take, the daemon's answer, the exit code."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import typer
from msgspec import Struct

from waremind import paths
from waremind.cli.layout import Block
from waremind.cli.output import Output
from waremind.client import ANSWER_SECONDS, Client
from waremind.requests.core import Changed, Request

R = TypeVar("R")

NOT_AS_ASKED = 3  # `--exit-status`
CHANGES_PENDING = 10  # `--check`


class SharedOptions(Struct):
    """The values of the options that all commands take, before or after the subcommand."""

    json: bool = False
    quiet: bool = False
    debug: bool = False
    socket: str | None = None


class Invocation(typer.Context):
    """What a command works with: it asks the daemon, shows the answer, sets the exit code."""

    obj: SharedOptions

    @property
    def output(self) -> Output:
        """Return the output that prints as the shared options say."""
        return Output(json=self.obj.json, quiet=self.obj.quiet)

    def client(self) -> Client:
        """Connect to the daemon.

        Raises WaremindError `daemon_unreachable` or `permission_denied`.
        """
        return Client(paths.client_socket(self.obj.socket))

    def call(self, request: Request[R], patience_seconds: float | None = ANSWER_SECONDS) -> R:
        """Ask the daemon once and return its result; raise WaremindError as it says."""
        with self.client() as client:
            return client.call(request, patience_seconds)

    def show(self, result: R, layout: Callable[[R], Iterable[Block]]) -> None:
        """Print a result."""
        self.output.document(result, layout)

    def changed(
        self, result: Changed, subject: str, done: str, *more: str, idle: str = ": nothing to do"
    ) -> None:
        """Print what a mutation changed: `subject` was `done`, or is `idle`; exit 10 for a check.

        `more` says what an operator may want to know or do next.
        """
        checked = result.check is True
        self.output.document(result, lambda _: ())
        verb = "would be " if checked else ""
        self.note(f"{subject} {verb}{done}" if result.changed else f"{subject}{idle}")
        for line in more if result.changed and not checked else ():
            self.note(line)
        if checked and result.changed:
            raise typer.Exit(CHANGES_PENDING)

    def note(self, text: str) -> None:
        """Tell a person something that is no data."""
        self.output.message(text)

    def settle(self, *, asked: bool, good: bool) -> None:
        """With `--exit-status` (`asked`), exit 3 unless all is as it should be."""
        if asked and not good:
            raise typer.Exit(NOT_AS_ASKED)
