"""The database holds the life cycle's states by checks of its own."""

from __future__ import annotations

import re

import psycopg
import pytest
from psycopg.errors import CheckViolation

from waremind.domain.lifecycle import DEVICE, STATES, State

INSERT = """
    INSERT INTO accounts (id, label, state, session, device, created_at, status_since, state_since)
    VALUES ('acc_' || %(state)s, %(state)s, %(state)s, 1, %(device)s, now(), now(), now())
"""


@pytest.mark.parametrize("state", sorted(STATES))
async def test_a_state_has_keys_in_the_database_exactly_as_the_table_says(
    connection: psycopg.AsyncConnection, state: State
) -> None:
    right, wrong = (1, None) if state in DEVICE else (None, 1)
    await connection.execute(INSERT, {"state": state.value, "device": right})
    with pytest.raises(CheckViolation, match="device_as_the_state_says"):
        await connection.execute(INSERT, {"state": state.value, "device": wrong})


async def test_the_database_knows_the_table_s_states_and_no_other(
    connection: psycopg.AsyncConnection,
) -> None:
    cursor = await connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = 'accounts'::regclass AND contype = 'c'"
    )
    checks = {name: set(re.findall(r"'([a-z_]+)'", text)) for name, text in await cursor.fetchall()}
    assert checks["accounts_state_check"] == STATES
    assert checks["device_as_the_state_says"] == DEVICE


async def test_a_session_number_never_goes_back(connection: psycopg.AsyncConnection) -> None:
    await connection.execute(INSERT, {"state": "new", "device": None})
    with pytest.raises(CheckViolation, match="would go back"):
        await connection.execute("UPDATE accounts SET session = 0")
