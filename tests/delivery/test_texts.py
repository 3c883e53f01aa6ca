"""What arrives is what was written, and who is mentioned."""

from __future__ import annotations

import pytest
from daemon_process import DaemonProcess, environment
from delivery.conftest import Staging
from delivery.stage import BUDI, UNGOVERNED, moment
from delivery.stage import stage as make_stage
from whatsapp_server.harness import PlayedWhatsApp

from waremind.requests.reminder import ReminderNext
from waremind.requests.run import ReminderRun

SITI = "628220000002"

TEXTS = {
    "emoji": "👩‍👩‍👧‍👦 🇮🇩 👍🏽 ☕",
    "right to left": "שלום עולם — مرحبا بالعالم \u200f(RTL)\u200f",
    "line breaks": "first\n\n  third, indented\n\ttabbed",
    "combining": "e\u0301 is not \u00e9, and Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍ͅ stays",
    "looks like a mention": "@62811 @12345678 *bold* _it_ ~no~ `code` https://example.org/?q=%20",
    "the longest": "ü" * 4095 + "🏁",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_arrives_byte_for_byte(staging: Staging, text: str) -> None:
    stage = staging(1)
    stage.remind(text=text)
    assert stage.settled() == {"sent": 1}
    (message,) = stage.messages()
    assert message.text == text
    assert message.mentions == []


def test_mention_all_mentions_each_member_by_lid_also_those_of_unknown_number(
    staging: Staging,
) -> None:
    stage = staging(0)
    stage.group([BUDI, SITI])
    stage.group([BUDI, SITI], hide_numbers=True)
    stage.sync()
    stage.remind(text="everybody!", mention_all=True)
    assert stage.settled() == {"sent": 2}
    lids = {stage.whatsapp.user(phone) for phone in (stage.phone, BUDI, SITI)}
    for message in stage.messages():
        assert message.text == "everybody!"
        assert set(message.mentions) == lids


def test_mention_all_may_leave_it_to_the_phones_whom_to_notify(
    dsn: str, played_whatsapp: PlayedWhatsApp
) -> None:
    settings = UNGOVERNED | {"WAREMIND_MENTION_ALL": "native"}
    with DaemonProcess(environment(played_whatsapp, dsn) | settings) as daemon:
        stage = make_stage(daemon, played_whatsapp, dsn, 0)
        stage.group([BUDI, SITI])
        stage.group([BUDI, SITI], hide_numbers=True)
        stage.sync()
        stage.remind(text="everybody!", mention_all=True)
        stage.remind(text="nobody", mention_all=False)
        said = sorted((each.text, each.mentions, each.mentions_all) for each in stage.arrived(4))
    assert said == 2 * [("everybody!", [], True)] + 2 * [("nobody", [], False)]


def test_mention_all_mentions_who_has_joined_since(staging: Staging) -> None:
    stage = staging(1)
    stage.send("before")
    stage.whatsapp.add_member(stage.groups[0], SITI, by=BUDI)
    stage.sync()
    stage.remind(mention_all=True)
    assert stage.whatsapp.user(SITI) in stage.arrived(2)[-1].mentions


def test_a_key_sends_once(staging: Staging) -> None:
    stage = staging(2)
    first = stage.send("only once", key="backup-2026-12-01")
    again = stage.send("only once", key="backup-2026-12-01")
    assert first.id == again.id
    assert first.status == "sent"
    assert len(stage.messages()) == 2
    assert stage.send("only once", key="backup-2026-12-02").id != first.id


def test_those_are_mentioned_who_are_named_and_there_and_next_prints_what_arrives(
    staging: Staging,
) -> None:
    stage = staging(0)
    both = stage.group([BUDI, SITI])
    stage.group([SITI])
    stage.sync()
    budi, siti = (stage.whatsapp.user(phone) for phone in (BUDI, SITI))
    made = stage.remind(
        text=f"@{{turn}}, ask @+{SITI} or @{BUDI} ({{turn}})",
        rrule="FREQ=DAILY",
        start=moment(days=1).removesuffix("+00:00"),
        fields=True,
        rotate=[f"Budi=+{BUDI}", f"Siti=+{SITI}"],
        mention=["{turn}", siti],
    )
    asked = ReminderNext(reminder=made.id, count=1, text=True)
    (told,) = stage.daemon.call(asked).occurrences
    stage.daemon.call(ReminderRun(reminder=made.id))
    first, second = sorted(stage.messages(), key=lambda message: message.to != both)
    user = budi.partition("@")[0]
    assert {told.text, first.text, second.text} == {f"@{user}, ask @+{SITI} or @{user} (Budi)"}
    assert (first.mentions, second.mentions) == ([siti, budi], [siti])
    stage.send(f"@{SITI}!", mention=[f"+{SITI}"])
    for message in stage.messages()[2:]:
        assert (message.text, message.mentions) == (f"@{siti.partition('@')[0]}!", [siti])
