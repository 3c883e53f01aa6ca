"""How a run that a command waited for becomes the command's exit code."""

from waremind.cli.invocation import Invocation
from waremind.domain.quoting import quoted
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Run
from waremind.requests.run import ReminderRun, RunChanged, Send

# What the daemon may take beside the time that the operator allows for the sending.
_MARGIN_SECONDS = 15.0

_FAILURES = {
    "sending": ErrorCode.TIMED_OUT,
    "scheduled": ErrorCode.TIMED_OUT,
    "held": ErrorCode.HELD,
    "unknown": ErrorCode.SEND_UNKNOWN,
    "failed": ErrorCode.SEND_FAILED,
    "missed": ErrorCode.SEND_FAILED,
    "skipped": ErrorCode.SEND_FAILED,
}


def wait(cli: Invocation, request: ReminderRun | Send) -> RunChanged:
    """Ask for a run and wait for its end; whoever leaves earlier is told that it goes on."""
    try:
        return cli.call(request, request.timeout_seconds + _MARGIN_SECONDS)
    except KeyboardInterrupt:
        cli.note("what has begun goes on without you: waremind run list")
        raise


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
    hint = code.hint.replace("RUN", quoted(run.id))
    return WaremindError(code, f"cannot send{where}: {reason}", hint=hint, run=run.id)
