"""`waremind run revoke`: the red button, and what it could not take back."""

from typing import Annotated

import typer

from waremind.cli import confirmation
from waremind.cli.invocation import Invocation
from waremind.cli.options import Check, NoWait, RunArgument, SendTimeout, Yes
from waremind.cli.views import counted, group_names
from waremind.cli.waiting import wait_for_run
from waremind.domain.duration import parse_duration
from waremind.domain.quoting import quoted
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Delivery, Run
from waremind.requests.run import RunChanged, RunRevoke, RunShow

_TO = typer.Option("--to", metavar="GROUP", help="Only there: name, id or JID; repeatable.")

# What still stands, or may: by what its delivery says.
_CODES = {
    "sending": ErrorCode.TIMED_OUT,
    "revoking": ErrorCode.TIMED_OUT,
    "unknown": ErrorCode.SEND_UNKNOWN,
    "sent": ErrorCode.CONFLICT,
}
_HINTS = {
    ErrorCode.TIMED_OUT: "repeat the command; or look at it: waremind run show RUN",
    ErrorCode.SEND_UNKNOWN: "look at the phone, and delete it there",
    ErrorCode.CONFLICT: "delete it on the phone, if that still lets you",
    ErrorCode.REFUSED: "try again in a moment, or delete it on the phone",
}


def revoke(
    cli: Invocation,
    run: RunArgument,
    *,
    to: Annotated[list[str] | None, _TO] = None,
    yes: Yes = False,
    timeout: SendTimeout = "60s",
    no_wait: NoWait = False,
    check: Check = False,
) -> None:
    """Delete for everyone what a run has sent."""
    seconds = parse_duration(timeout, flag="--timeout").total_seconds()
    request = RunRevoke(
        run=run, to=tuple(to or ()), timeout_seconds=seconds, wait=not no_wait, check=check
    )
    subject = f"run {quoted(run)}"

    def loss() -> str:
        chosen = cli.call(RunShow(run=run)).run.deliveries
        return f" in {counted(len(chosen), 'group')}: {group_names(d.group for d in chosen)}"

    if not (yes or check):
        confirmation.confirm(cli, "revoke", subject, loss)
    result = wait_for_run(cli, request, subject)
    if result.run is not None and not (no_wait or check):
        _raise_what_stands(cli, result, result.run, to or [])
    cli.changed(result, subject, "being revoked" if no_wait else "revoked")


def _raise_what_stands(cli: Invocation, result: RunChanged, run: Run, to: list[str]) -> None:
    """Raise WaremindError for what may still be read, the first reason with its cure."""
    standing = [each for each in run.deliveries if each.status in _CODES and _is_meant(each, to)]
    if not standing:
        return
    cli.output.document(result, lambda _: ())
    code = _code(standing[0])
    for each in standing[1:]:
        cli.note(f"{group_names([each.group])}: {_why(each)}")
    message = f"cannot revoke the message to {group_names([standing[0].group])}: "
    hint = _HINTS[code].replace("RUN", quoted(run.id))
    raise WaremindError(code, message + _why(standing[0]), hint=hint, run=run.id)


def _is_meant(delivery: Delivery, to: list[str]) -> bool:
    group = delivery.group
    return not to or bool({group.id, group.jid, group.name} & set(to))


def _code(delivery: Delivery) -> ErrorCode:
    reason = delivery.revoke_reason or ""
    if reason.startswith("refused_"):
        return ErrorCode.REFUSED
    return ErrorCode.SEND_UNKNOWN if reason == "interrupted" else _CODES[delivery.status]


def _why(delivery: Delivery) -> str:
    if delivery.status == "sent":
        return delivery.revoke_text or "it was sent meanwhile"
    return {
        "unknown": "nobody knows whether it was sent, nor its id",
        "sending": "it is being sent just now",
        "revoking": "it is still being deleted",
    }[delivery.status]
