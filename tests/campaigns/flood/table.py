"""What others noticed of each flood, as a table: bounds, and what it was before admission."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from campaigns.flood.stage import Seen

QUIET = "no flood"
STATUS_MS, LATER_MS, RSS_MB, KEPT_MB = 250.0, 100.0, 200.0, 20.0
REFUSALS_SHOWN = 3

NEVER = float("inf")
# What it was on e0bc7ad, before there was admission: 100,000 stored runs, 2 cores that had other
# work too, each line but the first three on a daemon of its own (it does not recover).
BEFORE = {
    "4 run list --limit 0, unread": Seen(6514, 6432, 26_430, 1030, 1.0, 392),
    "32 run list --limit 0, unread": Seen(13_890, 14_550, 73_570, 1400, NEVER, 623),
    "32 run list --limit 0": Seen(16_180, 15_620, NEVER, 1137, NEVER, 188),
    "64 doctor": Seen(30_050, 30_300, 105_900, 58, NEVER, 1),
    "400 heavy reminder next": Seen(137, 30_100, 75, 61, 0.8, 4),
    "400 status": Seen(2588, 631, 12_090, 63, 8.2, 7),
    "400 run list, hung up on": Seen(6951, 24_400, 91_030, 1077, NEVER, 666),
    "500 half lines": Seen(1040, 1243, 454, 630, 2.7, 572),
    # The daemon ended: a send found no descriptor.
    "1257 idle connections": Seen(NEVER, NEVER, NEVER, 63, NEVER, 0),
}

HEAD = (
    f"{'':32} {'status ms':>12} {'preview ms':>12} {'late ms':>12} {'RSS MB':>12}"
    f" {'reopened s':>12} {'kept MB':>12}"
)


def faults(name: str, seen: Mapping[str, Seen]) -> Iterator[str]:
    """Say which bounds a flood has broken."""
    one, quiet = seen[name], seen[QUIET]
    if one.status_ms > STATUS_MS:
        yield f"status took {one.status_ms:.0f} ms"
    if one.late_ms > quiet.late_ms + LATER_MS:
        yield f"reminders were {one.late_ms - quiet.late_ms:.0f} ms later"
    if one.rss_mb > RSS_MB:
        yield f"the daemon held {one.rss_mb:.0f} MB"
    if one.reopen_seconds == float("inf"):
        yield "the session that crashed was not opened again"
    if one.kept_mb > KEPT_MB:
        yield f"{one.kept_mb:.0f} MB were not given back"
    if one.refused:
        yield f"another operator was refused {len(one.refused)} times: {one.refused[0]}"


def show(name: str, seen: Mapping[str, Seen]) -> None:
    """Print one line of the table, and what is wrong with it."""
    if name == QUIET:
        print(HEAD)
    print(_line(name, seen[name], BEFORE.get(name)), flush=True)
    for fault in faults(name, seen):
        print(f"    fault: {fault}", flush=True)


def _line(name: str, now: Seen, before: Seen | None) -> str:
    columns = ("status_ms", "preview_ms", "late_ms", "rss_mb", "reopen_seconds", "kept_mb")
    cells = [_cell(getattr(now, each), getattr(before, each, None)) for each in columns]
    return f"{name:32} " + " ".join(f"{cell:>12}" for cell in cells)


def _cell(now: float, before: float | None) -> str:
    return f"{now:.4g}" if before is None else f"{now:.4g} ({before:.4g})"


def tell(seen: Mapping[str, Seen]) -> int:
    """Sum up; returns the exit status."""
    found = [f"{name}: {fault}" for name in seen for fault in faults(name, seen)]
    print(f"{len(seen) - 1} floods, {len(found)} faults", *found, sep="\n")
    return 1 if found else 0
