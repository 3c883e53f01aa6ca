"""RFC 5545 rules: what is taken, what is refused and how, and their canonical text."""

from datetime import date, datetime

import pytest

from waremind.domain.rule import Day, Frequency, Rule
from waremind.domain.rule_text import parse_rule
from waremind.errors import ErrorCode, WaremindError

moment = datetime.fromisoformat


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("FREQ=DAILY", "FREQ=DAILY"),
        (" rrule:freq=weekly;byday=fr,mo ", "FREQ=WEEKLY;BYDAY=MO,FR"),
        ("INTERVAL=1;FREQ=DAILY;WKST=MO", "FREQ=DAILY"),
        ("FREQ=WEEKLY;WKST=SU;INTERVAL=02", "FREQ=WEEKLY;INTERVAL=2;WKST=SU"),
        ("FREQ=MONTHLY;BYDAY=-1FR,+2TU,2TU", "FREQ=MONTHLY;BYDAY=2TU,-1FR"),
        ("RRULE:FREQ=WEEKLY;BYDAY=TU,TH;", "FREQ=WEEKLY;BYDAY=TU,TH"),  # Google
        ("FREQ=MONTHLY;BYDAY=1MO, -1FR , TU", "FREQ=MONTHLY;BYDAY=1MO,TU,-1FR"),  # Exchange
        ("FREQ=DAILY;COUNT=10", "FREQ=DAILY;COUNT=10"),
        ("FREQ=DAILY;UNTIL=20261231", "FREQ=DAILY;UNTIL=20261231"),
        ("FREQ=DAILY;UNTIL=20261231t090000", "FREQ=DAILY;UNTIL=20261231T090000"),
        ("FREQ=DAILY;UNTIL=20261231T090000z", "FREQ=DAILY;UNTIL=20261231T090000Z"),
        ("FREQ=YEARLY;BYWEEKNO=53,-1,1", "FREQ=YEARLY;BYWEEKNO=-1,1,53"),
        ("FREQ=HOURLY;BYYEARDAY=366;BYSECOND=59", "FREQ=HOURLY;BYYEARDAY=366;BYSECOND=59"),
    ],
)
def test_equal_rules_have_one_text_that_reads_back_as_the_same_rule(
    text: str, canonical: str
) -> None:
    rule = parse_rule(text)
    assert str(rule) == canonical
    assert parse_rule(canonical) == rule


def test_a_rule_holds_what_its_parts_say() -> None:
    assert parse_rule("FREQ=MONTHLY;INTERVAL=2;COUNT=3;BYDAY=-1SU,MO;BYHOUR=9,8") == Rule(
        freq=Frequency.MONTHLY,
        interval=2,
        count=3,
        byday=(Day(0), Day(6, -1)),
        byhour=(8, 9),
    )


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("20261231", date(2026, 12, 31)),
        ("20261231T090000", moment("2026-12-31T09:00")),
        ("20261231T090000Z", moment("2026-12-31T09:00Z")),
    ],
)
def test_until_is_a_date_a_local_time_or_utc(text: str, until: date) -> None:
    rule = parse_rule(f"FREQ=DAILY;UNTIL={text}")
    assert rule.until == until
    assert type(rule.until) is type(until)


