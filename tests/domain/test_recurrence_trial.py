"""What a recurrence must show before it is stored."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from waremind.domain.plan import Plan
from waremind.domain.recurrence import Recurrence
from waremind.domain.recurrence_trial import Preview, Upcoming, require_occurrence, too_slow
from waremind.domain.rule_text import parse_rule
from waremind.errors import ErrorCode, WaremindError

moment = datetime.fromisoformat
NOW = moment("2026-12-01T09:00Z")


def preview(rule: str, start: str = "2026-01-01T09:00") -> Preview:
    recurrence = Recurrence(parse_rule(rule), moment(start), ZoneInfo("Europe/Berlin"))
    return Preview(Plan(recurrence), NOW, 3)


def test_a_preview_lists_what_will_fire() -> None:
    found = preview("FREQ=DAILY").answer()
    assert [f"{o.nominal:%d %H}" for o in found] == ["02 09", "03 09", "04 09"]


def test_what_is_upcoming_begins_with_the_stored_occurrence_and_is_what_a_preview_lists() -> None:
    question = preview("FREQ=DAILY;COUNT=400")
    stored, *_ = found = question.answer()
    assert Upcoming(question.plan, stored.position, 3).answer() == found


def test_a_preview_is_shorter_where_the_rule_ends() -> None:
    question = preview("FREQ=DAILY;UNTIL=20261203")
    found = question.answer()
    assert len(found) == 2
    require_occurrence(question, found)


@pytest.mark.parametrize(
    ("rule", "start", "reason", "cure"),
    [
        (
            "FREQ=DAILY;UNTIL=20261130",
            "2026-01-01T09:00",
            "never fires after 2026-12-01T10:00",
            "end",
        ),
        ("FREQ=DAILY;COUNT=3", "2026-01-01T09:00", "never fires after 2026-12-01T10:00", "later"),
        (
            "FREQ=YEARLY;INTERVAL=20",
            "2025-01-01T09:00",
            "first at 2045-01-01T09:00:00+01:00",
            "INTERVAL",
        ),
        ("FREQ=DAILY", "2126-12-01T09:00", "does not fire within 10 years", "start"),
    ],
)
def test_a_recurrence_that_will_not_fire_within_ten_years_is_refused(
    rule: str, start: str, reason: str, cure: str
) -> None:
    question = preview(rule, start)
    with pytest.raises(WaremindError) as refused:
        require_occurrence(question, question.answer())
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert reason in refused.value.message
    assert cure in refused.value.hint


def test_a_rule_that_is_too_slow_is_invalid_input() -> None:
    error = too_slow()
    assert error.code is ErrorCode.INVALID_INPUT
    assert "100 ms of CPU" in error.message
