"""Deleting and revoking: on a terminal a person is asked, elsewhere it needs `--yes`."""

import sys
from collections.abc import Callable
from typing import TypeVar

from waremind.cli.invocation import Invocation
from waremind.cli.terminal import is_live
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.core import Changed

D = TypeVar("D", bound=Changed)


def delete(
    cli: Invocation,
    subject: str,
    ask: Callable[[bool], D],
    loss: Callable[[D], str | None],
    *,
    yes: bool,
    check: bool,
) -> D:
    """Delete `subject`, unless the person at the terminal says no.

    `ask` asks the daemon, with True only what it would do; `loss` says what goes with the subject,
    None when there is no such subject. Raises WaremindError `confirmation_required`.
    """
    if not (yes or check):
        confirm(cli, "delete", subject, lambda: loss(ask(True)))
    result = ask(check)
    cli.changed(result, subject, f"deleted{loss(result) or ''}")
    return result


def confirm(cli: Invocation, verb: str, subject: str, loss: Callable[[], str | None]) -> None:
    """Ask whether to `verb` the subject; `loss` says what goes with it, None: there is none.

    Raises WaremindError `confirmation_required`.
    """
    if not (is_live(sys.stdin) and is_live(sys.stderr)):
        raise _unconfirmed(verb, subject, "nobody is there to confirm it")
    lost = loss()
    if lost is None:
        return
    answer = cli.output.ask(f"{verb.capitalize()} {subject}{lost}? [y/N]")
    if answer.casefold() not in {"y", "yes"}:
        raise _unconfirmed(verb, subject, "it was not confirmed")


def _unconfirmed(verb: str, subject: str, reason: str) -> WaremindError:
    return WaremindError(ErrorCode.CONFIRMATION_REQUIRED, f"cannot {verb} {subject}: {reason}")
