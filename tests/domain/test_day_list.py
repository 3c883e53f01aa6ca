"""Days off as a person lists them, and what a list cannot be."""

from datetime import date

import pytest

from waremind.domain.day_list import parse_days
from waremind.errors import ErrorCode, WaremindError


def test_a_line_names_a_day_or_a_span_of_days() -> None:
    text = "# ours\n\n2026-12-24 Christmas Eve \n2026-12-30..2026-12-31\n"
    assert parse_days(text) == {
        date(2026, 12, 24): "Christmas Eve",
        date(2026, 12, 30): "",
        date(2026, 12, 31): "",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is no day in it"),
        ("2026-12-24\nsoon", "line 2: 'soon' is no day"),
        ("2026-12-24..2026-12-01", "ends before it begins"),
        ("1970-01-01..2199-01-01", "more than 20000 days"),
    ],
)
def test_what_is_no_list_is_refused_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(WaremindError, match=reason) as refused:
        parse_days(text)
    assert refused.value.code is ErrorCode.INVALID_INPUT
