"""`make outages`: a PostgreSQL of yours fails in every way under due deliveries: SEEDS=12 LAST=0.

Each seed has many deliveries due at one moment, and one fault of `faults.FAULTS` while they are
sent, for as long as status has not told it, and LAST seconds more. Then:

- the daemon has not ended, no session was closed, and nothing is `unknown`;
- every occurrence has exactly one run, and phones saw each message once;
- at no moment was status ok while something was overdue.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from daemon_process import DaemonProcess, environment, until
from whatsapp_server.harness import PlayedWhatsApp

from campaigns.crash import ACCOUNTS, GROUPS, SETTINGS, SETTLE_SECONDS, Theatre, judge, wait_until
from campaigns.outages.faults import Fault, possible
from campaigns.outages.watch import Watch
from campaigns.outages.yours import Yours, running

SLOWLY_SECONDS = 0.1  # how long WhatsApp takes for each message, so that a fault meets some


@dataclass(frozen=True)
class Play:
    """The daemon, its database and who watches it; how much is due, and how long a fault lasts."""

    theatre: Theatre
    yours: Yours
    watch: Watch
    reminders: int
    last_seconds: float

    def play(self, seed: int, fault: Fault) -> Counter[str]:
        """Play one seed; returns how its deliveries ended. Raises AssertionError."""
        theatre, chance = self.theatre, random.Random(seed)
        seen_before, before = len(theatre.whatsapp.messages()), self._life()
        due_at = datetime.now(UTC).replace(microsecond=0)
        due_at += timedelta(seconds=2 + self.reminders // 50)
        theatre.add(seed, self.reminders, due_at)
        wait_until(due_at)
        time.sleep(chance.uniform(0, 1))
        counts = self._bear(fault, chance.uniform(0, 1))
        until(theatre.is_settled, f"seed {seed} to settle", SETTLE_SECONDS)
        counts += judge(theatre, self.reminders, theatre.whatsapp.messages()[seen_before:])
        assert not counts["unknown"], "the daemon lived, and knows how each send ended"
        assert self._life() == before, f"{before} became {self._life()}"
        until(self._is_well, "all to be well again")
        theatre.forget()
        return counts

    def _bear(self, fault: Fault, more_seconds: float) -> Counter[str]:
        """Let a fault last until it is told, and somewhat longer."""
        with fault.told(self.yours, self.theatre.daemon) as seconds:
            time.sleep(self.last_seconds + more_seconds)
        return Counter({f"ms until {fault.name} is told": round(1000 * seconds)})

    def _is_well(self) -> bool:
        report = self.watch.status()
        return report is not None and report.ok

    def _life(self) -> list[object]:
        """Tell which process lives, and each account's session."""
        process = self.theatre.daemon.process
        sessions = [self.theatre.daemon.show(each).session for each in self.theatre.accounts]
        return [process.poll(), process.pid, *sessions]


def main() -> int:
    """Play the seeds that the command line names; print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--deliveries", type=int, default=400)
    parser.add_argument("--last", type=float, default=0)
    asked = parser.parse_args()
    total: Counter[str] = Counter()
    with running() as yours, PlayedWhatsApp(decrypt="one") as whatsapp:
        faults = possible(yours)
        with DaemonProcess(environment(whatsapp, yours.dsn) | SETTINGS) as daemon:
            theatre = Theatre(daemon, whatsapp, [f"account {n}" for n in range(ACCOUNTS)])
            theatre.prepare()
            for number in range(ACCOUNTS):
                whatsapp.behave(f"62811{number:07}", ack_delay=SLOWLY_SECONDS)
            watch = Watch(daemon, yours)
            stage = Play(theatre, yours, watch, asked.deliveries // GROUPS, asked.last)
            for seed in range(asked.first, asked.first + asked.seeds):
                fault = faults[seed % len(faults)]
                try:
                    with watch.kept():
                        counts = stage.play(seed, fault)
                except Exception:
                    print(f"seed {seed} failed; the daemon's last words:\n{daemon.log[-4000:]}")
                    raise
                total += counts
                print(f"seed {seed}, {fault.name}: {dict(counts)}", flush=True)
    print(f"{watch.answers} answers of status, {watch.troubled} of them not ok, {watch.lies} lies")
    print(f"{asked.seeds} seeds: {total['sent']} sent, {total['unknown']} unknown")
    return 1 if watch.lies else 0


if __name__ == "__main__":
    sys.exit(main())
