"""Durations as operators write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waremind.domain.duration import LONGEST, format_duration, parse_duration
from waremind.errors import ErrorCode, WaremindError


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
        ("1h30m", timedelta(minutes=90)),
        (" 1D2H3M4S ", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("0s", timedelta()),
    ],
)
def test_a_duration_is_read_as_the_contract_writes_it(text: str, duration: timedelta) -> None:
    assert parse_duration(text, flag="--grace") == duration


@given(st.timedeltas(timedelta(), LONGEST).map(lambda d: timedelta(seconds=int(d.total_seconds()))))
def test_what_is_written_reads_back(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration), flag="--grace") == duration


@pytest.mark.parametrize(
    "text", ["", "10", "m", "1m1h", "1h1h", "-1h", "1.5h", "1h 30m", "1w", "99999d", "9" * 12 + "s"]
)
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(WaremindError, match="cannot use --grace") as refused:
        parse_duration(text, flag="--grace")
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert "1h30m" in refused.value.hint
