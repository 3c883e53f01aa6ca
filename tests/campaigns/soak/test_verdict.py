"""What the soak finds wrong."""

from __future__ import annotations

from whatsapp_server.records import Message

from campaigns.soak import verdict
from campaigns.soak.town import Word
from waremind.objects import Delivery, GroupName, Run

GROUP = "1@g.us"
AT = "2026-03-02T08:00:00+00:00"
WORD = Word("text", "acc_1", "rem_1", (GROUP,))
THERE = {"acc_1"}


def run(status: str, message_id: str | None = "3EB0") -> Run:
    delivery = Delivery(
        group=GroupName("grp_1", GROUP, "Group"),
        status=status,
        reason=None,
        message_id=message_id,
        attempts=1,
        members=0,
        delivered=0,
        read=0,
    )
    return Run(
        id="run_1",
        reminder="reminder",
        reminder_id="rem_1",
        account="ops",
        account_id="acc_1",
        occurs_at=AT,
        status=status,
        reason=None,
        reason_text=None,
        count=1,
        until=None,
        started_at=AT,
        finished_at=AT,
        deliveries=[delivery],
    )


def message(text: str = "text", id_: str = "3EB0") -> Message:
    return Message(id=id_, sender="62811:1@s.whatsapp.net", to=GROUP, at=0, texts={"a": text})


def day(*runs: Run, shown: tuple[Message, ...] = ()) -> verdict.Day:
    return verdict.Day([WORD], [(WORD, each) for each in runs], shown)


def test_a_message_that_was_sent_and_seen_once_is_right() -> None:
    right = day(run("sent"), shown=(message(),))
    assert not list(verdict.miscounted(right, THERE))
    assert not list(verdict.unfinished(right))
    assert not list(verdict.mistaken(right))


def test_a_message_that_was_seen_twice_is_found() -> None:
    assert list(verdict.miscounted(day(run("sent"), shown=(message(), message())), THERE))


def test_a_message_that_nobody_has_seen_is_found() -> None:
    assert list(verdict.miscounted(day(run("sent")), THERE))
    assert list(verdict.mistaken(day(run("sent"))))


def test_a_message_that_was_seen_and_is_said_to_be_missed_is_found() -> None:
    assert list(verdict.miscounted(day(run("missed"), shown=(message(),)), THERE))


def test_an_unknown_message_may_have_been_seen_once() -> None:
    assert not list(verdict.miscounted(day(run("unknown")), THERE))
    assert not list(verdict.miscounted(day(run("unknown"), shown=(message(),)), THERE))
    assert list(verdict.miscounted(day(run("unknown"), shown=(message(), message())), THERE))


def test_what_was_lost_with_its_account_may_have_been_seen_once() -> None:
    lost = {"doubtful": False}
    once, twice = (verdict.Day([], [], (message("doubtful"),) * each, lost) for each in (1, 2))
    assert not list(verdict.miscounted(once, THERE))
    assert list(verdict.miscounted(twice, THERE))


def test_a_text_that_nobody_asked_for_is_found() -> None:
    assert list(verdict.miscounted(day(shown=(message("other"),)), THERE))


def test_what_a_deleted_account_has_said_may_have_been_seen_once() -> None:
    assert not list(verdict.miscounted(day(shown=(message(),)), set()))
    assert list(verdict.miscounted(day(shown=(message(), message())), set()))


def test_two_runs_of_one_occurrence_are_found() -> None:
    assert list(verdict.unfinished(day(run("missed", None), run("missed", None))))


def test_a_delivery_that_is_still_held_is_found() -> None:
    assert list(verdict.unfinished(day(run("held", None))))
