"""A rule in a person's words."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from waremind.domain.rule_text import parse_rule
from waremind.domain.rule_words import rule_words

BERLIN = ZoneInfo("Europe/Berlin")
# A Tuesday.
START = "2026-12-01T09:00"
WORDS = {
    "FREQ=DAILY": "daily at 09:00",
    "FREQ=DAILY;INTERVAL=3": "every 3 days at 09:00",
    "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR": "weekdays at 09:00",
    "FREQ=DAILY;BYMONTH=12": "daily in December at 09:00",
    "FREQ=DAILY;BYHOUR=9,17;BYMINUTE=0,30": "daily at 09:00, 09:30, 17:00 and 17:30",
    "FREQ=DAILY;BYSECOND=30": "daily at 09:00:30",
    "FREQ=DAILY;COUNT=3": "daily at 09:00 Europe/Berlin, 3 times",
    "FREQ=DAILY;UNTIL=20261224": "daily at 09:00 Europe/Berlin, until Thu 24 Dec 2026",
    "FREQ=DAILY;UNTIL=20261223T233000Z": "daily at 09:00 Europe/Berlin, until Thu 24 Dec 2026",
    "FREQ=WEEKLY": "every Tuesday at 09:00",
    "FREQ=WEEKLY;BYDAY=MO,WE,FR": "every Monday, Wednesday and Friday at 09:00",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR": "weekdays at 09:00",
    "FREQ=WEEKLY;BYDAY=SA,SU;BYMONTH=7,8": "weekends in July and August at 09:00",
    "FREQ=WEEKLY;BYDAY=SU,MO,TU,WE,TH,FR,SA;WKST=SU": "daily at 09:00",
    "FREQ=WEEKLY;INTERVAL=2": "every 2 weeks on Tuesday at 09:00",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR": "every 2 weeks on Monday and Friday at 09:00",
    "FREQ=MONTHLY": "on the 1st of each month at 09:00",
    "FREQ=MONTHLY;INTERVAL=3": "every 3 months on the 1st at 09:00",
    "FREQ=MONTHLY;BYMONTHDAY=15,-1": "on the 15th and last day of each month at 09:00",
    "FREQ=MONTHLY;BYMONTHDAY=22;BYMONTH=1,7": "on the 22nd of January and July at 09:00",
    "FREQ=MONTHLY;BYDAY=1MO,-1FR": "on the first Monday and last Friday of each month at 09:00",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1": ("on the last weekday of each month at 09:00"),
    "FREQ=MONTHLY;BYDAY=TH;BYSETPOS=2": "on the second Thursday of each month at 09:00",
    "FREQ=YEARLY": "each year on the 1st of December at 09:00",
    "FREQ=YEARLY;INTERVAL=2": "every 2 years on the 1st of December at 09:00",
    "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24": "each year on the 24th of December at 09:00",
    "FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU": (
        "each year on the last Sunday of March and October at 09:00"
    ),
    "FREQ=HOURLY": "every hour at minute 0",
    "FREQ=HOURLY;INTERVAL=2;BYMINUTE=0,30": "every 2 hours at minute 0 and 30",
    "FREQ=HOURLY;BYDAY=MO,TU,WE,TH,FR": "weekdays, every hour at minute 0",
    "FREQ=MINUTELY;INTERVAL=15": "every 15 minutes",
    "FREQ=MINUTELY;BYSECOND=0;BYMONTH=5": "every minute in May",
}
WITHOUT = [
    "FREQ=DAILY;BYHOUR=8,9,10,11,12",
    "FREQ=DAILY;BYMONTHDAY=13",
    "FREQ=DAILY;INTERVAL=2;BYDAY=MO",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU",
    "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1",
    "FREQ=MONTHLY;INTERVAL=5;BYMONTH=3",
    "FREQ=MONTHLY;BYMONTHDAY=-2",
    "FREQ=MONTHLY;BYMONTHDAY=3,-2",
    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
    "FREQ=MONTHLY;BYDAY=MO",
    "FREQ=MONTHLY;BYMONTHDAY=1,2,3;BYSETPOS=1",
    "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1",
    "FREQ=MONTHLY;BYDAY=1MO,TU;BYSETPOS=1",
    "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1,2",
    "FREQ=MONTHLY;BYDAY=MO;BYHOUR=8,9;BYSETPOS=1",
    "FREQ=YEARLY;BYDAY=20MO",
    "FREQ=YEARLY;BYMONTHDAY=13",
    "FREQ=YEARLY;BYMONTH=5;BYDAY=MO",
    "FREQ=YEARLY;BYYEARDAY=100",
    "FREQ=YEARLY;BYWEEKNO=20",
    "FREQ=HOURLY;BYHOUR=9",
    "FREQ=MINUTELY;BYMINUTE=3",
]


@pytest.mark.parametrize(("rule", "words"), WORDS.items())
def test_a_rule_is_said_in_words(rule: str, words: str) -> None:
    said = rule_words(parse_rule(rule), datetime.fromisoformat(START), BERLIN)
    assert said == (words if "Europe" in words else f"{words} Europe/Berlin")


@pytest.mark.parametrize("rule", WITHOUT)
def test_a_rule_without_short_words_is_said_by_its_text(rule: str) -> None:
    parsed = parse_rule(rule)
    said = rule_words(parsed, datetime.fromisoformat(START), BERLIN)
    assert said == f"{parsed} from 2026-12-01 09:00 Europe/Berlin"
