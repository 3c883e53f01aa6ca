"""Writes anew what a server had committed and no longer has, as after a failover that lost some.

Whoever wrote it knows it still. Where nothing is lost nothing is changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.sql import SQL

from waremind.store import deliveries, reminders
from waremind.store.columns import Columns
from waremind.store.database import Connection, as_json
from waremind.store.reminders import Advance
from waremind.store.runs import RunRow


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run as it was made; `groups` (ids) are whom it goes to, None: its reminder's."""

    run: RunRow
    groups: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class WrittenClaim:
    """What was written in one transaction: runs, and where their reminders have moved on to."""

    runs: Sequence[ClaimedRun]
    advances: Sequence[Advance] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenDelivery:
    """A delivery as a node's session has written it last: `sending`, or how it ended."""

    run_id: str
    group_id: str
    account_id: str
    node_id: str
    node: str | None
    session: int
    attempts: int
    started_at: datetime
    status: str = "sending"
    reason: str | None = None
    detail: str = ""
    message_id: str | None = None
    finished_at: datetime | None = None


_COLUMNS = Columns(RunRow)
# What a run refers to may be lost too: nothing of that fires again.
_INSERT = SQL(
    """
    INSERT INTO runs ({names}) SELECT {names} FROM json_populate_recordset(NULL::runs, %s) v
    WHERE EXISTS (SELECT FROM accounts a WHERE a.id = v.account_id)
      AND (v.reminder_id IS NULL OR EXISTS (SELECT FROM reminders m WHERE m.id = v.reminder_id))
      AND (v.follows IS NULL OR EXISTS (SELECT FROM runs r WHERE r.id = v.follows))
      AND (v.media IS NULL OR EXISTS (SELECT FROM media m WHERE m.id = v.media))
    ON CONFLICT DO NOTHING RETURNING id
    """
).format(names=_COLUMNS.names)


async def claim_again(connection: Connection, claims: Sequence[WrittenClaim], now: datetime) -> int:
    """Make the runs that are no longer there, in the order in which they were made.

    Returns how many.
    """
    known = [each.run.id for claim in claims for each in claim.runs]
    cursor = await connection.execute(
        "SELECT id FROM unnest(%s::text[]) AS v (id)"
        " WHERE NOT EXISTS (SELECT FROM runs r WHERE r.id = v.id)",
        [known],
    )
    lost = {id_ async for (id_,) in cursor}
    return sum([await _claim(connection, claim, lost, now) for claim in claims if lost])


async def _claim(connection: Connection, claim: WrittenClaim, lost: set[str], now: datetime) -> int:
    runs = [each for each in claim.runs if each.run.id in lost]
    if not runs:
        return 0
    if claim.advances:
        await reminders.advance(connection, claim.advances)
    cursor = await connection.execute(_INSERT, [as_json([each.run for each in runs])])
    made = {id_ async for (id_,) in cursor}
    due = [each for each in runs if each.run.id in made and each.run.outcome is None]
    of_reminders = [each.run.id for each in due if each.groups is None]
    await deliveries.insert_of_runs(connection, of_reminders, now)
    for each in due:
        if each.groups is not None:
            await deliveries.insert_to(connection, each.run.id, each.groups, now)
    return len(made)


_WRITE = """
    UPDATE deliveries d SET
        status = CASE WHEN v.is_lost THEN 'unknown' ELSE v.status END,
        reason = CASE WHEN v.is_lost THEN 'crashed' ELSE v.reason END,
        finished_at = CASE WHEN v.is_lost THEN %(now)s ELSE v.finished_at END,
        detail = v.detail, message_id = v.message_id, attempts = v.attempts,
        started_at = v.started_at, node_id = v.node_id, node = v.node, session = v.session
    FROM (
        SELECT w.*, w.status = 'sending'
               AND (a.node_id IS DISTINCT FROM w.node_id OR a.session <> w.session) AS is_lost
        FROM json_to_recordset(%(written)s) AS w (
            run_id text, group_id text, account_id text, node_id text, node text, session bigint,
            attempts integer, started_at timestamptz, status text, reason text, detail text,
            message_id text, finished_at timestamptz)
        JOIN accounts a ON a.id = w.account_id
        ORDER BY a.id FOR SHARE OF a
    ) v
    WHERE d.run_id = v.run_id AND d.group_id = v.group_id
      AND (d.status IN ('scheduled', 'held') AND d.attempts < v.attempts
           OR d.status = 'sending' AND v.status <> 'sending' AND d.node_id = v.node_id
              AND d.session = v.session AND d.attempts = v.attempts)
"""


async def write_again(
    connection: Connection, written: Sequence[WrittenDelivery], now: datetime
) -> int:
    """Write how deliveries ended, or that they are being sent, where that is no longer there.

    What is being sent in an account that another node or session has by now is `unknown`. Returns
    how many were written.
    """
    ended = [each for each in written if each.status != "sending"]
    leaving = [each for each in written if each.status == "sending"]
    count = 0
    for some in (ended, leaving):  # an account has one that is being sent, at most
        if some:
            values: dict[str, Any] = {"written": as_json(some), "now": now}
            count += (await connection.execute(_WRITE, values)).rowcount
    return count
