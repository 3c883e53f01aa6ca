"""An account's life under everything that can happen to it, in any order; and broken tables."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from domain.lifecycle_machine import LifecycleMachine, Table
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from waremind.domain import lifecycle
from waremind.domain.lifecycle import (
    DEVICE,
    FENCING,
    LIVE,
    LIVE_DEVICE,
    TABLE,
    UNPAIRED,
    Cause,
    Effect,
    State,
    Step,
)

EXAMPLES = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# No shrinking: a breakage has to be found, not to be explained, and the hunt ends with the first.
# Although derandomized it is another one with each set of modules that happens to be loaded, as
# hypothesis tries their constants too: so it may last many times longer than it ever has to.
HUNT = settings(
    EXAMPLES, max_examples=20_000, derandomize=True, database=None, phases=[Phase.generate]
)

Breakage = Callable[[dict[tuple[State, Cause], Step]], None]
BREAKAGES: dict[str, Breakage] = {}


def breakage(break_: Breakage) -> Breakage:
    """Add a way to break the table."""
    BREAKAGES[break_.__name__] = break_
    return break_


Entries = dict[tuple[State, Cause], Step]


@breakage
def unpair_leaves_the_session_open(table: Entries) -> None:
    for state in LIVE_DEVICE:
        table[state, Cause.UNPAIR] = Step(State.UNPAIRING, ())


@breakage
def a_late_close_makes_unpaired_disconnected(table: Entries) -> None:
    # Without its effect, unpair does not advance the session number: the close is heard.
    for state in DEVICE - {State.UNPAIRING}:
        table[state, Cause.UNPAIR] = Step(State.UNPAIRED, ())
    table[State.UNPAIRED, Cause.ENDED] = Step(State.CRASHED, (Effect.END, Effect.RETRY))


@breakage
def a_start_reopens_what_is_unpaired(table: Entries) -> None:
    for state in UNPAIRED - {State.UNPAIRING}:
        table[state, Cause.STARTED] = Step(State.PAIRING, (Effect.OPEN_TO_PAIR, Effect.WATCH))


@breakage
def a_start_leaves_a_pairing_pending(table: Entries) -> None:
    del table[State.PAIRING, Cause.STARTED]


@breakage
def a_start_forgets_an_interrupted_unpair(table: Entries) -> None:
    table[State.UNPAIRING, Cause.STARTED] = Step(State.STARTING, (Effect.OPEN, Effect.WATCH))


@breakage
def a_refused_login_shows_a_qr(table: Entries) -> None:
    for state in LIVE_DEVICE:
        table[state, Cause.LOGGED_OUT] = Step(State.PAIRING, (Effect.OPEN_TO_PAIR, Effect.WATCH))


@breakage
def logged_out_keeps_the_keys(table: Entries) -> None:
    for state in LIVE_DEVICE:
        table[state, Cause.LOGGED_OUT] = Step(State.LOGGED_OUT, (Effect.END,))


@breakage
def a_linked_account_may_stay_pending(table: Entries) -> None:
    table[State.PAIRING, Cause.PAIRED] = Step(State.LINKED, ())


@breakage
def a_crash_is_not_retried(table: Entries) -> None:
    for state in LIVE_DEVICE:
        table[state, Cause.ENDED] = Step(State.CRASHED, (Effect.END,))


@breakage
def pair_opens_beside_what_is_open(table: Entries) -> None:
    for state in LIVE_DEVICE:
        table[state, Cause.PAIR] = Step(State.PAIRING, (Effect.OPEN_TO_PAIR, Effect.WATCH))


@breakage
def a_pairing_that_timed_out_is_left_running(table: Entries) -> None:
    table[State.PAIRING, Cause.OVERDUE] = Step(State.PAIRING_TIMED_OUT, ())


@breakage
def a_fresh_pairing_leaves_the_old_device_on_the_phone(table: Entries) -> None:
    afresh = Step(State.PAIRING, (Effect.FORGET, Effect.OPEN_TO_PAIR, Effect.WATCH))
    for state in DEVICE - {State.UNPAIRING, State.LINKED, State.CONNECTED}:
        table[state, Cause.PAIR_FRESH] = afresh


@breakage
def delete_leaves_the_session_and_its_files(table: Entries) -> None:
    for state in LIVE:
        table[state, Cause.DELETE] = Step(State.DELETED, ())


def run(table: Table, how: settings) -> None:
    kind = type("Machine", (LifecycleMachine,), {"table": table})
    run_state_machine_as_test(kind, settings=how)


def test_an_account_s_life_holds_whatever_speaks_when() -> None:
    run(TABLE, EXAMPLES)


@pytest.mark.parametrize("break_", BREAKAGES.values(), ids=BREAKAGES)
def test_a_broken_table_is_caught(break_: Breakage) -> None:
    table = dict(TABLE)
    break_(table)
    assert table != TABLE
    with pytest.raises(AssertionError):
        run(table, HUNT)


@pytest.mark.parametrize("effect", sorted(FENCING))
def test_an_effect_that_no_longer_fences_is_caught(
    effect: Effect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "FENCING", FENCING - {effect})
    with pytest.raises(AssertionError):
        run(TABLE, HUNT)
