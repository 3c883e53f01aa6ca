"""How several commands show the same things."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import overload

from waremind.cli.layout import Block, Prose, Styled
from waremind.objects import Attention, GroupName

_STYLES = {
    "connected": "good",
    "sent": "good",
    "active": "good",
    "pending": "waiting",
    "scheduled": "waiting",
    "sending": "waiting",
    "held": "waiting",
    "revoking": "waiting",
    "paused": "waiting",
    "disconnected": "bad",
    "banned": "bad",
    "failed": "bad",
    "unknown": "bad",
    "missed": "bad",
    "read": "good",
    "delivered": "waiting",
    "nothing": "bad",
}


def status_style(status: str) -> str:
    """Say how a status is drawn; one that nobody has to look at is faint."""
    return _STYLES.get(status, "faint")


def attention(items: Iterable[Attention]) -> Iterator[Block]:
    """Lay out what needs a person, with its cure."""
    for item in items:
        style = "bad" if item.severity == "critical" else "waiting"
        yield ""
        text = f"{item.text} (since {here(item.since)})"
        yield Prose(Styled(text, style), Styled(f"{item.severity}: ", style))
        yield Prose(item.fix, label="  fix: ")


def counted(count: int, what: str) -> str:
    """Write `3 groups`, `1 group`."""
    return f"{count} {what}" + ("" if count == 1 else "s")


def group_names(groups: Iterable[GroupName]) -> str:
    """Name groups; one whose name is not known yet by its JID."""
    return ", ".join(group.name or group.jid for group in groups)


@overload
def here(timestamp: str) -> str: ...
@overload
def here(timestamp: None) -> None: ...
def here(timestamp: str | None) -> str | None:
    """Write when something happened on the clock of whoever looks, with its offset.

    A table has one zone then. What a reminder will do is shown in the reminder's own.
    """
    if timestamp is None:
        return None
    return datetime.fromisoformat(timestamp).astimezone().isoformat(timespec="seconds")
