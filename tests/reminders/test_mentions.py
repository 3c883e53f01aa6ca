"""`--mention`: shown as it was asked for, refused where nobody is meant; who is missing is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from postgres_fixtures import Postgres
from reminders.conftest import furnish
from reminders.running import Running, running
from reminders.samples import YEAR, adding, setting

from waremind.errors import ErrorCode, WaremindError
from waremind.requests.reminder import ReminderEdit, ReminderNext
from waremind.requests.run import Send

DAILY = {"rrule": "FREQ=DAILY", "start": f"{YEAR}-12-01T09:00"}
ANA, BEN, CEM = "+4915112345671", "+4915112345672", "333333@lid"
NOBODY = "+4915112345679"
TURNS = {"rotate": [f"Ana={ANA}", f"Ben={BEN}"], "fields": True, "mention": ["{turn}"]}


@pytest.fixture(scope="module")
def daemon(postgres: Postgres, migrated_template: str) -> Iterator[Running]:
    """Give a daemon with Ana in both groups, and Ben and Cem in one; Cem hides the number."""
    with postgres.database(migrated_template) as dsn, running(dsn) as daemon:
        furnish(daemon)
        daemon.sql(
            "INSERT INTO group_members (group_id, lid, phone)"
            " SELECT g.id, v.lid, v.phone FROM whatsapp_groups g"
            " JOIN (VALUES ('111111@lid', %s), ('222222@lid', %s), (%s, NULL)) v (lid, phone)"
            " ON g.name = 'Team' OR v.lid = '111111@lid'",
            *(ANA, BEN, CEM),
        )
        daemon.group("ops", "Unseen", synced_at=None)
        yield daemon


def test_who_is_to_be_mentioned_is_shown_in_one_way_and_taken_away(daemon: Running) -> None:
    asked = setting(mention=["+49 (0)151 123-45671", CEM, ANA])
    made = daemon.call(asked)
    assert made.reminder.mention == [ANA, CEM]
    assert not daemon.call(asked).changed
    edit = ReminderEdit(reminder=made.reminder.id, mention=[])
    assert daemon.call(edit).reminder.mention == []


def test_who_is_missing_in_some_of_the_groups_is_told(daemon: Running) -> None:
    made = daemon.call(adding(to=["Team", "Friends", "Unseen"], mention=[ANA, BEN, NOBODY]))
    assert [text for text in made.warnings if "not in" in text] == [
        f"{BEN} is not in 'Friends': not mentioned there",
        f"{NOBODY} is not in 'Team': not mentioned there",
        f"{NOBODY} is not in 'Friends': not mentioned there",
    ]


@pytest.mark.parametrize(
    ("fields", "reason", "cure"),
    [
        ({"mention": ["Ana"]}, "'Ana': it is no phone number, no LID", "--mention +4915112345678"),
        ({"mention": [NOBODY]}, f"{NOBODY}: there is no member of the group", "run show"),
        ({"mention": [BEN], "to": ["Friends"]}, f"{BEN}: there is no member", "run show"),
        ({"mention": [f"{n}@lid" for n in range(10_000, 10_101)]}, "more than 100", "mention-all"),
        ({"mention": ["{turn}"]}, "{turn}: there is no rotation", "add --rotate"),
        (
            {"mention": ["{turn}"], "rotate": [f"Ana={ANA}", "Ben"], "fields": True},
            "nobody knows which member 'Ben' is",
            "--rotate 'Ben=+49",
        ),
        (
            {"mention": ["{turn}"], "rotate": [ANA, NOBODY], "fields": True},
            f"{NOBODY}: there is no member",
            "run show",
        ),
        ({"rotate": [f"Ana={ANA}", f"Ana={BEN}"], "fields": True}, "'Ana': it is there", "tell"),
    ],
)
def test_a_mention_of_nobody_is_refused_with_its_cure(
    daemon: Running, fields: dict[str, object], reason: str, cure: str
) -> None:
    with pytest.raises(WaremindError) as refused:
        daemon.call(adding(**{**DAILY, **fields}))
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert reason in refused.value.message
    assert cure in refused.value.hint


def test_next_prints_whose_turn_it_is_as_phones_look_for_it(daemon: Running) -> None:
    text = "@{turn} with @+4915112345671: {turn}"
    made = daemon.call(adding(**DAILY, **TURNS, text=text)).reminder
    assert made.rotate == TURNS["rotate"]
    told = daemon.call(ReminderNext(reminder=made.id, count=2, text=True)).occurrences
    assert [(one.turn, one.text) for one in told] == [
        ("Ana", "@111111 with @111111: Ana"),
        ("Ben", "@222222 with @+4915112345671: Ben"),
    ]


def test_a_message_of_no_reminder_has_no_turn(daemon: Running) -> None:
    with pytest.raises(WaremindError, match="there is no rotation"):
        daemon.call(Send(account="ops", to=["Team"], text="now", mention=["{turn}"]))
