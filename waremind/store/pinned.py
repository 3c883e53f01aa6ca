"""What each connection sets for itself, whatever server, database, role or environment say.

By SET after connecting, as poolers refuse the startup parameter `options`.
"""

import json
from collections.abc import Mapping
from typing import Any

import psycopg

PINNED: Mapping[str, str] = {
    # What values look like, and which tables are meant.
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "transform_null_equals": "off",
    "array_nulls": "on",
    "search_path": '"$user", public',
    # That we may write, that triggers and foreign keys hold, and that what was committed stays.
    "default_transaction_read_only": "off",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "session_replication_role": "origin",
    "synchronous_commit": "on",
    # Nobody ends a statement of ours but we; a transaction that we forgot must not hold its rows.
    "statement_timeout": "0",
    "lock_timeout": "0",
    "transaction_timeout": "0",
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": "1min",
    # The machine of a daemon may vanish: its lock, and the rows it holds, are free soon after. We
    # notice within ten seconds that we have lost the server (`lock.py`), which is sooner.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20000",
    # All that we look for has an index, and to look there is never dearer than to read through a
    # small table: a plan that was made, and kept, while a table was small must not read all of it
    # when thousands of rows have come in a second. That goes for the foreign keys' own plans too.
    "random_page_cost": "1",
    "seq_page_cost": "30",
    "plan_cache_mode": "auto",
    # To compile a plan takes longer than all that we ask for.
    "jit": "off",
}

# A name that this version of PostgreSQL does not know has no current setting.
_PIN = """
    SELECT set_config(name, value, false) FROM json_each_text(%s::json) AS pinned (name, value)
    WHERE current_setting(name, true) <> value
"""


async def pin(
    connection: psycopg.AsyncConnection[Any], *, idle_seconds: float | None = None
) -> None:
    """Set all of `PINNED`; raises what psycopg raises.

    A transaction of which nothing is heard for `idle_seconds` is undone.
    """
    name = "idle_in_transaction_session_timeout"
    idle = {name: f"{idle_seconds * 1000:.0f}ms"} if idle_seconds else {}
    await connection.execute(_PIN, [json.dumps({**PINNED, **idle})])
