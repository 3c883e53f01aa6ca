"""The real engine on a clock that a test moves, with a WhatsApp that answers at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import gettempdir
from typing import Any, NamedTuple, TypeVar

import psycopg
from fake_gateway import FakeGateway, FakeWhatsApp

from waremind import config
from waremind.daemon.api.handlers import freeze as freezes
from waremind.daemon.api.handlers import reminder as reminders
from waremind.daemon.main import assemble
from waremind.daemon.reminders.preview import preview
from waremind.daemon.rules.evaluator import RuleEvaluator
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.daemon.system.failures import Failures
from waremind.daemon.system.membership import Membership
from waremind.daemon.system.recent import Recent
from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.settings import LiveSettings
from waremind.daemon.system.uploads import ConnectionUploads, UploadRoom
from waremind.domain.lifecycle import State
from waremind.objects import MisfireRule, Operator, Reminder
from waremind.requests.daemon import FreezeSet, Thaw
from waremind.requests.reminder import ReminderAdd, ReminderDelete, ReminderNext, ReminderShow
from waremind.store import accounts
from waremind.store.accounts import AccountRow
from waremind.store.database import Database
from waremind.store.lock import DaemonLock
from waremind.whatsapp.gateway import Message
from waremind.whatsapp.reports import GroupSnapshot, Identity, Outcome, Sent

T = TypeVar("T")

ACCOUNT = "acc_clockwork"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)  # a Monday
PATIENCE_SECONDS = 20.0
POLL_SECONDS = 0.002
READERS = 2
FLAGS: dict[str, Any] = {
    "default_tz": "UTC",
    "governor": {"enabled": False},
    "sessions": {"stagger_seconds": 0},
}
ONE_A_MINUTE: dict[str, Any] = {
    "governor": {
        "messages_per_minute": 1,
        "burst": 1,
        "spacing_min_seconds": 0,
        "spacing_max_seconds": 0,
    }
}
ME = Identity("62811@s.whatsapp.net", "+62811")


async def emit(_event: object) -> None:
    """Tell nobody."""


async def wait(work: Awaitable[T]) -> T:
    """Wait, as nobody hangs up."""
    return await work


async def has_room() -> bool:
    """Take whatever comes."""
    return True


NOTHING = ConnectionUploads(UploadRoom(Path(gettempdir())), 0)
NOBODY = Caller(Operator(0, "root"), emit, has_room, wait, NOTHING)


class Clock:
    """A clock that stands still until a test moves it (`wall_clock.Clock`)."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._jumps = 0
        self._moved = asyncio.Event()
        self.sleepers: Counter[datetime | None] = Counter()
        """How many sleep, by until when."""

    def now(self) -> datetime:
        return self._now + timedelta()  # another object each time, as the wall clock gives

    async def sleep_until(self, at: datetime | None) -> None:
        jumps = self._jumps
        self.sleepers[at] += 1
        try:
            while jumps == self._jumps and (at is None or at > self._now):
                await self._moved.wait()
        finally:
            self.sleepers[at] -= 1

    def pass_to(self, at: datetime) -> None:
        """Let time pass."""
        self._now = at
        self._wake()

    def set(self, at: datetime) -> None:
        """Set the clock, forward or back, as an operator or NTP does: sleepers are woken."""
        self._jumps += 1
        self.pass_to(at)

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


class Seen(NamedTuple):
    """A message that was sent, and what time it was."""

    text: str
    at: datetime


@dataclass
class Engine:
    """A daemon without its socket, and everything that it sent."""

    daemon: Services
    clock: Clock
    gateway: FakeGateway
    sent: list[Seen]
    connection: psycopg.AsyncConnection[Any]
    readers: Database

    async def add(self, name: str, **fields: Any) -> Reminder:
        """Add a reminder to the first group; its text is its name."""
        request = ReminderAdd(name=name, account="ops", text=name, **({"to": ["1@g.us"]} | fields))
        return (await reminders.add(self.daemon, NOBODY, request)).reminder

    async def show(self, name: str) -> Reminder:
        return (await reminders.show(self.daemon, NOBODY, ReminderShow(reminder=name))).reminder

    async def delete(self, name: str) -> None:
        await reminders.delete(self.daemon, NOBODY, ReminderDelete(reminder=name))
        self.daemon.scheduler.wake()

    async def freeze(self, account: str | None = None) -> None:
        await freezes.freeze(self.daemon, NOBODY, FreezeSet(account=account))

    async def thaw(self, held: MisfireRule, account: str | None = None) -> int:
        """End a freeze; returns how many held runs are sent after all."""
        return (await freezes.thaw(self.daemon, NOBODY, Thaw(held=held, account=account))).released

    async def listed(self, name: str, count: int) -> list[datetime]:
        """List what `reminder next` says."""
        found = await preview(self.daemon, ReminderNext(reminder=name, count=count))
        return [datetime.fromisoformat(occurrence.at) for occurrence in found.occurrences]

    def fired(self, name: str) -> list[datetime]:
        """List when a reminder's messages were sent."""
        return [seen.at for seen in self.sent if seen.text == name]

    async def pass_to(self, at: datetime) -> None:
        """Let time pass, through each moment at which something is due."""
        while (due := await self.at_rest()) and due <= at:
            self.clock.pass_to(due)
        self.clock.pass_to(at)
        await self.at_rest()

    async def set_clock(self, at: datetime) -> None:
        self.clock.set(at)
        await self.at_rest()

    async def at_rest(self) -> datetime | None:
        """Wait until nothing is due and nothing under way; say what is due next."""
        await until(self._is_at_rest)
        ((reminder, delivery),) = await self.sql(_DUE)
        return min((at for at in (reminder, delivery) if at), default=None)

    async def _is_at_rest(self) -> bool:
        ((reminder, delivery),) = await self.sql(_DUE)
        is_due = any(at is not None and at <= self.clock.now() for at in (reminder, delivery))
        return not is_due and reminder == self.daemon.scheduler.next_at

    async def wait_for(self, query: str) -> None:
        """Wait until a query finds something."""
        await until(lambda: self.sql(query))

    async def became(self, name: str) -> list[tuple[str, str | None, int]]:
        """List a reminder's runs by time: status, reason, and of how many occurrences."""
        return await self.sql(_BECAME, name)

    async def sql(self, query: str, *values: object) -> list[Any]:
        cursor = await self.connection.execute(query.encode(), values or None)
        return await cursor.fetchall() if cursor.description else []


