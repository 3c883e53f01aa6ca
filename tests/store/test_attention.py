"""What needs a person is found whole, and by as many rows as need one, not as there once were."""

import json
import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from store.test_plans import NOW, fill

from waremind.store import reminders, runs, silence
from waremind.store.database import Connection, connect

ROWS = max(int(os.environ.get("ROWS", "0")), 3000)
READ = 1500  # rows at most, when 51 are asked for
MOST = 51
LATER = NOW + timedelta(days=1)
SILENT = """
    UPDATE accounts SET phone = '+' || 4915100000000 + label::int;
    DELETE FROM receipts;
    UPDATE deliveries SET status = 'sent', reason = NULL, received_at = NULL, message_id = 'M'
"""
FAILED = "UPDATE deliveries SET status = 'failed', reason = 'refused', received_at = NULL"
UNKNOWN = "UPDATE deliveries SET status = 'unknown', reason = 'crashed', received_at = NULL"
OF_NO_REMINDER = "UPDATE runs SET reminder_id = NULL; UPDATE deliveries SET alarm_of = NULL"
OF_ONE = "UPDATE runs SET reminder_id = 'rem_1' WHERE number <= 60"
TOLD = "UPDATE deliveries d SET alarm_of = reminder_id FROM runs r WHERE r.id = run_id"
COUNTED = """
    LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0;
    SET auto_explain.log_nested_statements = on; SET auto_explain.log_analyze = on;
    SET auto_explain.log_timing = off; SET auto_explain.log_format = json;
    SET auto_explain.log_level = notice; SET client_min_messages = notice
"""
Read = Callable[[Connection], Awaitable[Any]]
READERS: Mapping[str, Read] = {
    "silent sends": lambda c: silence.of_others(c, LATER, MOST),
    "silent reminders": lambda c: silence.of_reminders(c, ["rem_1", "rem_2"], LATER),
    "troubled": lambda c: reminders.select_troubled(c, [], LATER, MOST),
    "unknown sends": lambda c: runs.unknown_sends(c, MOST),
}


def became(dsn: str, rows: int, *statements: str) -> None:
    """Fill a database, and let all that was sent have become something else."""
    fill(dsn, rows)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement.encode())
        connection.execute("VACUUM ANALYZE")


async def rows_read(connection: Connection, read: Read) -> int:
    """Count the rows that the busiest part of a statement has read."""
    counts: list[float] = []

    def count(node: Mapping[str, Any]) -> None:
        removed = sum(value for key, value in node.items() if key.startswith("Rows Removed"))
        counts.append((node["Actual Rows"] + removed) * node["Actual Loops"])
        for child in node.get("Plans", []):
            count(child)

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        said = notice.message_primary or ""
        if said.startswith("duration: "):
            count(json.loads(said[said.index("{") :])["Plan"])

    connection.add_notice_handler(hear)
    await read(connection)
    connection.remove_notice_handler(hear)
    return int(max(counts))


@pytest.mark.parametrize("of", [OF_NO_REMINDER, OF_ONE + ";" + TOLD], ids=["sends", "reminders"])
@pytest.mark.parametrize("fault", [SILENT, FAILED, UNKNOWN], ids=["silent", "failed", "unknown"])
async def test_a_look_reads_few_rows_however_many_messages_failed(
    dsn: str, fault: str, of: str
) -> None:
    became(dsn, ROWS, fault, of)
    async with await connect(dsn) as connection:
        await connection.execute(COUNTED)
        read = {name: await rows_read(connection, look) for name, look in READERS.items()}
    assert {name: rows for name, rows in read.items() if rows > READ} == {}


@pytest.mark.parametrize("fault", [SILENT, FAILED, UNKNOWN], ids=["silent", "failed", "unknown"])
async def test_one_reminder_with_many_failures_hides_no_other_one(dsn: str, fault: str) -> None:
    became(dsn, 63, fault, OF_ONE, TOLD)
    async with await connect(dsn) as connection:
        troubled = await reminders.select_troubled(connection, [], LATER, MOST)
    assert {each.name for each in troubled} == {"1", "62", "63"}


async def test_one_reminder_to_many_closed_groups_hides_no_other_one(dsn: str) -> None:
    became(
        dsn,
        63,
        "UPDATE whatsapp_groups SET left_at = now()",
        "UPDATE reminder_groups SET reminder_id = 'rem_1' WHERE group_id NOT LIKE 'grp_6_'",
    )
    async with await connect(dsn) as connection:
        troubled = await reminders.select_troubled(connection, [], NOW - timedelta(days=9), MOST)
    assert {"1", "60", "61", "62", "63"} <= {each.name for each in troubled}


@pytest.mark.parametrize("fault", [SILENT, UNKNOWN], ids=["silent", "unknown"])
async def test_the_oldest_sends_come_first_each_once(dsn: str, fault: str) -> None:
    # The third run went to a second group, the one of the second run.
    moved = "UPDATE deliveries SET run_id = 'run_3' WHERE run_id = 'run_2'"
    became(dsn, 20, fault, "DELETE FROM deliveries WHERE run_id = 'run_1'", moved, OF_NO_REMINDER)
    async with await connect(dsn) as connection:
        if fault is SILENT:
            found = [s.run_id for s in await silence.of_others(connection, LATER, 3)]
        else:
            found = [run for run, _ in await runs.unknown_sends(connection, 3)]
    assert found == ["run_3", "run_4", "run_5"]
