"""What is flooded: a daemon with many stored runs, an account that sends, and who looks at it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from signal import SIGKILL
from threading import Event, Thread
from typing import TypeVar

import psycopg
from daemon_process import DaemonProcess, until
from whatsapp_server.harness import PlayedWhatsApp

from waremind.errors import WaremindError
from waremind.objects import Account
from waremind.requests.account import AccountShow, AccountSync
from waremind.requests.core import Request
from waremind.requests.daemon import Status
from waremind.requests.reminder import ReminderAdd, ReminderNext

SENDER, SENDER_PHONE = "sender", "628110000001"
CRASHER, CRASHER_PHONE = "crasher", "628110000002"
FRIEND = "628220000001"
LOOK_SECONDS = 0.05
PAUSE_SECONDS = 0.05
PREVIEW_SECONDS = 0.5
SETTLE_SECONDS = 60.0  # within which memory is given back
SPACING = timedelta(seconds=1)
HEAD_START = timedelta(seconds=3)
REOPEN_SECONDS = 30.0
MB = 1_000_000

# Runs as they are after years, each with its delivery, which was received.
STORED = """
WITH made AS (
    INSERT INTO runs (id, account_id, occurs_at, zone, text, mention_all, give_up_at,
                      grace_seconds, misfire, created_at)
    SELECT 'run_stored' || n, %(account)s, now() - n * interval '1 minute', 'UTC',
           repeat('text ', 20), false, now(), 600, 'skip', now() - n * interval '1 minute'
    FROM generate_series(%(number)s, 1, -1) AS s (n) RETURNING id, occurs_at)
INSERT INTO deliveries (run_id, group_id, account_id, position, status, due_at, attempts,
                        message_id, started_at, finished_at, received_at)
SELECT m.id, g.id, %(account)s, 0, 'sent', m.occurs_at, 1, m.id, m.occurs_at, m.occurs_at,
       m.occurs_at
FROM made m, (SELECT id FROM whatsapp_groups WHERE account_id = %(account)s LIMIT 1) g
"""

T = TypeVar("T")
_numbers = count(1)


@dataclass
class Gauge:
    """How long each answer to another operator took, in seconds, and what was refused."""

    seconds: list[float] = field(default_factory=list[float])
    refused: list[str] = field(default_factory=list[str])

    def quantile_ms(self, share: float) -> float:
        """Tell within how many ms a share of the answers came."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[int(share * (len(ordered) - 1))] if ordered else float("inf")


@dataclass(frozen=True)
class Seen:
    """What others noticed of a flood; `inf` is never."""

    status_ms: float
    """p99 of another operator's `status`."""
    preview_ms: float
    """The slowest of another operator's `reminder next`."""
    late_ms: float
    """p99 of how long after its due time a reminder reached WhatsApp."""
    rss_mb: float
    """The most that the daemon's process held."""
    reopen_seconds: float
    """How long a session that crashed was away."""
    kept_mb: float
    """What it held more than before, a minute after the flood at most."""
    refused: tuple[str, ...] = ()