# When the next reminder, and the next message that is under way, are due.
_DUE = """
    SELECT (SELECT min(next_at) FROM reminders
            WHERE state = 'active' AND too_slow_since IS NULL),
           (SELECT min(CASE status WHEN 'scheduled' THEN due_at ELSE started_at END)
            FROM deliveries WHERE status IN ('scheduled', 'sending'))
"""
_BECAME = (
    "SELECT coalesce(d.status, r.outcome), coalesce(d.reason, r.reason), r.count"
    " FROM runs r JOIN reminders m ON m.id = r.reminder_id"
    " LEFT JOIN deliveries d ON d.run_id = r.id WHERE m.name = %s ORDER BY r.occurs_at"
)


async def until(probe: Callable[[], Any]) -> None:
    """Wait for an awaitable probe to come true: the one place where these tests poll."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await probe():  # noqa: ASYNC110 - it is PostgreSQL that has to be asked
            await asyncio.sleep(POLL_SECONDS)


def failing_once(answer: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
    """Make what fails the first time, as by a bug, and then answers."""
    bugs = iter([RuntimeError()])

    async def answer_later(*asked: object) -> T:
        for bug in bugs:
            raise bug
        return await answer(*asked)

    return answer_later


class _OverError(Exception):
    """The test is over: the engine's TaskGroup is to end."""


@asynccontextmanager
async def engine(
    dsn: str, directory: Path, now: datetime = START, **flags: Any
) -> AsyncIterator[Engine]:
    """Run the engine at a time; the account `ops` is connected, and in the groups 1 to 3."""
    current = LiveSettings(config.load(None, {"state_dir": str(directory), **FLAGS, **flags}))
    clock, lock, sent = Clock(now), DaemonLock(dsn), list[Seen]()
    failures = Failures(clock.now)

    def answer(message: Message) -> Outcome:
        sent.append(Seen(message.text, clock.now()))
        return Sent(f"3EB0{len(sent):016X}")

    gateway = FakeGateway(
        FakeWhatsApp(devices={directory / "sessions" / ACCOUNT / "1": ME}, answer=answer)
    )
    gateway.whatsapp.groups = [
        GroupSnapshot(f"{number}@g.us", f"Group {number}", announce_only=False, admin=False)
        for number in (1, 2, 3)
    ]
    await lock.take()
    try:
        async with (
            await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection,
            Database(dsn, pool_size=4) as database,
            Database(dsn, pool_size=READERS) as readers,
            RuleEvaluator() as trial,
            asyncio.TaskGroup() as tasks,
        ):
            await _link(connection, now)
            membership = Membership(lock, database, clock, failures, "clockwork")
            recent = Recent(clock)
            database.begin_with(recent.reassert)
            runtime = Runtime(current, database, readers, membership, clock, failures, recent)
            daemon = assemble(runtime, tasks, gateway, trial, "test")
            await daemon.accounts.start()
            tasks.create_task(daemon.outbox.run())
            tasks.create_task(daemon.feed.run())
            playing = Engine(daemon, clock, gateway, sent, connection, readers)
            await until(lambda: playing.sql("SELECT 1 FROM whatsapp_groups"))
            yield playing
            await _stop(daemon)
    except* _OverError:
        pass
    finally:
        await lock.release()


async def _stop(daemon: Services) -> None:
    await daemon.accounts.stop()
    raise _OverError


async def _link(connection: psycopg.AsyncConnection[Any], now: datetime) -> None:
    """Store the account as linked long ago, unless an earlier engine has done so."""
    long_ago = now - timedelta(days=100)
    await accounts.insert(
        connection,
        AccountRow(
            id=ACCOUNT,
            label="ops",
            state=State.STOPPED,
            created_at=long_ago,
            status_since=long_ago,
            state_since=long_ago,
            session=1,
            device=1,
            linked_at=long_ago,
        ),
    )
