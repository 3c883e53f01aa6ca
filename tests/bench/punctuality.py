"""How long after its due time a message is given to WhatsApp, when there is little to do."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import statistics
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from bench import stage
from bench.finding import Finding, Scale
from bench.reminders import Writing, write
from waremind.daemon.status.hooks import Hook
from waremind.whatsapp.gateway import Message
from waremind.whatsapp.reports import Outcome, Sent

ACCOUNTS = 20  # each has little to do
HEAD_START = timedelta(seconds=1)
SPACING = timedelta(milliseconds=100)
ALLOWANCE_MS = 20.0
UNCHANGED = 1.1
IN_A_ROW = 5  # with a hook, then without it: a slow moment of the machine meets both
HOOKS = {
    "floods": ["/bin/sh", "-c", "yes"],
    "hangs": ["/bin/sh", "-c", "sleep 600"],
    "forks": ["/bin/sh", "-c", "for each in $(seq 100); do sleep 600 & done; wait"],
    "fails at once": ["/bin/false"],
}


class Stopwatch:
    """Notes how late each message is sent, by when it was due: that is its text."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.late_ms: dict[datetime, float] = {}
        self.done = asyncio.Event()

    def __call__(self, message: Message) -> Outcome:
        due = datetime.fromisoformat(message.text)
        self.late_ms[due] = (datetime.now(UTC) - due) / timedelta(milliseconds=1)
        if len(self.late_ms) == self._number:
            self.done.set()
        return Sent(f"3EB0{len(self.late_ms):016X}")


async def measure(scale: Scale) -> AsyncIterator[Finding]:
    """Let reminders fire one by one; between them a bare timer, each time with one query."""
    with stage.directory() as state, stage.logging_to(state / "log"):
        async with stage.postgres(state) as dsn:
            ours, bare = await _late(state, dsn, scale.occasions)
            claim = f"send call after due time, p99 of {scale.occasions}; asyncio timer and query"
            target = _p99(bare) + ALLOWANCE_MS
            yield Finding(f"{claim} + 20 ms", _p99(ours), target, "ms", "at most", 1)
            for what, program in HOOKS.items():
                late, _ = await _late(state, dsn, 2 * scale.occasions, program)
                assert await _is_told(dsn), "no hook was told of anything"
                told, untold = _halves(late)
                claim = f"p99 of {len(told)} with a hook on every event that {what}; without it"
                yield Finding(claim, _p99(told), _p99(untold), "ms", "at most", UNCHANGED)


def _has_hook(number: int) -> bool:
    """Tell whether there is a hook at an occasion: in turns."""
    return number // IN_A_ROW % 2 == 1


def _halves(late: Sequence[float]) -> tuple[list[float], list[float]]:
    """Part what was measured with a hook from what was without."""
    told = [each for number, each in enumerate(late) if _has_hook(number)]
    return told, [each for number, each in enumerate(late) if not _has_hook(number)]


async def _late(
    state: Path, dsn: str, occasions: int, hook: Sequence[str] = ()
) -> tuple[list[float], list[float]]:
    async with await stage.connected(dsn) as connection:
        await connection.execute("DELETE FROM accounts")
        accounts = await stage.paired_accounts(connection, ACCOUNTS)
        gateway = stage.fake_gateway(state, accounts, groups=1)
        stopwatch = gateway.whatsapp.answer = Stopwatch(occasions)
        hooks = {"events": list(hook)}
        async with stage.engine(state, dsn, gateway, hooks=hooks) as engine:
            begin = datetime.now(UTC) + HEAD_START
            times = [begin + number * SPACING for number in range(occasions)]
            turns = zip(itertools.cycle(accounts), times, strict=False)
            await write(
                connection, *(Writing([row], 1, 1, at, text=at.isoformat()) for row, at in turns)
            )
            engine.daemon.scheduler.wake()
            bare: list[float] = []
            for has_hook, some in itertools.groupby(
                enumerate(times), lambda each: _has_hook(each[0])
            ):
                async with _telling(engine) if has_hook else contextlib.nullcontext():
                    bare += [await _bare(connection, at + SPACING / 2) for _, at in some]
            await stopwatch.done.wait()
    return [stopwatch.late_ms[at] for at in times], bare


@contextlib.asynccontextmanager
async def _telling(engine: stage.Engine) -> AsyncIterator[None]:
    """Tell the hook, if there is one, of what happens meanwhile."""
    feed = asyncio.create_task(engine.daemon.feed.run())
    hook = asyncio.create_task(Hook(engine.daemon, "events").run())
    try:
        yield
    finally:
        feed.cancel()
        hook.cancel()
        await asyncio.gather(feed, hook, return_exceptions=True)


async def _is_told(dsn: str) -> bool:
    """Tell whether a hook is under way: it has a place among the events."""
    async with await stage.connected(dsn) as connection:
        found = await (await connection.execute("SELECT count(*) FROM hooks")).fetchone()
        await connection.execute("DELETE FROM hooks")
    return found != (0,)


async def _bare(connection: psycopg.AsyncConnection, at: datetime) -> float:
    """Wait with asyncio's own timer, ask the database once, and say how late that is."""
    await asyncio.sleep((at - datetime.now(UTC)).total_seconds())
    await connection.execute("SELECT 1")
    return (datetime.now(UTC) - at) / timedelta(milliseconds=1)


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[98]
