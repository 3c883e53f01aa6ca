"""Waiting for a run, and how its end becomes the command's exit code."""

import sys
from collections.abc import Iterator
from time import monotonic, sleep
from typing import TypeVar

from msgspec.structs import replace

from waremind.cli.invocation import Invocation
from waremind.cli.media import GivenFile
from waremind.cli.progress import Step, followed
from waremind.client import ANSWER_SECONDS, Client
from waremind.domain.quoting import quoted
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Run
from waremind.requests.core import Request
from waremind.requests.run import ReminderRun, RunChanged, RunRevoke, RunShow, Send

R = TypeVar("R")

# What the daemon may take beside the time that the operator allows for the sending.
_MARGIN_SECONDS = 15.0

_LOOK_SECONDS = 0.2
_OPEN = {"scheduled", "sending", "revoking"}

_GOES_ON = "it goes on; look at it: waremind run show RUN"
_FAILURES = {
    "sending": ErrorCode.TIMED_OUT,
    "scheduled": ErrorCode.TIMED_OUT,
    "held": ErrorCode.HELD,
    "unknown": ErrorCode.SEND_UNKNOWN,
    "failed": ErrorCode.SEND_FAILED,
    "missed": ErrorCode.SEND_FAILED,
    "skipped": ErrorCode.SEND_FAILED,
    "revoking": ErrorCode.SEND_FAILED,
    "revoked": ErrorCode.SEND_FAILED,
}


def wait_for_answer(cli: Invocation, request: Request[R], what: str) -> R:
    """Ask for what takes long and return the result; a person sees that `what` is under way."""

    def steps() -> Iterator[tuple[Step, R]]:
        yield Step(), cli.call(request)

    return followed(cli.output, steps(), what, ANSWER_SECONDS)


def wait_for_run(
    cli: Invocation,
    request: ReminderRun | RunRevoke | Send,
    what: str,
    file: GivenFile | None = None,
) -> RunChanged:
    """Ask for a run, wait for its end and return it; meanwhile a person sees how far `what` is.

    A `file` that it sends is handed over first. Whoever leaves earlier is told that it goes on.
    """
    try:
        with cli.client() as client:
            if file:
                file.hand_over(client)
            if not (cli.output.draws(sys.stderr) and request.wait) or request.check is True:
                return client.call(request, request.timeout_seconds + _MARGIN_SECONDS)
            steps = _steps(client, request)
            return followed(cli.output, steps, what, request.timeout_seconds)
    except KeyboardInterrupt:
        cli.note("what has begun goes on without you: waremind run list")
        raise


def _steps(
    client: Client, request: ReminderRun | RunRevoke | Send
) -> Iterator[tuple[Step, RunChanged]]:
    """Begin the run, and look at it until it has ended or nobody wants to wait any longer."""
    end = monotonic() + request.timeout_seconds
    begun = client.call(replace(request, wait=False))
    run = begun.run
    while run is not None:
        left = [each for each in run.deliveries if each.status in _OPEN]
        yield Step(len(run.deliveries) - len(left), len(run.deliveries)), replace(begun, run=run)
        if not left or monotonic() > end:
            return
        sleep(_LOOK_SECONDS)
        run = client.call(RunShow(run=run.id)).run


def finish(cli: Invocation, result: RunChanged, subject: str, *, no_wait: bool) -> None:
    """Print the run; what was waited for and was not sent everywhere is a failure.

    Raises WaremindError `held`, `frozen`, `send_failed`, `send_unknown` or `timed_out`.
    """
    run = result.run
    waited = not no_wait and result.check is not True
    if run is not None and waited and run.status in _FAILURES:
        cli.output.document(result, lambda _: ())
        raise _failure(run)
    which = f" as {run.id}" if run else ""
    cli.changed(result, subject, ("begun" if no_wait else "sent") + which)


def _failure(run: Run) -> WaremindError:
    frozen = run.status == "held" and run.reason == "frozen"
    code = ErrorCode.FROZEN if frozen else _FAILURES[run.status]
    behind = [each.group for each in run.deliveries if each.status != "sent"]
    groups = ", ".join(quoted(group.name or group.jid) for group in behind)
    where = f" to {groups}" if behind else ""
    reason = run.reason_text or code.sentence
    hint = (_GOES_ON if code is ErrorCode.TIMED_OUT else code.hint).replace("RUN", quoted(run.id))
    return WaremindError(code, f"cannot send{where}: {reason}", hint=hint, run=run.id)
