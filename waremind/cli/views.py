"""How several commands show the same things."""

from collections.abc import Iterable, Iterator

from waremind.cli.layout import Block
from waremind.cli.text import Styled
from waremind.objects import Attention, GroupName

_STYLES = {
    "connected": "good",
    "sent": "good",
    "active": "good",
    "pending": "waiting",
    "scheduled": "waiting",
    "sending": "waiting",
    "held": "waiting",
    "paused": "waiting",
    "disconnected": "bad",
    "banned": "bad",
    "failed": "bad",
    "unknown": "bad",
    "missed": "bad",
}


def status_style(status: str) -> str:
    """Say how a status is drawn; one that nobody has to look at is faint."""
    return _STYLES.get(status, "faint")


def attention(items: Iterable[Attention]) -> Iterator[Block]:
    """Lay out what needs a person, with its cure."""
    for item in items:
        style = "bad" if item.severity == "critical" else "waiting"
        yield ""
        yield Styled(f"{item.severity}: {item.text} (since {item.since})", style)
        yield f"  fix: {item.fix}"


def counted(count: int, noun: str) -> str:
    """Write `3 groups`, `1 group`."""
    return f"{count} {noun}" + ("" if count == 1 else "s")


def group_names(groups: Iterable[GroupName]) -> str:
    """Name groups; one whose name is not known yet by its JID."""
    return ", ".join(group.name or group.jid for group in groups)