class Stage:
    """The daemon, its WhatsApp, and two accounts: one sends all the time, one crashes."""

    def __init__(self, daemon: DaemonProcess, whatsapp: PlayedWhatsApp, dsn: str) -> None:
        self.daemon = daemon
        self.whatsapp = whatsapp
        self._dsn = dsn
        self._group = ""

    def prepare(self, runs: int) -> None:
        """Pair the accounts, and store runs."""
        for label, phone in ((SENDER, SENDER_PHONE), (CRASHER, CRASHER_PHONE)):
            group = self.whatsapp.group(f"{label} group", [phone, FRIEND])
            self._group = self._group or group
            self.daemon.add(label)
            self.daemon.pair(label, self.whatsapp, phone)
            self.daemon.call(AccountSync(account=label))
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            values = {"account": self.daemon.show(SENDER).id, "number": runs}
            connection.execute(STORED, values)
            connection.execute("VACUUM ANALYZE")
        self.daemon.socket.chmod(0o666)  # the flood comes from somebody else

    def watch(self, seconds: float, flooding: Iterator[None] | None = None) -> Seen:
        """Look at everything for so long, while it is flooded if it is."""
        crasher = until(
            partial(self._ask_again, AccountShow(account=CRASHER)), "the crasher"
        ).account
        due, before = self._remind(seconds), self.rss_mb()
        with self._peak() as peak, self._asking() as (status, preview):
            if flooding:
                next(flooding)
            reopened = self._crash(crasher, seconds)
            until(lambda: datetime.now(UTC) > due[-1] + SPACING, "the last one to be due", 600)
        kept = self._given_back(before) if flooding and next(flooding, None) is None else 0.0
        return Seen(
            status_ms=status.quantile_ms(0.99),
            preview_ms=preview.quantile_ms(1),
            late_ms=self._late_ms(due),
            rss_mb=peak[0],
            reopen_seconds=reopened,
            kept_mb=kept,
            refused=tuple(status.refused + preview.refused),
        )

    # Reminders, and how late they are.

    def _remind(self, seconds: float) -> list[datetime]:
        """Add reminders that are due one after the other from now on; their text is when."""
        number = int(seconds / SPACING.total_seconds())
        first = datetime.now(UTC).replace(microsecond=0) + HEAD_START
        due = [first + SPACING * each for each in range(number)]
        for at in due:
            when = at.isoformat()
            name = f"flood {next(_numbers)}"
            asked = ReminderAdd(name=name, account=SENDER, to=[self._group], text=when, at=when)
            until(partial(self._ask_again, asked), "the daemon to be itself again", 120)
        return due

    def _ask_again(self, request: Request[T]) -> T | None:
        with suppress(WaremindError):
            return self.daemon.call(request)
        return None

    def _late_ms(self, due: Sequence[datetime]) -> float:
        """Tell how late 99 % of them were at most; all of them must arrive."""
        wanted = {at.isoformat(): at for at in due}

        def arrived() -> dict[str, float] | None:
            found = {one.text: one.at for one in self.whatsapp.messages() if one.to == self._group}
            return found if wanted.keys() <= found.keys() else None

        try:
            found = until(arrived, "the reminders to arrive", 60)
        except TimeoutError:
            return float("inf")
        late = sorted(1000 * (found[text] - at.timestamp()) for text, at in wanted.items())
        return late[int(0.99 * (len(late) - 1))]

    # Who asks meanwhile.

    @contextmanager
    def _asking(self) -> Iterator[tuple[Gauge, Gauge]]:
        """Let another operator ask for the status, and for a preview, all the time."""
        rule = ReminderNext(rrule="FREQ=DAILY", start="2026-01-01T09:00", tz="UTC")
        end, gauges = Event(), (Gauge(), Gauge())
        threads = [
            Thread(target=self._ask, args=(Status(), PAUSE_SECONDS, gauges[0], end)),
            Thread(target=self._ask, args=(rule, PREVIEW_SECONDS, gauges[1], end)),
        ]
        for thread in threads:
            thread.start()
        try:
            yield gauges
        finally:
            end.set()
            for thread in threads:
                thread.join()

    def _ask(self, request: Request[object], pause: float, gauge: Gauge, end: Event) -> None:
        while not end.wait(pause):
            begin = time.monotonic()
            try:
                self.daemon.call(request)
            except WaremindError as error:
                gauge.refused.append(f"{request.method}: {error}")
            gauge.seconds.append(time.monotonic() - begin)

    # What crashes meanwhile.

    def _crash(self, before: Account, seconds: float) -> float:
        """Kill a session in the middle; returns how long it was away."""
        time.sleep(seconds / 3)
        begin = time.monotonic()
        self.daemon.signal_child(before.id, SIGKILL)

        def is_back() -> bool:
            with suppress(WaremindError):
                now = self.daemon.show(CRASHER)
                return now.status == "connected" and now.session > before.session
            return False

        try:
            until(is_back, "the session to be back", REOPEN_SECONDS)
        except TimeoutError:
            return float("inf")
        return time.monotonic() - begin

    # What the daemon's process holds.

    def rss_mb(self) -> float:
        """Read the resident size of the daemon's process; 0 when it has ended."""
        with suppress(OSError):
            statm = Path(f"/proc/{self.daemon.process.pid}/statm").read_text()
            return int(statm.split()[1]) * 4096 / MB
        return 0.0

    @contextmanager
    def _peak(self) -> Iterator[list[float]]:
        end, peak = Event(), [0.0]

        def look() -> None:
            while not end.wait(LOOK_SECONDS):
                peak[0] = max(peak[0], self.rss_mb())

        thread = Thread(target=look)
        thread.start()
        try:
            yield peak
        finally:
            end.set()
            thread.join()

    def _given_back(self, before: float) -> float:
        """Wait until it holds little more than before; returns how much more."""
        with suppress(TimeoutError):
            until(lambda: self.rss_mb() <= before + 5, "memory to be given back", SETTLE_SECONDS)
        return self.rss_mb() - before
