"""What arrives is what was written, and who is mentioned."""

from __future__ import annotations

import pytest
from delivery.conftest import Staging
from delivery.stage import BUDI

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
