"""Measures two checkouts in turns, so that a slow hour of the machine meets both alike."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent.parent.parent
ROUNDS = 3
# By so much two runs of one checkout differ; what is worse by more is called so.
NOISE = 1.1
_NUMBER = r"(\d[\d,.e+-]*)"
_LINE = re.compile(rf"(.+?) +{_NUMBER} +{_NUMBER} .*? (at least|at most) \S+ +(?:yes|NO) *")
HEAD = ("claim, and its yardstick", "before", "now", "now/before", "no worse")
ROW = "{:70} {:>8} {:>8} {:>10} {}\n"


class Line(NamedTuple):
    """A line of a checkout's table: the ratio in full, and whether a higher one is better."""

    claim: str
    ratio: float
    higher: bool


def compare(other: Path, names: Sequence[str], options: Sequence[str]) -> bool:
    """Print how each ratio has changed since `other`, a checkout with its `.venv`.

    What only one of them measures is left out. True when none is worse.
    """
    sys.stdout.write(ROW.format(*HEAD))
    all_kept = True
    for name in names:
        for claim, (before, now, higher) in _measured(other, name, options).items():
            change = now / before
            kept = (change if higher else 1 / change) * NOISE >= 1
            all_kept &= kept
            shown = (f"{before:.3g}", f"{now:.3g}", f"{change:.2f}", "yes" if kept else "NO")
            sys.stdout.write(ROW.format(claim, *shown))
            sys.stdout.flush()
    return all_kept


def _measured(
    other: Path, name: str, options: Sequence[str]
) -> dict[str, tuple[float, float, bool]]:
    """Let both take turns, the first one another each time; medians before and now by claim."""
    found: dict[Path, dict[str, list[float]]] = {other: {}, HERE: {}}
    is_higher: dict[str, bool] = {}
    for number in range(ROUNDS):
        for checkout in (other, HERE) if number % 2 == 0 else (HERE, other):
            for line in _lines(checkout, name, options):
                found[checkout].setdefault(line.claim, []).append(line.ratio)
                is_higher[line.claim] = line.higher
    before, now = found[other], found[HERE]
    return {
        claim: (statistics.median(before[claim]), statistics.median(now[claim]), higher)
        for claim, higher in is_higher.items()
        if claim in before and claim in now
    }


def _lines(checkout: Path, name: str, options: Sequence[str]) -> Iterator[Line]:
    python = checkout.absolute() / ".venv" / "bin" / "python"
    environment = {**os.environ, "PYTHONPATH": str(checkout.absolute() / "tests")}
    command = [str(python), "-m", "bench", name, *options]
    told = subprocess.run(
        command, cwd=checkout, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    for row in told.stdout.splitlines():
        if found := _LINE.fullmatch(row):
            claim, measured, yardstick, good = found.groups()
            numbers = (float(each.replace(",", "")) for each in (measured, yardstick))
            yield Line(claim, next(numbers) / next(numbers), good == "at least")
