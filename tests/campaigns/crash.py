"""`make crash`: kill -9 of the daemon, of sessions and of PostgreSQL under due deliveries.

Half of the seeds are played on the embedded PostgreSQL, half on one of yours behind its pooler, to
which more happens (`outages.faults`). Each seed adds reminders that are all due at one moment,
kills at random points while they are sent, waits until nothing is to come, and compares the runs
with what the phones saw:

- every occurrence has exactly one run, every delivery of it one terminal status;
- no phone shows one occurrence twice;
- what the phones saw is said to be sent or unknown, and what is said to be sent was seen;
- who follows the events over all that misses none and hears none twice, and they alone rebuild the
  lists of runs and accounts;
- at no moment is `status` ok while something is overdue.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from daemon_process import DaemonProcess, environment, until
from events.follower import Follower, kept
from events.rebuilt import Rebuilt, seen_accounts, seen_runs
from whatsapp_server.harness import PlayedWhatsApp
from whatsapp_server.records import Message

from campaigns.database import Embedded
from campaigns.outages.faults import Fault, possible
from campaigns.outages.watch import Watch
from campaigns.outages.yours import Yours, running
from waremind.objects import Reminder
from waremind.requests.account import AccountList, AccountSync
from waremind.requests.daemon import Status
from waremind.requests.reminder import ReminderAdd, ReminderDelete, ReminderList
from waremind.requests.run import RunList

ACCOUNTS = 4
GROUPS = 5  # of each account: a reminder goes to all of them
TERMINAL = {"sent", "unknown"}
SETTLE_SECONDS = 240.0

SETTINGS = {
    "WAREMIND_GOVERNOR__ENABLED": "false",
    "WAREMIND_DELIVERY__RETRY_FIRST_SECONDS": "0.2",
    "WAREMIND_DELIVERY__RETRY_MAX_SECONDS": "1",
    "WAREMIND_DEFAULT_TZ": "UTC",
}

Kill = Callable[[random.Random], None]


@dataclass
class Theatre:
    """The daemon on its embedded PostgreSQL, the accounts, and their WhatsApp."""

    daemon: DaemonProcess
    whatsapp: PlayedWhatsApp
    accounts: list[str]

    def prepare(self) -> None:
        """Pair every account, and let it see its groups."""
        for number, label in enumerate(self.accounts):
            phone = f"62811{number:07}"
            for group in range(GROUPS):
                self.whatsapp.group(f"{label} {group}", [phone, f"62822{group:07}"])
            self.daemon.add(label)
            self.daemon.pair(label, self.whatsapp, phone)
            self.daemon.call(AccountSync(account=label))

    def add(self, seed: int, reminders: int, due_at: datetime) -> None:
        """Add reminders that are all due at once; each text is one of its own."""
        for number in range(reminders):
            label = self.accounts[number % len(self.accounts)]
            request = ReminderAdd(
                name=f"seed {seed} number {number}",
                account=label,
                to=[f"{label} {group}" for group in range(GROUPS)],
                text=f"{seed}/{number}",
                at=due_at.isoformat(),
            )
            self.daemon.call(request)

    # What is killed.

    def kill_daemon(self) -> None:
        """Kill the daemon, and start it as systemd does: again, until its database is there."""
        self.daemon.kill()
        until(self._has_started, "the daemon to start")

    def _has_started(self) -> bool:
        with contextlib.suppress(AssertionError):  # it has ended at once
            self.daemon.start()
            return True
        return False

    def kill_postgres(self) -> None:
        """Kill PostgreSQL; the daemon starts it again."""
        kill(self.daemon.postgres())

    def kill_session(self, chance: random.Random) -> None:
        """Kill the child of one account that has one: it has another once its end is written."""
        if living := sorted(self.daemon.children()):
            kill(chance.choice(living))

    def killing_during(self, fault: Fault, yours: Yours) -> Kill:
        """Let something happen to the database for a moment, and kill a session meanwhile."""

        def kill_session(chance: random.Random) -> None:
            with fault.happen(yours):
                time.sleep(chance.uniform(0, 1))
                self.kill_session(chance)
                time.sleep(chance.uniform(0, 2))

        return kill_session

    def reminders(self) -> list[Reminder]:
        """List the reminders that there are."""
        return self.daemon.call(ReminderList()).reminders

    def forget(self) -> None:
        """Delete the reminders, and their runs with them."""
        for reminder in self.reminders():
            self.daemon.call(ReminderDelete(reminder=reminder.id))

    def is_settled(self) -> bool:
        """Tell whether nothing is scheduled or being sent any more."""
        report = self.daemon.call(Status())
        if report.runs is None:  # PostgreSQL is just coming back
            return False
        return report.runs.due == 0 and report.next_at is None


def kill(pid: int) -> None:
    """Kill as the kernel does; who is gone already is as well."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True)
class Stage:
    """The theatre on one kind of database; what is killed there, by name, and who looks on."""

    theatre: Theatre
    kills: Mapping[str, Kill]
    watch: Watch
    events: EventsJudge


@contextlib.contextmanager
def staged(where: str) -> Iterator[Stage]:
    """Prepare a theatre on an `embedded` PostgreSQL, or on `yours`."""
    with contextlib.ExitStack() as life:
        yours = life.enter_context(running()) if where == "yours" else None
        whatsapp = life.enter_context(PlayedWhatsApp(decrypt="one"))
        given = environment(whatsapp, yours.dsn if yours else None) | SETTINGS
        daemon = life.enter_context(DaemonProcess(given))
        theatre = Theatre(daemon, whatsapp, [f"account {n}" for n in range(ACCOUNTS)])
        theatre.prepare()
        kills: dict[str, Kill] = {
            "daemon": lambda _: theatre.kill_daemon(),
            "session": theatre.kill_session,
            "postgres": lambda _: yours.crash() if yours else theatre.kill_postgres(),
        }
        if yours:
            kills |= {each.name: theatre.killing_during(each, yours) for each in possible(yours)}
        follower = life.enter_context(Follower(daemon))
        watch = Watch(daemon, yours or Embedded(daemon))
        yield Stage(theatre, kills, watch, EventsJudge(daemon, follower))


