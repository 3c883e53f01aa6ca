"""Calendar expressions of systemd.time(7) become a rule, or are refused by their part."""

import pytest

from waremind.domain.calendar_expression import parse_calendar_expression
from waremind.domain.rule_text import parse_rule
from waremind.errors import ErrorCode, WaremindError

AT_NINE = "BYHOUR=9;BYMINUTE=0;BYSECOND=0"
MIDNIGHT = "BYHOUR=0;BYMINUTE=0;BYSECOND=0"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("09:00", f"FREQ=DAILY;{AT_NINE}"),
        ("*-*-* 9:00:00", f"FREQ=DAILY;{AT_NINE}"),
        ("Mon..Fri 09:00", f"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;{AT_NINE}"),
        ("sat,Sunday, 9:00", f"FREQ=WEEKLY;BYDAY=SA,SU;{AT_NINE}"),
        ("monday", f"FREQ=WEEKLY;BYDAY=MO;{MIDNIGHT}"),
        ("*-*-01,15 09:00", f"FREQ=MONTHLY;BYMONTHDAY=1,15;{AT_NINE}"),
        ("12-24 09:00", f"FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24;{AT_NINE}"),
        ("Fri *-*-13 09:00", f"FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR;{AT_NINE}"),
        ("*-*~01 09:00", f"FREQ=MONTHLY;BYMONTHDAY=-1;{AT_NINE}"),
        ("*-*~* 09:00", f"FREQ=DAILY;{AT_NINE}"),
        ("*-02~3..5 09:00", f"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-5,-4,-3;{AT_NINE}"),
        (
            "Mon *-05~07/1 09:00",
            f"FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=-7,-6,-5,-4,-3,-2,-1;BYDAY=MO;{AT_NINE}",
        ),
        ("*:0/15", "FREQ=HOURLY;BYMINUTE=0,15,30,45;BYSECOND=0"),
        ("8..18/5:30", "FREQ=DAILY;BYHOUR=8,13,18;BYMINUTE=30;BYSECOND=0"),
        ("minutely", "FREQ=MINUTELY;BYSECOND=0"),
        ("hourly", "FREQ=HOURLY;BYMINUTE=0;BYSECOND=0"),
        ("Daily", f"FREQ=DAILY;{MIDNIGHT}"),
        ("weekly", f"FREQ=WEEKLY;BYDAY=MO;{MIDNIGHT}"),
        ("monthly", f"FREQ=MONTHLY;BYMONTHDAY=1;{MIDNIGHT}"),
        ("quarterly", f"FREQ=YEARLY;BYMONTH=1,4,7,10;BYMONTHDAY=1;{MIDNIGHT}"),
        ("semiannually", f"FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=1;{MIDNIGHT}"),
        ("yearly", f"FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1;{MIDNIGHT}"),
        ("annually", f"FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1;{MIDNIGHT}"),
    ],
)
def test_an_expression_is_the_rule_that_fires_at_the_same_times(text: str, rule: str) -> None:
    assert str(parse_calendar_expression(text)) == rule
    assert parse_rule(rule) == parse_calendar_expression(text)


@pytest.mark.parametrize(
    ("text", "reason", "cure"),
    [
        ("2027-01-01 09:00", "the year '2027' has no rule", "--at"),
        ("09:00:30", "the second '30' has no rule", "leave the seconds out"),
        ("*:*:*", r"the second '\*' has no rule", "leave the seconds out"),
        ("Mon 09:00 Europe/Berlin", "'Europe/Berlin' follows the time", "--tz"),
        ("Funday 09:00", "the weekday 'Funday' is not understood", "mon, tue"),
        ("Fri..Mon 09:00", r"the weekday 'Fri\.\.Mon' goes backwards", "two ranges"),
        ("*-13-01", "the month '13' is out of range", "1 to 12"),
        ("*-*-32", "the day '32' is out of range", "1 to 31"),
        ("24:00", "the hour '24' is out of range", "0 to 23"),
        ("9:60", "the minute '60' is out of range", "0 to 59"),
        ("Mon 2027", "'2027' is no date", "Mon..Fri 09:00"),
        ("9:", "'9:' is no time", "Mon..Fri 09:00"),
        ("", "not 1 to 1000 characters", "Mon..Fri 09:00"),
        ("9" * 1001, "not 1 to 1000 characters", "Mon..Fri 09:00"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_part_named(text: str, reason: str, cure: str) -> None:
    with pytest.raises(WaremindError, match=reason) as refused:
        parse_calendar_expression(text)
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert cure in (refused.value.hint or "")
