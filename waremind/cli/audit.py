"""`waremind audit …`."""

from collections.abc import Iterator

from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.cli.layout import Block, Table
from waremind.cli.options import Limit, Since
from waremind.cli.views import here
from waremind.objects import AuditEntry
from waremind.requests.daemon import Audit, AuditList

commands = Commands("audit", "Who did what, when.")


@commands.verb("list")
def list_(cli: Invocation, *, since: Since = None, limit: Limit = 100) -> None:
    """List what operators did, newest first."""
    result = cli.call(AuditList(since=since, limit=limit))
    cli.show(result, _table)
    if not result.audit:
        cli.note("nothing was done yet, or nothing since then")


def _table(result: Audit) -> Iterator[Block]:
    header = ["AT", "OPERATOR", "ACTION", "TARGET", "DETAIL"]
    rows = [_row(entry) for entry in result.audit]
    yield Table(header, rows, flexible=["OPERATOR", "TARGET", "DETAIL"])


def _row(entry: AuditEntry) -> list[str]:
    operator = entry.operator.name or f"uid {entry.operator.uid}"
    node = f"@{entry.node}" if entry.node else ""
    target = entry.target.name or entry.target.id or entry.target.kind
    detail = " ".join(f"{key}={value}" for key, value in entry.detail.items())
    return [here(entry.at), f"{operator}{node}", entry.action, target, detail or "-"]
