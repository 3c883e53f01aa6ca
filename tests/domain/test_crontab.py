"""Lines of crontab(5) become the rule that fires at the same times, or are refused by field."""

import pytest

from waremind.domain.crontab import parse_crontab
from waremind.domain.rule_text import parse_rule
from waremind.errors import ErrorCode, WaremindError

AT_NINE = "BYHOUR=9;BYMINUTE=0;BYSECOND=0"
MIDNIGHT = "BYHOUR=0;BYMINUTE=0;BYSECOND=0"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("0 9 * * *", f"FREQ=DAILY;{AT_NINE}"),
        ("0 9 * * 1-5", f"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;{AT_NINE}"),
        ("  0\t9 * * Mon,WED ", f"FREQ=WEEKLY;BYDAY=MO,WE;{AT_NINE}"),
        ("0 9 * * 0", f"FREQ=WEEKLY;BYDAY=SU;{AT_NINE}"),
        ("0 9 * * 5-7", f"FREQ=WEEKLY;BYDAY=FR,SA,SU;{AT_NINE}"),
        ("0 9 * * 0-6", f"FREQ=DAILY;{AT_NINE}"),
        ("0 9 1,15 * *", f"FREQ=MONTHLY;BYMONTHDAY=1,15;{AT_NINE}"),
        ("0 9 29 feb *", f"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;{AT_NINE}"),
        ("0 9 * jan-mar *", f"FREQ=DAILY;BYMONTH=1,2,3;{AT_NINE}"),
        # A field that begins with a star is no restriction: both have to fit.
        ("0 9 */15 * mon", f"FREQ=MONTHLY;BYMONTHDAY=1,16,31;BYDAY=MO;{AT_NINE}"),
        ("5/20 9-17/4 * * *", "FREQ=DAILY;BYHOUR=9,13,17;BYMINUTE=5,25,45;BYSECOND=0"),
        ("*/15 * * * *", "FREQ=HOURLY;BYMINUTE=0,15,30,45;BYSECOND=0"),
        ("30 * * * 1", "FREQ=HOURLY;BYDAY=MO;BYMINUTE=30;BYSECOND=0"),
        ("* * * * *", "FREQ=MINUTELY;BYSECOND=0"),
        ("@daily", f"FREQ=DAILY;{MIDNIGHT}"),
        ("@Midnight", f"FREQ=DAILY;{MIDNIGHT}"),
        ("@hourly", "FREQ=HOURLY;BYMINUTE=0;BYSECOND=0"),
        ("@weekly", f"FREQ=WEEKLY;BYDAY=SU;{MIDNIGHT}"),
        ("@monthly", f"FREQ=MONTHLY;BYMONTHDAY=1;{MIDNIGHT}"),
        ("@yearly", f"FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1;{MIDNIGHT}"),
        ("@annually", f"FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1;{MIDNIGHT}"),
    ],
)
def test_a_line_is_the_rule_that_fires_at_the_same_times(line: str, rule: str) -> None:
    assert str(parse_crontab(line)) == rule
    assert parse_rule(rule) == parse_crontab(line)


def test_each_minute_of_some_hours_is_written_out() -> None:
    assert parse_crontab("* 9 * * *").byminute == tuple(range(60))


@pytest.mark.parametrize(
    ("line", "reason", "cure"),
    [
        ("0 9 1 * 1", "the day of the month '1' and the day of the week '1' are both", "second"),
        ("60 9 * * *", "the minute '60' is out of range", "0 to 59"),
        ("0 24 * * *", "the hour '24' is out of range", "0 to 23"),
        ("0 9 L * *", "the day of the month 'L' is not understood", "1 to 31"),
        ("0 9 * foo *", "the month 'foo' is not understood", "jan, feb"),
        ("0 9 * * 8", "the day of the week '8' is out of range", "0 to 7, sun"),
        ("0 9 * * fri-mon", "the day of the week 'fri-mon' goes backwards", "two ranges"),
        ("*/0 9 * * *", r"the minute '\*/0' is not understood", "0 to 59"),
        ("*-5 9 * * *", r"the minute '\*-5' is not understood", "0 to 59"),
        ("0,, 9 * * *", "the minute '' is not understood", "0 to 59"),
        ("0 9 * *", "has 4 fields, not 5", "minute hour day month weekday"),
        ("0 9 * * * /bin/true", "has 6 fields, not 5", "no command"),
        ("@reboot", "'@reboot' is no time", "@daily"),
        ("", "has 0 fields, not 5", "minute hour day month weekday"),
        ("0" * 1001, "longer than 1000 characters", "minute hour day month weekday"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_field_named(line: str, reason: str, cure: str) -> None:
    with pytest.raises(WaremindError, match=reason) as refused:
        parse_crontab(line)
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert cure in (refused.value.hint or "")
