"""`waremind status`."""

from collections.abc import Iterator

from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.cli.layout import Block, Prose, Record, Styled
from waremind.cli.options import ExitStatus
from waremind.cli.views import here
from waremind.domain.quoting import quoted
from waremind.objects import Freeze, NodeState, RunCounts, StatusReport
from waremind.requests.daemon import Status

commands = Commands()

UNKNOWN = "unknown while the database is away"


@commands.verb()
def status(cli: Invocation, *, exit_status: ExitStatus = False) -> None:
    """Show at one glance how all is, and what needs a person."""
    result = cli.call(Status())
    cli.show(result, _glance)
    cli.settle(asked=exit_status, good=result.ok)


def _glance(report: StatusReport) -> Iterator[Block]:
    daemon = report.daemon
    yield Record(
        [
            ("waremind", _verdict(report)),
            ("daemon", f"{report.version}, pid {daemon.pid}, since {here(daemon.started_at)}"),
            ("database", daemon.database),
            ("nodes", _nodes(report.nodes)),
            ("accounts", _counts(report.accounts) or "none yet: waremind account add LABEL"),
            ("messages", _messages(report.runs)),
            ("next", _next(report)),
            ("frozen", _frozen(report.frozen)),
        ]
    )
    for item in report.attention:
        style = "bad" if item.severity == "critical" else "waiting"
        yield ""
        key = item.name or item.id
        who = f"{item.kind} {quoted(key)}" if key else item.kind
        text = f"{who}: {item.text} (since {here(item.since)})"
        yield Prose(Styled(text, style), Styled(f"{item.severity}: ", style))
        yield Prose(item.fix, label="  fix: ")


def _verdict(report: StatusReport) -> Styled:
    return Styled("all is well", "good") if report.ok else Styled("needs a person", "bad")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count)


def _nodes(nodes: list[NodeState]) -> str | None:
    return ", ".join(f"{node.name} ({node.state})" for node in nodes) or None


def _messages(runs: RunCounts | None) -> str:
    if runs is None:
        return UNKNOWN
    return (
        f"{runs.due} due, {runs.held} held, {runs.failed_24h} failed in 24 h, "
        f"{runs.unknown} unknown"
    )


def _next(report: StatusReport) -> str:
    reminder = report.next_reminder
    if report.runs is None:
        return UNKNOWN
    if reminder is None:
        return "no reminder is due"
    return f"reminder {quoted(reminder.name)} at {report.next_at} ({reminder.tz})"


def _frozen(freeze: Freeze | None) -> Styled | None:
    if freeze is None:
        return None
    reason = f": {freeze.reason}" if freeze.reason else ""
    return Styled(f"since {here(freeze.since)} by {freeze.by}{reason}", "bad")
