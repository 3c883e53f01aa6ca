"""Requests about runs, and those that make one now."""

from typing import Literal

from msgspec import Struct, field

from waremind.objects import MediaFile, Run
from waremind.requests.core import Changed, Mutation, Request


class RunResult(Struct, frozen=True):
    """One run."""

    run: Run


class RunChanged(Changed, frozen=True, kw_only=True):
    """The run that was asked for or changed; with `check`, none was made."""

    run: Run | None


class Runs(Struct, frozen=True):
    """Runs, newest first; `truncated` when there are more."""

    runs: list[Run]
    truncated: bool


class ReminderRun(Mutation[RunChanged], frozen=True, kw_only=True):
    """Fire a reminder now, beside its rule; waits until each delivery has ended.

    With `to`, as a rehearsal: to these groups instead of its own.
    """

    method = "reminder.run"
    reminder: str
    to: tuple[str, ...] = ()
    timeout_seconds: float = 60
    wait: bool = True


class Send(Mutation[RunChanged], frozen=True, kw_only=True):
    """Send one text now; the same `key` within 24 h answers with the same run.

    `media` is a file that was handed over (`upload`), or whose content the daemon has.
    """

    method = "send"
    account: str
    to: list[str]
    text: str
    media: MediaFile | None = None
    mention: list[str] = field(default_factory=list)
    key: str | None = None
    timeout_seconds: float = 60
    wait: bool = True


class RunList(Request[Runs], frozen=True, kw_only=True):
    """`since` is an RFC 3339 time or a duration; `limit` 0 means all."""

    method = "run.list"
    reminder: str | None = None
    account: str | None = None
    status: str | None = None
    since: str | None = None
    limit: int = 100


class RunShow(Request[RunResult], frozen=True, kw_only=True):
    """With `receipts`, each delivery says what every member has said."""

    method = "run.show"
    run: str
    receipts: bool = False


class RunAcknowledge(Mutation[RunChanged], frozen=True, kw_only=True):
    """Say that a message which nobody has received needs nobody any more."""

    method = "run.acknowledge"
    run: str


class RunRevoke(Mutation[RunChanged], frozen=True, kw_only=True):
    """Delete for everyone what a run has sent (to these groups; none: to all), and send no more.

    Waits until each message is deleted, or cannot be.
    """

    method = "run.revoke"
    run: str
    to: tuple[str, ...] = ()
    timeout_seconds: float = 60
    wait: bool = True


class RunResolve(Mutation[RunChanged], frozen=True, kw_only=True):
    """Say how an `unknown` run ended."""

    method = "run.resolve"
    run: str
    outcome: Literal["sent", "failed"]