def play(stage: Stage, seed: int, reminders: int) -> Counter[str]:
    """Play one seed; returns how its deliveries ended. Raises AssertionError."""
    theatre = stage.theatre
    chance = random.Random(seed)
    seen_before = len(theatre.whatsapp.messages())
    due_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2 + reminders // 50)
    theatre.add(seed, reminders, due_at)
    wait_until(due_at)
    kills = [chance.choice(list(stage.kills)) for _ in range(chance.randint(1, 4))]
    for victim in kills:
        time.sleep(chance.uniform(0, 1.5))
        stage.kills[victim](chance)
    until(theatre.is_settled, f"seed {seed} to settle", SETTLE_SECONDS)
    counts = judge(theatre, reminders, theatre.whatsapp.messages()[seen_before:])
    counts.update(f"times {victim}" for victim in kills)
    counts["events"] = stage.events.judge()
    theatre.forget()
    assert not stage.watch.lies, "status was ok while something was overdue"
    return counts


def wait_until(moment: datetime) -> None:
    """Wait for a time of the wall clock."""
    time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


def judge(theatre: Theatre, reminders: int, messages: Sequence[Message]) -> Counter[str]:
    """Compare the runs with what the phones saw."""
    texts = {entry.name: entry.text for entry in theatre.reminders()}
    runs = theatre.daemon.call(RunList(limit=0)).runs
    said = {
        (texts[run.reminder], delivery.group.jid): delivery.status
        for run in runs
        if run.reminder
        for delivery in run.deliveries
    }
    assert len(runs) == len(texts) == reminders, "every occurrence has exactly one run"
    assert len(said) == reminders * GROUPS, "every delivery has exactly one row"
    assert set(said.values()) <= TERMINAL, Counter(said.values())
    shown = Counter((message.text, message.to) for message in messages)
    assert set(shown.values()) <= {1}, f"shown twice: {shown.most_common(3)}"
    unsaid = {key for key in shown if said[key] not in {"sent", "unknown"}}
    assert not unsaid, f"seen by phones, but not said to be: {unsaid}"
    unseen = {key for key, status in said.items() if status == "sent"} - set(shown)
    assert not unseen, f"said to be sent, but seen by nobody: {unseen}"
    unknown = sum(status == "unknown" for status in said.values())
    arrived = sum(status == "unknown" and key in shown for key, status in said.items())
    return Counter(sent=len(said) - unknown, unknown=unknown, unknown_that_arrived=arrived)


@dataclass(frozen=True)
class EventsJudge:
    """What a follower of the events makes of them, seed after seed."""

    daemon: DaemonProcess
    follower: Follower
    rebuilt: Rebuilt = field(default_factory=Rebuilt)

    def judge(self) -> int:
        """Compare what the events tell with the lists; returns how many were new."""
        news = self._hear()
        runs = self.daemon.call(RunList(limit=0)).runs
        assert self.rebuilt.listed_runs() == seen_runs(runs)
        until(self._are_accounts_rebuilt, "the events to tell of each account as the list does")
        return news

    def judge_all(self) -> None:
        """Compare all that the follower was told with what is kept."""
        told = self.follower.caught_up()
        assert told == [event for event in kept(self.daemon) if event.id <= told[-1].id]
        assert all(one.id < next_one.id for one, next_one in pairwise(told))

    def _hear(self) -> int:
        news = self.follower.news()
        for event in news:
            self.rebuilt.hear(event)
        return len(news)

    def _are_accounts_rebuilt(self) -> bool:  # some may still be connecting
        accounts = self.daemon.call(AccountList(all=True)).accounts
        self._hear()
        return self.rebuilt.accounts == seen_accounts(accounts)


def play_all(where: str, seeds: Sequence[int], reminders: int) -> Counter[str]:
    """Play seeds on one kind of database; prints what came of each, returns what came of all."""
    total = Counter[str]()
    with staged(where) as stage:
        for seed in seeds:
            try:
                with stage.watch.kept():
                    counts = play(stage, seed, reminders)
            except Exception:
                words = stage.theatre.daemon.log[-4000:]
                print(f"seed {seed} failed; the daemon's last words:\n{words}")
                raise
            total += counts
            print(f"seed {seed} on {where}: {told(counts)}", flush=True)
        stage.events.judge_all()
    return total


def told(counts: Counter[str]) -> str:
    """Say what became of a seed."""
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))


def report(seeds: int, total: Counter[str]) -> None:
    """Print what became of so many seeds, none of which has failed."""
    print(f"{seeds} seeds, 0 broken promises; in all:")
    for what, count in sorted(total.items()):
        print(f"  {count:>8} {what.replace('_', ' ')}")
    print(f"{seeds} passed, 0 failed")


def main() -> int:
    """Play the seeds that the command line names; print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--deliveries", type=int, default=1000)
    asked = parser.parse_args()
    reminders = asked.deliveries // GROUPS
    total: Counter[str] = Counter()
    seeds = range(asked.first, asked.first + asked.seeds)
    half = len(seeds) // 2
    for where, some in (("embedded", seeds[:half]), ("yours", seeds[half:])):
        if some:
            total += play_all(where, some, reminders)
    report(asked.seeds, total)
    return 0


if __name__ == "__main__":
    sys.exit(main())
