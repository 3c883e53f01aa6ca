"""What is previewed is what fires, and the clock may jump as it likes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from delivery.clockwork import START, engine

pytestmark = pytest.mark.anyio

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

# In Berlin clocks go forward on 29 March 2026 at 02:00, and back on 25 October at 03:00.
RULES = {
    "each minute": ("FREQ=MINUTELY;COUNT=5", "2026-03-02T09:00:17", "UTC"),
    "in the morning": ("FREQ=MINUTELY;INTERVAL=7;BYHOUR=9", "2026-03-02T09:00", "UTC"),
    "at 20 and 40 past": ("FREQ=HOURLY;BYMINUTE=20,40;COUNT=9", "2026-03-02T09:30:30", "UTC"),
    "hourly over the gap": ("FREQ=HOURLY", "2026-03-28T22:00", "Europe/Berlin"),
    "hourly over the fold": ("FREQ=HOURLY", "2026-10-24T23:30", "Europe/Berlin"),
    "daily into the gap": ("FREQ=DAILY;COUNT=4", "2026-03-27T02:30", "Europe/Berlin"),
    "daily into the fold": ("FREQ=DAILY", "2026-10-23T02:30", "Europe/Berlin"),
    "weekdays": ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "2026-03-02T09:00", "Asia/Jakarta"),
    "last Friday": ("FREQ=MONTHLY;BYDAY=-1FR", "2026-01-01T09:00", "America/New_York"),
    "the 31st": ("FREQ=MONTHLY;BYMONTHDAY=31", "2026-01-31T23:59:59", "Asia/Kathmandu"),
    "the last working day": (
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;UNTIL=20260901",
        "2026-01-01T12:00",
        "Pacific/Apia",
    ),
    "29 February": ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=2", "2024-02-29T09:00", "UTC"),
}


async def test_what_next_lists_is_what_fires_to_the_second(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        listed = {}
        for name, (rrule, start, zone) in RULES.items():
            await playing.add(name, rrule=rrule, start=start, tz=zone)
            listed[name] = await playing.listed(name, 8)
        for name in sorted(listed, key=lambda name: listed[name][-1]):
            await playing.pass_to(listed[name][-1])
            assert playing.fired(name) == listed[name]
            await playing.delete(name)


async def test_what_became_late_while_the_machine_slept_goes_by_the_misfire_rule(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        for rule in ("skip", "once", "all"):
            daily = {"rrule": "FREQ=DAILY", "start": "2026-03-01T09:00", "misfire": rule}
            await playing.add(rule, **daily, grace_seconds=600)
        await playing.set_clock(START + 3 * DAY)
        assert await playing.became("skip") == [("missed", "late", 3)]
        assert await playing.became("once") == [("missed", "late", 2), ("sent", None, 1)]
        assert await playing.became("all") == [("sent", None, 1)] * 3
        assert {seen.at for seen in playing.sent} == {START + 3 * DAY}


async def test_what_a_jump_makes_late_by_less_than_the_grace_is_sent(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("daily", rrule="FREQ=DAILY", start="2026-03-01T09:00", grace_seconds=600)
        await playing.set_clock(START + HOUR + 10 * MINUTE)
        assert await playing.became("daily") == [("sent", None, 1)]


async def test_a_clock_that_is_set_back_sends_nothing_twice(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("each minute", rrule="FREQ=MINUTELY", start="2026-03-02T07:00")
        await playing.add("daily", rrule="FREQ=DAILY", start="2026-03-01T08:03")
        listed = await playing.listed("each minute", 20)
        await playing.pass_to(START + 10 * MINUTE)
        await playing.set_clock(START - 3 * HOUR)
        await playing.pass_to(START + 20 * MINUTE)
        await playing.set_clock(START)
        await playing.pass_to(START + 20 * MINUTE)
        assert playing.fired("each minute") == listed
        assert len(playing.fired("daily")) == 1


async def test_a_message_waits_for_its_retry_however_the_clock_is_set(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", at="2026-03-02T08:00:01")
        playing.gateway.sessions[-1].connected = False  # the child knows before the daemon does
        playing.clock.pass_to(START + timedelta(seconds=1))
        await playing.wait_for("SELECT 1 FROM deliveries WHERE attempts = 1")
        playing.clock.set(START - HOUR)
        playing.gateway.sessions[-1].connected = True
        await playing.pass_to(START + MINUTE)
        assert await playing.became("soon") == [("sent", None, 1)]
