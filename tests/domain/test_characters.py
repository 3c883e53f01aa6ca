"""What nobody sees, or what steers a terminal, is shown as an escape."""

from __future__ import annotations

import json
import time

import pytest

from waremind.domain.characters import escaped, escaped_json

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
SHOWN = [
    ("", ""),
    ("\x1b[2J", r"\x1b[2J"),
    ("a\nb\tc\x7f", r"a\nb\tc\x7f"),
    ("\x9b2J", r"\x9b2J"),
    ("\u202egnp.exe", r"\u202egnp.exe"),
    ("\u061c\u200e\u200f\u2066", r"\u061c\u200e\u200f\u2066"),
    ("\u2028", r"\u2028"),
    ("\udcff", r"\udcff"),
    ("Te\u00adam", r"Te\xadam"),
    ("Te\u200bam\ufeff", r"Te\u200bam\ufeff"),
    ("\u3164\uffa0\u115f", r"\u3164\uffa0\u115f"),
    ("a\u200db", r"a\u200db"),
    ("a\ufe0f", r"a\ufe0f"),
    ("\u200d👧", r"\u200d👧"),
    ("👩\u200d", r"👩\u200d"),
    ("❤\ufe0f\ufe0f", "❤\ufe0f" + r"\ufe0f"),
    ("a\ufe0f\u200d👧", r"a\ufe0f\u200d👧"),
    ("❤\ufe01", r"❤\ufe01"),
    ("葛\U000e0100", r"葛\U000e0100"),
    (ENGLAND, ENGLAND[0] + "".join(rf"\U000{ord(tag):05x}" for tag in ENGLAND[1:])),
]
AS_WRITTEN = [
    "ops",
    "Grüße e\u0301 עברית فارسی हिन्दी 日本",
    "👩‍👩‍👧 ❤️ ❤\ufe0e 👍🏽 🏳️‍🌈 🧑🏽‍🚀 1️⃣ #️⃣ 🇩🇪 🧔‍♂️",
    "[red]no markup[/red]",
    r"\x1b",
]


@pytest.mark.parametrize(("text", "shown"), SHOWN)
def test_what_steers_a_terminal_or_hides_is_escaped(text: str, shown: str) -> None:
    assert escaped(text) == shown


@pytest.mark.parametrize("text", AS_WRITTEN)
def test_what_people_write_and_see_stays_as_it_is(text: str) -> None:
    assert escaped(text) == text


@pytest.mark.parametrize("text", [text for text, _ in SHOWN if "\udcff" not in text])
def test_json_is_escaped_without_changing_its_meaning(text: str) -> None:
    document = json.dumps({"name": text}, ensure_ascii=False, indent=2)
    shown = escaped_json(document)
    assert json.loads(shown) == {"name": text}
    assert escaped(shown.replace("\n", "")) == shown.replace("\n", "")


def test_escaping_takes_time_in_proportion_to_the_length() -> None:
    begun = time.process_time()
    for text in ("\u200d" * 100_000, "👩\u200d" * 50_000, "❤\ufe0f" * 50_000):
        assert escaped(text)
    assert time.process_time() - begun < 10
