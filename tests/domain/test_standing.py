"""Each state in words: a sentence always, and a cure where a person is needed."""

from __future__ import annotations

import pytest

from waremind.domain.lifecycle import MEANINGS, STATES, TABLE, Cause, State
from waremind.domain.standing import STANDINGS, clause, told

NEEDS = sorted(state for state in STATES if STANDINGS[state].need)


@pytest.mark.parametrize("state", sorted(STATES))
def test_every_state_has_a_sentence(state: State) -> None:
    sentence = STANDINGS[state].sentence
    assert sentence[0].isupper()
    assert sentence.endswith(".")


@pytest.mark.parametrize("state", NEEDS)
def test_every_need_names_a_cure(state: State) -> None:
    need = STANDINGS[state].need
    assert need
    assert need.fix.format(label="ops")


@pytest.mark.parametrize("state", sorted(STATES))
def test_what_never_goes_on_by_itself_needs_a_person_unless_an_operator_wanted_it(
    state: State,
) -> None:
    wanted = {State.NEW, State.UNPAIRED, State.UNPAIRING, State.PAIRING_CANCELLED, State.STOPPED}
    goes_on = any(
        key[0] is state
        and key[1] not in {Cause.PAIR, Cause.PAIR_FRESH, Cause.UNPAIR, Cause.DELETE}
        and key[1] not in {Cause.RECONNECT, Cause.SYNC, Cause.STARTED}
        for key in TABLE
    )
    if not goes_on and state not in wanted:
        assert STANDINGS[state].need, f"{MEANINGS[state]} waits for nobody"


def test_what_whatsapp_said_stands_behind_the_sentence() -> None:
    assert told(State.NEW) == "Not paired yet."
    assert told(State.BANNED, "406") == "WhatsApp has banned the account (406)."


@pytest.mark.parametrize("state", sorted(STATES))
def test_a_sentence_can_follow_a_colon(state: State) -> None:
    sentence = STANDINGS[state].sentence
    assert clause(sentence).casefold() == sentence.casefold().removesuffix(".")
    assert clause(sentence)[0].islower() or clause(sentence).startswith("WhatsApp ")
