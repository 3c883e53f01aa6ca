"""What bends a rule is previewed and fires alike, and what does not fire says why in a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from delivery.clockwork import NOBODY, Engine, engine

from waremind.daemon.api.handlers import reminder as reminders
from waremind.daemon.reminders.preview import preview
from waremind.requests.plan import ReminderMove, ReminderSkip, ReminderUnskip
from waremind.requests.reminder import ReminderEdit, ReminderNext

pytestmark = pytest.mark.anyio

# Berlin's clocks go forward on 29 March 2026, a Sunday.
PLANS = {
    "workdays": {
        "rrule": "FREQ=DAILY;COUNT=20",
        "start": "2026-03-26T02:30",
        "tz": "Europe/Berlin",
        "workdays": "MO-FR",
        "on_off": "after",
    },
    "leads": {
        "rrule": "FREQ=WEEKLY;BYDAY=TU",
        "start": "2026-03-02T09:00",
        "before": [86_400, 3_600],
        "except_": ["2026-03-10T09:00"],
        "also": ["2026-03-12T10:00"],
    },
    "quiet": {
        "rrule": "FREQ=HOURLY;INTERVAL=3",
        "start": "2026-03-02T09:10",
        "quiet": "20:00-08:00",
        "misfire": "all",
    },
}


async def test_what_next_lists_is_what_fires(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        listed = {}
        for name, bent in PLANS.items():
            await playing.add(name, **bent)
            listed[name] = await playing.listed(name, 12)
        for name in sorted(listed, key=lambda name: listed[name][-1]):
            await playing.pass_to(listed[name][-1])
            assert [at.replace(microsecond=0) for at in playing.fired(name)] == listed[name]
            await playing.delete(name)


async def skip(playing: Engine, **request: object) -> list[str]:
    asked = ReminderSkip(reminder="daily", **request)
    changed = await reminders.skip(playing.daemon, NOBODY, asked)
    return [one.at for one in changed.next]


async def test_a_skipped_occurrence_has_a_run_that_says_so_when_its_time_has_come(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("daily", rrule="FREQ=DAILY", start="2026-03-02T09:00")
        assert await skip(playing) == [f"2026-03-0{day}T09:00:00+00:00" for day in (3, 4, 5)]
        assert await playing.became("daily") == []
        await playing.pass_to((await playing.listed("daily", 1))[0])
        assert await playing.became("daily") == [("skipped", "by_operator", 1), ("sent", None, 1)]


async def test_what_is_skipped_or_moved_is_put_back(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("daily", rrule="FREQ=DAILY", start="2026-03-02T09:00")
        await skip(playing, count=2)
        move = ReminderMove(reminder="daily", at="2026-03-04T09:00", to="2026-03-02T10:00")
        moved = await reminders.move(playing.daemon, NOBODY, move)
        assert [one.at[:13] for one in moved.next[:2]] == ["2026-03-02T10", "2026-03-05T09"]
        for day in (2, 3, 4):
            back = ReminderUnskip(reminder="daily", at=f"2026-03-0{day}T09:00")
            assert (await reminders.unskip(playing.daemon, NOBODY, back)).changed
            assert not (await reminders.unskip(playing.daemon, NOBODY, back)).changed
        listed = await playing.listed("daily", 3)
        assert [f"{at:%d %H}" for at in listed] == ["02 09", "03 09", "04 09"]


async def test_what_falls_into_quiet_hours_is_missed_in_one_run(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path, quiet={"hours": "20:00-08:00"}) as playing:
        await playing.add("hourly", rrule="FREQ=HOURLY", start="2026-03-02T19:00")
        await playing.add("loud", rrule="FREQ=HOURLY", start="2026-03-02T19:00", quiet="none")
        first, second = await playing.listed("hourly", 2)
        assert (second - first).total_seconds() == 13 * 3600
        await playing.pass_to(second)
        assert await playing.became("hourly") == [
            ("sent", None, 1),
            ("missed", "quiet", 12),
            ("sent", None, 1),
        ]
        assert await playing.became("loud") == [("sent", None, 1)] * 14


async def test_what_next_prints_is_what_is_sent_byte_for_byte(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("daily", rrule="FREQ=DAILY", start="2026-03-02T09:00", before=[3_600])
        edit = ReminderEdit(
            reminder="daily",
            text="{{{turn}}} {weekday} {date} {time}, no. {n}, {days_left} left ü",
            rotate=["Ana", "Ben"],
            fields=True,
            until_day="2026-03-05",
        )
        await reminders.edit(playing.daemon, NOBODY, edit)
        await skip(playing)
        asked = ReminderNext(reminder="daily", count=4, text=True)
        listed = (await preview(playing.daemon, asked)).occurrences
        await playing.pass_to((await playing.listed("daily", 4))[-1])
        assert [seen.text for seen in playing.sent] == [one.text for one in listed]
        assert [one.text for one in listed[1:3]] == [
            "{Ana} Tuesday 2026-03-03 09:00, no. 1, 2 left ü",
            "{Ben} Wednesday 2026-03-04 09:00, no. 2, 1 left ü",
        ]
