"""The life cycle's table, looked at as a whole: what holds for every state and every cause."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from waremind.domain import lifecycle
from waremind.domain.lifecycle import (
    COMMANDS,
    DEVICE,
    LIVE,
    MEANINGS,
    PENDING,
    REPORTS,
    RETRYING,
    SIGNALS,
    STATES,
    TABLE,
    UNPAIRED,
    Cause,
    Effect,
    State,
    actions,
    step,
)

# docs/operating.md, "Statuses and reasons".
REASONS = {
    "unpaired": {
        "new",
        "unpaired",
        "logged_out",
        "pairing_timed_out",
        "pairing_failed",
        "pairing_cancelled",
        "passkey_required",
    },
    "pending": {"pairing"},
    "connected": {"ok"},  # "restricted" is read off the row's time
    "disconnected": {
        "starting",
        "network",
        "connect_failed",
        "crashed",
        "replaced",
        "client_outdated",
        "refused",
        "stopped",
    },
    "banned": {"temporary_ban", "banned"},
}
ACTIONS = {
    "unpaired": ["pair", "delete"],
    "pending": ["unpair", "delete"],
    "connected": ["sync", "unpair", "delete"],
    "disconnected": ["pair", "unpair", "delete"],
    "banned": ["pair", "unpair", "delete"],
}
ENDING = {Effect.END, Effect.FORGET, Effect.LOG_OUT}
PAIRS = [Cause.PAIR, Cause.PAIR_FRESH]


def entries(check: Callable[[State, Cause], None]) -> Callable[[], None]:
    """Check every entry of the table in one test: there are too many for a test each."""

    def test() -> None:
        for state, cause in sorted(TABLE):
            check(state, cause)

    return test


def states(check: Callable[[State], None]) -> Callable[[], None]:
    """Check every state in one test."""

    def test() -> None:
        for state in sorted(STATES):
            check(state)

    return test


def test_every_state_and_cause_has_at_most_one_answer() -> None:
    answered = {pair for pair in product(State, Cause) if step(*pair)}
    assert answered == set(TABLE)
    assert len(TABLE) == sum(
        len(set(states)) * (2 if cause is Cause.STARTED else 1)  # as which CLAIMED counts
        for states, cause, *_ in lifecycle.ROWS
    )


def test_every_cause_is_a_command_a_report_or_a_signal() -> None:
    assert set(Cause) == COMMANDS | REPORTS | SIGNALS
    assert not COMMANDS & SIGNALS


@entries
def test_no_entry_leaves_a_session_open_that_its_state_does_not_have(
    state: State, cause: Cause
) -> None:
    to = TABLE[state, cause]
    if state in LIVE and to.state not in LIVE:
        assert ENDING & set(to.effects)
        assert to.fences


@entries
def test_a_live_state_is_entered_with_an_opening_or_from_a_live_one(
    state: State, cause: Cause
) -> None:
    to = TABLE[state, cause]
    opens = {Effect.OPEN, Effect.OPEN_TO_PAIR} & set(to.effects)
    assert bool(opens) <= (to.state in LIVE)
    if to.state in LIVE and state not in LIVE:
        assert opens


@entries
def test_a_session_logs_in_with_keys_and_pairs_without(state: State, cause: Cause) -> None:
    to = TABLE[state, cause]
    if Effect.OPEN in to.effects:
        assert state in DEVICE or cause is Cause.IMPORT
        assert to.state in DEVICE
    if Effect.OPEN_TO_PAIR in to.effects:
        assert to.state is State.PAIRING


@entries
def test_a_pairing_ends_the_session_before_it_and_removes_its_keys(
    state: State, cause: Cause
) -> None:
    to = TABLE[state, cause]
    if Effect.OPEN_TO_PAIR in to.effects and state in (LIVE | DEVICE) - {State.UNPAIRING}:
        assert to.effects[0] in {Effect.FORGET, Effect.LOG_OUT}


@entries
def test_keys_go_with_the_state_that_has_none(state: State, cause: Cause) -> None:
    to = TABLE[state, cause]
    if state in DEVICE - {State.UNPAIRING} and to.state not in DEVICE:
        assert {Effect.FORGET, Effect.LOG_OUT} & set(to.effects)


@entries
def test_keys_come_by_a_pairing_or_an_import_alone(state: State, cause: Cause) -> None:
    if state not in DEVICE and TABLE[state, cause].state in DEVICE:
        assert (state, cause) == (State.PAIRING, Cause.PAIRED) or cause is Cause.IMPORT


@entries
def test_an_import_ends_no_session_and_takes_no_keys_from_anybody(
    state: State, cause: Cause
) -> None:
    if cause is Cause.IMPORT:
        assert state not in LIVE
        assert state not in DEVICE or state is State.UNPAIRING


@entries
def test_exported_keys_are_forgotten_here_and_stay_linked(state: State, cause: Cause) -> None:
    if cause is Cause.EXPORT:
        assert state in DEVICE
        assert TABLE[state, cause] == (State.UNPAIRED, (Effect.FORGET,))


@entries
def test_only_pair_and_import_lead_from_unpaired_to_a_session(state: State, cause: Cause) -> None:
    to = TABLE[state, cause]
    if state in UNPAIRED and cause not in {*PAIRS, Cause.IMPORT}:
        assert to.state in UNPAIRED | {State.DELETED}
        assert not {Effect.OPEN, Effect.OPEN_TO_PAIR, Effect.RETRY} & set(to.effects)


@entries
def test_an_ended_session_is_heard_no_more(state: State, cause: Cause) -> None:
    if cause in REPORTS:
        assert state in LIVE


@entries
def test_what_retries_is_told_when_it_is_due(state: State, cause: Cause) -> None:
    to = TABLE[state, cause]
    assert (Effect.RETRY in to.effects) == (to.state in RETRYING)
    if to.state in RETRYING:
        assert TABLE[to.state, Cause.RETRY_DUE].state is State.STARTING


@entries
def test_what_waits_for_whatsapp_is_watched(state: State, cause: Cause) -> None:
    to = TABLE[state, cause]
    if to.state in LIVE - {State.CONNECTED} and to != (state, ()):
        assert Effect.WATCH in to.effects
        assert (to.state, Cause.OVERDUE) in TABLE


@entries
def test_nothing_moves_before_what_is_there_is_ended(state: State, cause: Cause) -> None:
    effects = TABLE[state, cause].effects
    assert sorted(effects, key=list(Effect).index) == list(effects)


@states
def test_a_pairing_is_over_when_its_time_is(state: State) -> None:
    if state in PENDING:
        assert TABLE[state, Cause.OVERDUE].state not in PENDING


@states
def test_every_state_can_be_unpaired_paired_and_deleted(state: State) -> None:
    assert TABLE[state, Cause.UNPAIR].state in UNPAIRED
    assert TABLE[state, Cause.PAIR].state in PENDING | {State.CONNECTED}
    assert TABLE[state, Cause.PAIR_FRESH].state in PENDING | {State.CONNECTED}
    assert TABLE[state, Cause.DELETE] == (State.DELETED, (Effect.LOG_OUT,))


@states
def test_a_fresh_pairing_logs_the_device_out_that_it_replaces(state: State) -> None:
    to = TABLE[state, Cause.PAIR_FRESH]
    if state in DEVICE - {State.UNPAIRING} and to.state is State.PAIRING:
        assert to.effects[0] is Effect.LOG_OUT


@states
def test_unpair_logs_the_device_out_wherever_there_is_one(state: State) -> None:
    if state in DEVICE - {State.UNPAIRING}:
        assert TABLE[state, Cause.UNPAIR] == (State.UNPAIRING, (Effect.LOG_OUT,))


def test_nothing_leads_out_of_deleted() -> None:
    assert not [key for key in TABLE if key[0] is State.DELETED]


def test_every_state_can_be_reached_from_new() -> None:
    reached, edge = {State.NEW}, {State.NEW}
    while edge:
        edge = {TABLE[key].state for key in TABLE if key[0] in edge} - reached
        reached |= edge
    assert reached == set(State)


@states
def test_no_session_outlives_the_daemon(state: State) -> None:
    if state in LIVE:
        assert TABLE[state, Cause.STOPPING].state not in LIVE
        assert TABLE[state, Cause.STARTED].fences


@states
def test_a_start_goes_on_with_what_is_paired(state: State) -> None:
    to = TABLE.get((state, Cause.STARTED))
    waits_for_a_person = state is State.REPLACED_AGAIN
    if state in DEVICE and not waits_for_a_person:
        assert to
        assert to.state in {State.STARTING, State.UNPAIRING, *RETRYING}
    elif state is State.PAIRING:
        assert to == (State.PAIRING_FAILED, (Effect.FORGET,))
    else:
        assert to is None


@states
def test_status_and_reason_are_in_the_contract_s_closed_lists(state: State) -> None:
    status, reason, _, _ = MEANINGS[state]
    assert reason in REASONS[status]


def test_every_reason_of_the_contract_has_a_state() -> None:
    seen = {(status, reason) for status, reason, _, _ in MEANINGS.values()}
    assert seen == {(status, reason) for status in REASONS for reason in REASONS[status]}


@states
def test_actions_are_the_contract_s_in_every_status(state: State) -> None:
    assert actions(state) == ACTIONS[MEANINGS[state].status]


def test_a_table_with_two_answers_is_refused() -> None:
    row = ({State.NEW}, Cause.PAIR, State.PAIRING, ())
    with pytest.raises(ValueError, match="two rows for new and pair"):
        lifecycle._table([row, row])