@pytest.mark.parametrize(
    ("text", "reason", "cure"),
    [
        ("", "it is empty", "FREQ=DAILY"),
        ("RRULE:", "it is empty", "FREQ=DAILY"),
        ("FREQ=DAILY;;", "a part is empty", "one ';'"),
        ("FREQ=WEEKLY;BYDAY=MO/FR", "BYDAY has the character '/' in it", "','"),
        ("FREQ=DAILY;BYHOUR=9, 15", "BYHOUR has the character ' ' in it", "','"),
        ("FREQ=WEEKLY;BYDAY=MO,\u00a0FR", r"BYDAY has the character '\xa0' in it", "','"),
        ("FREQ=DAILY;;COUNT=1", "a part is empty", "one ';'"),
        ("FREQ", "FREQ has no value", "write FREQ="),
        ("FREQ=DAILY;BYHOUR=", "BYHOUR has no value", "leave it out"),
        ("COUNT=1", "FREQ is missing", "FREQ=YEARLY|MONTHLY|WEEKLY|DAILY|HOURLY|MINUTELY"),
        ("FREQ=DAILY;" + "COUNT=1;" * 200, "longer than 1000 characters", "fewer"),
        ("FREQ=SECONDLY", "FREQ=SECONDLY is not taken", "MINUTELY"),
        ("FREQ=DIALY", "FREQ=DIALY is not a frequency", "nearest: DAILY"),
        ("FREQ=DAILY;BYDAYS=MO", "'BYDAYS' is not a part", "nearest: BYDAY"),
        ("FREQ=DAILY;Q=1", "'Q' is not a part", "known: FREQ, INTERVAL"),
        ("every day", "'every day' is not a part", "write it like FREQ=DAILY, or"),
        ("FREQ=dayly", "FREQ=dayly is not a frequency", "nearest: DAILY"),
        ("freq=daily;byday=mon", "BYDAY=mon is not a weekday", "MO, TU"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0 is out of range", "1 to 1000000"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0 is out of range", "1 to 1000000"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1 is out of range", "1 to"),
        ("FREQ=DAILY;COUNT=1;UNTIL=20261231", "COUNT and UNTIL exclude", "keep the one"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ is there twice", "drop one"),
        ("FREQ=DAILY;BYHOUR=1;BYHOUR=2", "BYHOUR is there twice", "commas"),
        ("FREQ=YEARLY;BYEASTER=0", "BYEASTER is not taken", "RFC 5545"),
        ("RSCALE=HEBREW;FREQ=YEARLY", "RSCALE is not taken", "RFC 7529"),
        ("FREQ=MONTHLY;SKIP=BACKWARD", "SKIP is not taken", "BYMONTHDAY=-1"),
        ("FREQ=DAILY;X-MOON=FULL", "X-MOON is not taken", "leave it out"),
        ("DTSTART=20261201;FREQ=DAILY", "DTSTART is not taken", "--start"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR=24 is out of range", "0 to 23"),
        ("FREQ=DAILY;BYMINUTE=1,60", "BYMINUTE=60 is out of range", "0 to 59"),
        ("FREQ=DAILY;BYSECOND=60", "BYSECOND=60 is out of range", "0 to 59"),
        ("FREQ=DAILY;BYHOUR=-1", "BYHOUR=-1 is out of range", "0 to 23"),
        ("FREQ=DAILY;BYHOUR=nine", "BYHOUR=nine is out of range", "0 to 23"),
        ("FREQ=DAILY;BYHOUR=1,,2", "BYHOUR= is out of range", "0 to 23"),
        ("FREQ=DAILY;BYMONTH=0", "BYMONTH=0 is out of range", "1 to 12"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32 is out", "1 to 31, or -31 to -1"),
        ("FREQ=YEARLY;BYYEARDAY=0", "BYYEARDAY=0 is out of range", "-366 to -1"),
        ("FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO=54 is out of range", "1 to 53"),
        ("FREQ=DAILY;BYHOUR=1,2;BYSETPOS=0", "BYSETPOS=0 is out of range", "1 to 366"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY=0MO is out of range", "1 to 53"),
        ("FREQ=MONTHLY;BYDAY=6MO", "BYDAY=6MO is out of range", "at most 5"),
        ("FREQ=YEARLY;BYMONTH=5;BYDAY=-6MO", "BYDAY=-6MO is out of range", "at most 5"),
        ("FREQ=YEARLY;BYDAY=54MO", "BYDAY=54MO is out of range", "1 to 53"),
        ("FREQ=WEEKLY;BYDAY=MON", "BYDAY=MON is not a weekday", "MO, TU"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX is not a weekday", "MO, TU"),
        ("FREQ=WEEKLY;WKST=1", "WKST=1 is not a weekday", "MO, TU"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY=1MO does not go with FREQ=WEEKLY", "BYDAY=MO"),
        ("FREQ=HOURLY;BYDAY=-1MO", "BYDAY=-1MO does not go with FREQ=HOURLY", "BYDAY=MO"),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "BYDAY=1MO does not go with BYWEEKNO", "BYDAY=MO"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO does not go with FREQ=MONTHLY", "YEARLY"),
        ("FREQ=DAILY;BYYEARDAY=1", "BYYEARDAY does not go with FREQ=DAILY", "YEARLY, HOURLY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY does not go with FREQ=WEEKLY", "MONTHLY"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS needs another BY part", "add one"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "BYMONTHDAY=30 never falls", "BYMONTHDAY=-1"),
        ("FREQ=DAILY;BYMONTH=4,6;BYMONTHDAY=-31", "BYMONTHDAY=-31 never falls", "BYMONTHDAY=-1"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL=tomorrow is not a date", "UNTIL=20261231"),
        ("FREQ=DAILY;UNTIL=20260230", "UNTIL=20260230: day is out of range", "UNTIL=20261231"),
        ("FREQ=DAILY;UNTIL=20261231T2500", "is not a date", "UNTIL=20261231T090000"),
        ("FREQ=DAILY;UNTIL=99991231", "UNTIL=99991231 is out of range", "leave UNTIL out"),
        ("FREQ=DAILY;BYHOUR=９", "BYHOUR has the character '９' in it", "digits"),
    ],
)
def test_a_rule_is_refused_with_its_part_named_and_a_cure(
    text: str, reason: str, cure: str
) -> None:
    with pytest.raises(WaremindError) as refused:
        parse_rule(text)
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert refused.value.message.startswith("cannot use the rule: ")
    assert reason in refused.value.message
    assert cure in refused.value.hint
