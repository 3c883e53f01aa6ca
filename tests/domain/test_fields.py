"""What stands in braces: which names there are, what they need, and that bytes stay bytes."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from waremind.domain.fields import check_fields, filled, left_as_they_stand, named_by, person_of
from waremind.domain.plan_options import BARE, PlanOptions
from waremind.domain.planned import Planned
from waremind.domain.recurrence import Occurrence
from waremind.errors import ErrorCode, WaremindError

ANA, BEN = "+49151234567", "+49151234568"
ADDRESSES = {ANA: ("111111@lid",), BEN: ("222222@lid", "49151234568@s.whatsapp.net")}
BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime.fromisoformat("2026-12-07T08:00Z")
ONE = Planned.of(Occurrence(AT, datetime.fromisoformat("2026-12-07T09:00")))._replace(number=4)
ALL = PlanOptions(fields=True, rotate=("Ana", "Ben", "Cem"), until_day=date(2026, 12, 24))


def text_of(text: str, options: PlanOptions) -> str:
    return filled(text, options, ONE, BERLIN, ADDRESSES).text


def test_fields_are_filled_in_and_doubled_braces_are_braces() -> None:
    text = "{{n}} {n} {turn} {weekday} {date} {time} {days_left}"
    check_fields(text, ALL)
    assert text_of(text, ALL) == "{n} 5 Ben Monday 2026-12-07 09:00 17"


def test_without_fields_a_text_stays_byte_for_byte() -> None:
    text = "{turn} {nothing} {{ } %s"
    check_fields(text, BARE)
    assert text_of(text, BARE) == text
    assert person_of(BARE, ONE) is None


def test_text_of_a_plan_without_an_end_has_no_days_left() -> None:
    options = PlanOptions(fields=True)
    assert text_of("{n}", options) == "5"


@pytest.mark.parametrize(
    ("mention", "rotate", "text", "sent", "mentions"),
    [
        ((ANA,), (), "@+49151234567 @49151234567 @491512345678", "@111111 @111111", [0]),
        ((ANA,), (), "words", "words", [0]),
        (("555555@lid",), (), "@555555", "@555555", []),
        (("{turn}",), (f"Ana={ANA}", f"Ben={BEN}"), "@{turn}, {turn}", "@111111, Ana", [0]),
        (("{turn}", ANA), (f"Ana={ANA}",), "@{{turn}}", "@{turn}", [0]),
        (("{turn}",), ("Ana", BEN), "@{turn} @49151234567", "@Ana @49151234567", []),
        (("{turn}",), ("Dee=+49151234569",), "@{turn}", "@Dee", []),
        ((), (f"Ana={ANA}",), "@{turn}", "@Ana", []),
        ((BEN, BEN), (), "", "", [1, 2]),
    ],
)
def test_who_is_mentioned_stands_in_the_text_as_phones_look_for_it(
    mention: tuple[str, ...],
    rotate: tuple[str, ...],
    text: str,
    sent: str,
    mentions: list[int],
) -> None:
    options = PlanOptions(mention=mention, rotate=rotate, fields=bool(rotate))
    known = [address for found in ADDRESSES.values() for address in found]
    done = filled(text, options, ONE, BERLIN, ADDRESSES)
    assert done.text.removesuffix(" @491512345678") == sent
    assert list(done.mentions) == [known[place] for place in mentions]


def test_all_are_named_whose_turn_it_may_be() -> None:
    options = PlanOptions(mention=("{turn}", BEN), rotate=(f"Ana={ANA}", f"Ben={BEN}", "Cem"))
    assert named_by(options) == (BEN, ANA)
    assert named_by(PlanOptions(mention=(ANA,))) == (ANA,)


@pytest.mark.parametrize(
    ("text", "options", "reason", "cure"),
    [
        ("{name}", PlanOptions(fields=True), "{name} is no field", "{weekday}"),
        ("{n!r}", PlanOptions(fields=True), "{n!r} is no field", "{n}"),
        ("{n:03}", PlanOptions(fields=True), "{n:03} is no field", "{n}"),
        ("{}", PlanOptions(fields=True), "{} is no field", "{n}"),
        ("{n", PlanOptions(fields=True), "expected '}'", "{{ or }}"),
        ("a } b", PlanOptions(fields=True), "Single '}'", "{{ or }}"),
        ("{turn}", PlanOptions(fields=True), "{turn} needs --rotate", "add --rotate"),
        ("{days_left}", PlanOptions(fields=True), "needs --until-day", "add --until-day"),
        ("{turn}", PlanOptions(rotate=("Ana",)), "--rotate is given, but fields", "add --fields"),
        ("x", PlanOptions(until_day=date(2026, 1, 1)), "--until-day is given", "add --fields"),
    ],
)
def test_a_text_that_does_not_fit_its_options_is_refused(
    text: str, options: PlanOptions, reason: str, cure: str
) -> None:
    with pytest.raises(WaremindError) as refused:
        check_fields(text, options)
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert reason in refused.value.message
    assert cure in refused.value.hint


def test_fields_that_nobody_fills_in_are_named() -> None:
    assert left_as_they_stand("{turn}, {date}, {name}", PlanOptions()) == ["{date}", "{turn}"]
    assert left_as_they_stand("{turn}", PlanOptions(fields=True)) == []
