"""Measures every claim and prints one table; 3 when a bound is missed, or one is worse."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from bench import (
    command_line,
    crowds,
    memory,
    messages,
    pairing,
    planning,
    punctuality,
    queue,
    throughput,
)
from bench.finding import FULL, SHORT, Finding, Scale

Measure = Callable[[Scale], AsyncIterator[Finding]]
CLAIMS: dict[str, Measure] = {
    "command-line": command_line.measure,
    "planning": planning.measure,
    "memory": memory.measure,
    # Before those that give the disk much to write, for minutes afterwards too.
    "punctuality": punctuality.measure,
    "messages": messages.measure,
    "crowds": crowds.measure,
    "queue": queue.measure,
    "throughput": throughput.measure,
}
HEAD = ("claim, and its yardstick", "measured", "yardstick", "", "ratio", "target", "ok")
ROW = "{:70} {:>10} {:>10} {:8} {:>6} {:>14} {}\n"


def row(finding: Finding, *, kept: bool) -> str:
    """Write a line of the table."""
    return ROW.format(
        finding.claim,
        f"{finding.measured:,.4g}" if finding.measured < 1000 else f"{finding.measured:,.0f}",
        f"{finding.yardstick:,.4g}" if finding.yardstick < 1000 else f"{finding.yardstick:,.0f}",
        finding.unit,
        f"{finding.ratio:.2f}",
        f"{finding.good} {finding.target:g}",
        "yes" if kept else "NO",
    )


async def run(names: list[str], scale: Scale) -> bool:
    """Measure and print, line by line; True when every promise was kept."""
    sys.stdout.write(ROW.format(*HEAD))
    all_kept = True
    for name in names:
        async for finding in CLAIMS[name](scale):
            kept = finding.is_kept(scale.leniency)
            all_kept &= kept
            sys.stdout.write(row(finding, kept=kept))
            sys.stdout.flush()
    return all_kept


def main() -> int:
    """Measure what was asked for, or everything."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(CLAIMS)}")
    parser.add_argument("--short", action="store_true", help="small sizes and generous bounds")
    parser.add_argument("--no-verdict", action="store_true", help="a missed bound is no failure")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="DIR",
        help="a checkout, made by `make .venv/.made`: measure both in turns, print what changed",
    )
    arguments = parser.parse_args()
    names = arguments.names or list(CLAIMS)
    if arguments.against:
        options = ["--short"] if arguments.short else []
        all_kept = pairing.compare(arguments.against, names, options)
    else:
        all_kept = asyncio.run(run(names, SHORT if arguments.short else FULL))
    return 0 if all_kept or arguments.no_verdict else 3


if __name__ == "__main__":
    sys.exit(main())
