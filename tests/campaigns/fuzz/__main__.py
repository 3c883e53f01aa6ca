"""`make fuzz`: one bad input can never hurt another account, or the daemon.

Whatever the socket, a session's child, WhatsApp or the command line says, an account beside it
stays connected and sends its reminders once each, a client beside it is answered in time, and the
daemon stays the same process, with no bug in its log. Each round is made from the seed, its part
and its number, and is named when a promise is broken.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count

from campaigns.fuzz import parsers, pipe, said, sockets, typed
from campaigns.fuzz.stage import Stage

Round = Callable[[Stage, random.Random], Counter[str]]

# Each part, and its share of the time.
PARTS: dict[str, tuple[Round, float]] = {
    "socket": (sockets.round_, 0.3),
    "pipe": (pipe.round_, 0.25),
    "whatsapp": (said.round_, 0.25),
    "parsers": (parsers.round_, 0.1),
    "typed": (typed.round_, 0.1),
}


def play(
    stage: Stage, part: str, seed: int, numbers: Iterator[int], seconds: float
) -> Counter[str]:
    """Play rounds of a part until its time is up; returns the counts. Raises AssertionError."""
    work, end, total = PARTS[part][0], time.monotonic() + seconds, Counter[str]()
    for number in numbers:
        try:
            total += work(stage, random.Random(f"{seed} {part} {number}"))
            stage.check()
        except Exception:
            print(f"the daemon's last words:\n{stage.daemon.log[-3000:]}")
            print(f"broken promise; again: make fuzz SEED={seed} PART={part} ROUND={number}")
            raise
        total["rounds"] += 1
        if time.monotonic() > end:
            break
    return total


def tell(part: str, counts: Counter[str]) -> None:
    print(f"{part}:")
    for what, number in sorted(counts.items()):
        print(f"  {number:>8} {what}", flush=True)


def main() -> int:
    """Play what the command line names; print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--round", type=int, help="this one alone")
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    parts = asked.part or list(PARTS)
    shares = sum(PARTS[part][1] for part in parts)
    with Stage() as stage:
        for part in parts:
            numbers = count() if asked.round is None else iter([asked.round])
            seconds = asked.seconds * PARTS[part][1] / shares
            tell(part, play(stage, part, asked.seed, numbers, seconds))
        tell("beside them", stage.finish())
    print(f"seed {asked.seed}: 0 broken promises")
    return 0


if __name__ == "__main__":
    sys.exit(main())
