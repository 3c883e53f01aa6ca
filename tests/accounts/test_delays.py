"""How long an account waits before it gives up, and before it tries again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from domain.lifecycle_machine import EPOCH as NOW
from domain.lifecycle_machine import new_account
from hypothesis import given
from hypothesis import strategies as st

from waremind.daemon.accounts.transitions import patience_seconds, retry_seconds
from waremind.domain.lifecycle import LIVE, PENDING, RETRYING, State
from waremind.settings import Sessions
from waremind.store.accounts import AccountRow

DEFAULTS = Sessions()

chances = st.floats(0, 1, exclude_max=True)


def row(state: State, *, retries: int = 1, banned_until: datetime | None = None) -> AccountRow:
    return new_account(state, retries=retries, banned_until=banned_until)


@given(chances)
def test_after_a_takeover_the_one_retry_waits_thirty_seconds_or_more(chance: float) -> None:
    assert 30 <= retry_seconds(row(State.REPLACED), DEFAULTS, NOW, chance) <= 60


@given(chances)
def test_what_whatsapp_refused_is_tried_once_an_hour_at_most(chance: float) -> None:
    assert retry_seconds(row(State.REFUSED), DEFAULTS, NOW, chance) >= 3600


@given(chances, st.integers(0, 10**7))
def test_a_ban_is_not_tried_before_it_ends(chance: float, seconds: int) -> None:
    banned = row(State.TEMPORARY_BAN, banned_until=NOW + timedelta(seconds=seconds))
    assert seconds < retry_seconds(banned, DEFAULTS, NOW, chance) <= seconds + 300


def test_a_ban_that_does_not_end_is_asked_ever_more_slowly() -> None:
    over = NOW - timedelta(hours=1)
    delays = [
        retry_seconds(row(State.TEMPORARY_BAN, retries=n, banned_until=over), DEFAULTS, NOW, 0)
        for n in (1, 5, 99)
    ]
    assert delays == [1, 16, 150]


def test_a_ban_without_an_end_is_retried_as_a_failure_is() -> None:
    assert retry_seconds(row(State.TEMPORARY_BAN), DEFAULTS, NOW, 0) == 1


@pytest.mark.parametrize("state", sorted(RETRYING))
def test_nothing_is_retried_at_once(state: State) -> None:
    assert retry_seconds(row(state), DEFAULTS, NOW, 0.0) >= 1


@pytest.mark.parametrize("state", sorted(LIVE - {State.CONNECTED}))
def test_a_pairing_s_patience_is_its_timeout_s_and_any_other_s_is_the_watchdog_s(
    state: State,
) -> None:
    patience = patience_seconds(state, DEFAULTS, 10)
    assert patience == (10 if state in PENDING else 300)


def test_kept_keys_get_fifteen_seconds_of_a_pairing() -> None:
    assert patience_seconds(State.RESUMING, DEFAULTS, 160) == 15
