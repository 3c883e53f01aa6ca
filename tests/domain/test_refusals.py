"""What a command is told when the table has no entry for it."""

from __future__ import annotations

from itertools import product

import pytest

from waremind.domain.lifecycle import COMMANDS, STATES, Cause, State, step
from waremind.domain.refusals import refusal
from waremind.errors import ErrorCode

REFUSED = sorted(pair for pair in product(STATES, COMMANDS) if step(*pair) is None)


def test_a_refusal_says_what_how_the_account_is_and_the_cure() -> None:
    assert REFUSED
    for state, cause in REFUSED:
        error = refusal(cause, state, "ops")
        assert error.message.startswith(f"cannot {cause} account 'ops': it is ")
        assert error.hint
        assert "ACCOUNT" not in error.hint


@pytest.mark.parametrize(
    ("state", "cause", "code"),
    [
        (State.NEW, Cause.SYNC, ErrorCode.NOT_PAIRED),
        (State.PAIRING, Cause.SYNC, ErrorCode.NOT_CONNECTED),
        (State.NETWORK, Cause.SYNC, ErrorCode.NOT_CONNECTED),
        (State.BANNED, Cause.SYNC, ErrorCode.NOT_CONNECTED),
        (State.UNPAIRED, Cause.RECONNECT, ErrorCode.NOT_PAIRED),
        (State.BANNED, Cause.RECONNECT, ErrorCode.BANNED),
        (State.PAIRING, Cause.RECONNECT, ErrorCode.CONFLICT),
        (State.CONNECTED, Cause.IMPORT, ErrorCode.CONFLICT),
        (State.UNPAIRED, Cause.EXPORT, ErrorCode.NOT_PAIRED),
    ],
)
def test_the_code_says_what_is_missing(state: State, cause: Cause, code: ErrorCode) -> None:
    assert refusal(cause, state, "ops").code is code
