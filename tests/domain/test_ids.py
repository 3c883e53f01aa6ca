"""Ids that carry their kind, and names that are never mistaken for one."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waremind.domain.ids import (
    near_misses,
    new_id,
    parse_reference,
    plain,
    shown,
    valid_name,
)
from waremind.errors import ErrorCode, WaremindError


def test_an_id_says_its_kind() -> None:
    account = new_id("acc")
    assert re.fullmatch("acc_[0-9abcdefghjkmnpqrstvwxyz]{12}", account)
    assert account != new_id("acc")


@pytest.mark.parametrize("name", ["ops", "Ops Team", "büro-3", "团队", "a" * 64, "7th", "acc"])
def test_a_name_may_be_what_people_type(name: str) -> None:
    assert valid_name(name, "an account") == name


def test_two_ways_to_write_a_letter_are_one_name() -> None:
    composed = "b\u00fcro"
    assert valid_name(unicodedata.normalize("NFD", composed), "an account") == composed


def test_a_name_that_no_one_could_have_given_costs_nothing_to_refuse() -> None:
    begin = time.process_time()
    with pytest.raises(WaremindError, match="longer than 64 characters"):
        valid_name("a" + "\u0334\u0300\u0315" * 10_000, "an account")  # NFC is quadratic
    assert time.process_time() - begin < 0.1


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("", "it is empty"),
        ("   ", "it is empty"),
        ("a" * 65, "longer than 64 characters"),
        ("a" * 300, "longer than 64 characters"),
        ("o\x1b[31mps", "control"),
        ("o\nps", "control"),
        ("o\u202eps", "invisible"),
        ("ops\u3164", "invisible"),
        ("ops\ufe0f", "invisible"),
        ("\u3164", "empty"),
        (" ops", "begins or ends with a space"),
        ("ops ", "begins or ends with a space"),
        ("-ops", "begins with a dash"),
        ("12345", "all digits"),
        ("acc_0123456789ab", "the form of an id"),
        ("GRP_ops", "the form of an id"),
    ],
)
def test_a_name_that_will_not_do_is_refused_with_the_rule_that_it_breaks(
    name: str, rule: str
) -> None:
    with pytest.raises(WaremindError, match=rule) as refused:
        valid_name(name, "an account")
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert refused.value.message.startswith("cannot name an account ")
    assert refused.value.hint


@pytest.mark.parametrize(
    ("argument", "kind", "text"),
    [
        ("grp_0123456789ab", "id", "grp_0123456789ab"),
        ("grp_lunch", "id", "grp_lunch"),
        ("RUN_lunch", "id", "RUN_lunch"),
        ("120363000000000001@g.us", "jid", "120363000000000001@g.us"),
        ("lunch@g.us", "jid", "lunch@g.us"),
        ("62811@s.whatsapp.net", "jid", "62811@s.whatsapp.net"),
        ("62811@lid", "jid", "62811@lid"),
        (" \u200b120363000000000001@g.us\u2069 ", "jid", "120363000000000001@g.us"),
        ("lunch @ noon", "name", "lunch @ noon"),
        ("grp", "name", "grp"),
        ("my grp_lunch", "name", "my grp_lunch"),
        ("", "name", ""),
    ],
)
def test_an_argument_is_by_its_form_an_id_a_jid_or_a_name(
    argument: str, kind: str, text: str
) -> None:
    reference = parse_reference(argument)
    assert (reference.kind, reference.text) == (kind, text)


@pytest.mark.parametrize(
    ("given_by_somebody", "compared"),
    [
        ("Team ", "Team"),
        ("\u00a0Team\u2003", "Team"),
        ("Te\u200bam", "Team"),
        ("\u2067Team\u2069", "Team"),
        ("\u3164 Team", "Team"),
        ("e\u200b\u0301", "\u00e9"),
        ("a\ufe0f\u200d👧", "a👧"),
        ("❤\ufe0f 👩\u200d👧", "❤\ufe0f 👩\u200d👧"),
    ],
)
def test_names_are_compared_without_what_nobody_sees(given_by_somebody: str, compared: str) -> None:
    assert plain(given_by_somebody) == compared


@given(st.text())
def test_a_name_as_it_is_compared_stays_so(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("team berlin", ["Team Berlin"]),
        ("Team  Berlin", ["Team Berlin"]),
        ("Teem Berlin", ["Team Berlin"]),
        ("Kegelclub", []),
        ("grp_Lunch", ["grp_lunch\u200b"]),
        ("Team" * 1_000, []),
    ],
)
def test_what_looks_like_a_name_is_named(name: str, near: list[str]) -> None:
    assert near_misses(name, ["Team Berlin", "Friends", "grp_lunch\u200b"]) == near


@given(st.text(max_size=100))
def test_whatever_is_typed_is_a_name_or_a_sentence_that_disturbs_no_terminal(text: str) -> None:
    said = outcome(text)
    assert said.isprintable()
    assert said.startswith("cannot name an account ") or outcome(said) == said


def outcome(text: str) -> str:
    try:
        return valid_name(text, "an account")
    except WaremindError as refused:
        return refused.message


def test_what_is_quoted_is_cut() -> None:
    assert shown("x" * 50, limit=3) == "'xxx…'"
