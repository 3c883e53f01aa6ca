"""Zones, times as operators write them, and the instants they stand for."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from waremind.domain.wall_time import (
    choose_zone,
    instant_of,
    is_ambiguous,
    last_instant,
    parse_instant,
    parse_local,
    recent_gap,
    rfc3339,
    wall_of,
    wall_text,
)
from waremind.errors import ErrorCode, WaremindError

moment = datetime.fromisoformat
BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


def test_the_zone_is_the_named_one_else_the_default() -> None:
    assert choose_zone("Asia/Kathmandu", "Europe/Berlin").key == "Asia/Kathmandu"
    assert choose_zone(None, "Europe/Berlin").key == "Europe/Berlin"


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("Europe/Berln", "nearest: Europe/Berlin"),
        ("europe/berlin", "nearest: Europe/Berlin"),
        ("Berlin", "nearest: Europe/Berlin"),
        ("New York", "nearest: America/New_York"),
        ("localtime", "name it by area and city"),
        ("../etc/passwd", "name it by area and city"),
        ("+01:00", "name it by area and city"),
        ("", "name it by area and city"),
    ],
)
def test_an_unknown_zone_is_refused_with_the_nearest_ones(name: str, cure: str) -> None:
    with pytest.raises(WaremindError, match="is not an IANA time zone") as refused:
        choose_zone(name, "Europe/Berlin")
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert cure in refused.value.hint


def test_a_megabyte_is_no_zone_and_no_time_and_is_refused_in_a_sentence() -> None:
    long, begin = "a" * (1 << 20), time.process_time()
    for read in (lambda: choose_zone(long, None), lambda: parse_local(long)):
        with pytest.raises(WaremindError) as refused:
            read()
        assert len(refused.value.message + refused.value.hint) < 200
    assert time.process_time() - begin < 0.1


def test_without_any_zone_the_cure_is_tz_or_default_tz() -> None:
    with pytest.raises(WaremindError, match="neither --tz nor default_tz is set") as refused:
        choose_zone(None, "")
    assert "--tz Europe/Berlin" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "wall"),
    [
        ("2026-12-01T09:00", moment("2026-12-01T09:00")),
        (" 2026-12-01t09:00:30 ", moment("2026-12-01T09:00:30")),
    ],
)
def test_a_start_is_a_local_time(text: str, wall: datetime) -> None:
    assert parse_local(text) == wall


def test_a_start_with_an_offset_is_refused() -> None:
    with pytest.raises(WaremindError, match="carries no offset") as refused:
        parse_local("2026-12-01T09:00+01:00")
    assert refused.value.hint == "write --start 2026-12-01T09:00:00 and name the zone with --tz"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-12-01T09:00", moment("2026-12-01T08:00Z")),
        ("2026-12-01T09:00Z", moment("2026-12-01T09:00Z")),
        ("2026-12-01T09:00:00+05:30", moment("2026-12-01T03:30Z")),
        ("2026-12-01T09:00-05:00", moment("2026-12-01T14:00Z")),
        ("2026-03-29T02:30", moment("2026-03-29T01:30Z")),
        ("2026-10-25T02:30", moment("2026-10-25T00:30Z")),
    ],
)
def test_an_instant_is_local_or_carries_its_offset(text: str, instant: datetime) -> None:
    found = parse_instant(text, BERLIN)
    assert found == instant
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "reason", "cure"),
    [
        ("2026-12-01", "it has no time", "add one: 2026-12-01T09:00"),
        ("9:00", "it has no date", "add one: 2026-12-01T09:00"),
        ("09:00:30", "it has no date", "add one: 2026-12-01T09:00:30"),
        ("tomorrow", "it is not a date and time", "write it like 2026-12-01T09:00"),
        ("2026-12-01 09:00", "it is not a date and time", "write it like 2026-12-01T09:00"),
        ("2026-12-01T09:00:00.5", "it is not a date and time", "write it like"),
        ("2026-02-30T09:00", "day is out of range for month", "write it like"),
        ("2026-12-01T24:00", "hour must be in 0..23", "write it like"),
        ("2026-12-01T09:00+01:99", "minutes of the offset", "write it like"),
        ("2026-12-01T09:00+24:00", "hours of the offset must be in 0..23", "write it like"),
        ("2206-12-01T09:00", "the year is out of range", "from 1970 to 2199"),
        ("0001-01-01T00:00", "the year is out of range", "from 1970 to 2199"),
    ],
)
def test_a_time_that_is_none_is_refused_with_a_cure(text: str, reason: str, cure: str) -> None:
    with pytest.raises(WaremindError) as refused:
        parse_instant(text, BERLIN, flag="--from")
    assert refused.value.message.startswith(f"cannot use --from {text!r}: ")
    assert reason in refused.value.message
    assert cure in refused.value.hint


def test_a_time_in_a_gap_is_shifted_forward_by_the_gap() -> None:
    at = instant_of(moment("2026-03-29T02:30"), BERLIN)
    assert wall_of(at, BERLIN) == moment("2026-03-29T03:30")


def test_of_two_times_in_a_fold_the_first_is_meant_unless_the_second_is_said() -> None:
    wall = moment("2026-10-25T02:30")
    first, second = (instant_of(wall.replace(fold=fold), BERLIN) for fold in (0, 1))
    assert second - first == timedelta(hours=1)
    assert last_instant(wall, BERLIN) == second
    assert wall_of(second, BERLIN).fold == 1


def test_only_a_time_in_a_fold_is_ambiguous() -> None:
    assert is_ambiguous(moment("2026-10-25T02:30"), BERLIN)
    assert not is_ambiguous(moment("2026-03-29T02:30"), BERLIN)
    assert not is_ambiguous(moment("2026-06-01T02:30"), BERLIN)


@pytest.mark.parametrize(
    ("at", "gap"),
    [
        (moment("2026-10-03T15:29Z"), timedelta()),
        (moment("2026-10-03T15:30Z"), timedelta(minutes=30)),
        (moment("2026-10-04T15:29Z"), timedelta(minutes=30)),
        (moment("2026-10-04T15:30Z"), timedelta()),
        (moment("2026-04-05T15:30Z"), timedelta()),
    ],
)
def test_a_gap_is_recent_for_a_day(at: datetime, gap: timedelta) -> None:
    assert recent_gap(at, LORD_HOWE) == gap


def test_output_has_seconds_and_the_zone_s_offset() -> None:
    at = moment("2026-12-01T08:00Z")
    assert rfc3339(at, BERLIN) == "2026-12-01T09:00:00+01:00"
    assert wall_text(wall_of(at, BERLIN)) == "2026-12-01T09:00:00"
