"""What keeps messages from leaving: held deliveries, and the table `freezes`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from waremind.store.database import Connection
from waremind.store.deliveries import ChangedDelivery


async def hold(
    connection: Connection, accounts: Sequence[str] | None, now: datetime
) -> list[ChangedDelivery]:
    """Hold what is scheduled of these accounts (None: of all) and may not leave now."""
    cursor = await connection.execute(
        """
        UPDATE deliveries d SET status = 'held', reason = h.reason
        FROM accounts a CROSS JOIN LATERAL why_held(a, %(now)s) h
        WHERE a.id = d.account_id AND d.status = 'scheduled'
          AND (%(accounts)s::text[] IS NULL OR a.id = ANY (%(accounts)s))
          AND h.reason IS NOT NULL
        RETURNING d.run_id, d.account_id, d.status
        """,
        {"accounts": accounts, "now": now},
    )
    return [ChangedDelivery(*row) async for row in cursor]


async def hold_late(
    connection: Connection, accounts: Sequence[str], reason: str, now: datetime
) -> list[ChangedDelivery]:
    """Hold what of accounts was kept from being sent for longer than its grace, not by its pace.

    As long as an account sends, nothing keeps it: its grace begins again with each message.
    """
    cursor = await connection.execute(
        """
        WITH open AS (
            SELECT r.account_id, min(r.created_at) AS since
            FROM deliveries d JOIN runs r ON r.id = d.run_id
            WHERE d.status = 'scheduled' AND d.account_id = ANY (%(accounts)s)
              AND r.give_up_at < %(now)s
            GROUP BY r.account_id
        ), active AS (
            SELECT o.account_id, max(d.started_at) AS at
            FROM open o
            JOIN runs r ON r.account_id = o.account_id AND r.created_at > o.since - interval '1 day'
            JOIN deliveries d ON d.run_id = r.id
            GROUP BY o.account_id
        )
        UPDATE deliveries d SET status = 'held', reason = %(reason)s
        FROM runs r JOIN active a ON a.account_id = r.account_id
        WHERE d.run_id = r.id AND d.status = 'scheduled' AND r.give_up_at < %(now)s
          AND coalesce(a.at, r.created_at) + r.grace_seconds * interval '1 s' < %(now)s
        RETURNING d.run_id, d.account_id, d.status
        """,
        {"accounts": list(accounts), "reason": reason, "now": now},
    )
    return [ChangedDelivery(*row) async for row in cursor]


async def trim(
    connection: Connection, reminders: Sequence[str], most: int, now: datetime
) -> list[ChangedDelivery]:
    """Give up what a release could never send: held runs that their misfire rule passes over."""
    cursor = await connection.execute(
        """
        UPDATE deliveries d SET status = 'missed', finished_at = %(now)s
        FROM (
            SELECT r.id, r.misfire,
                   r.occurs_at + r.grace_seconds * interval '1 s' < %(now)s AS late,
                   row_number() OVER (PARTITION BY r.reminder_id
                                      ORDER BY r.occurs_at DESC) AS place
            FROM runs r
            WHERE r.reminder_id = ANY (%(reminders)s) AND r.kind = 'regular'
              AND EXISTS (SELECT 1 FROM deliveries h WHERE h.run_id = r.id AND h.status = 'held')
        ) r
        WHERE d.run_id = r.id AND d.status = 'held' AND r.late
          AND (r.misfire = 'skip' OR r.misfire = 'once' AND r.place > 1 OR r.place > %(most)s)
        RETURNING d.run_id, d.account_id, d.status
        """,
        {"reminders": list(reminders), "most": most, "now": now},
    )
    return [ChangedDelivery(*row) async for row in cursor]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRun:
    """A run with held deliveries, and what it is judged by when it is released."""

    run_id: str
    account_id: str
    reminder_id: str | None
    occurs_at: datetime
    grace_seconds: int
    misfire: str


async def select_held(
    connection: Connection, accounts: Sequence[str] | None, reasons: Sequence[str], now: datetime
) -> list[HeldRun]:
    """Lock and read the runs that are held for one of `reasons`, and are no longer by any."""
    async with connection.cursor(row_factory=class_row(HeldRun)) as cursor:
        await cursor.execute(
            """
            SELECT r.id AS run_id, r.account_id, r.occurs_at,
                   CASE r.kind WHEN 'regular' THEN r.reminder_id END AS reminder_id,
                   r.grace_seconds, r.misfire
            FROM runs r
            JOIN accounts a ON a.id = r.account_id
            CROSS JOIN LATERAL why_held(a, %(now)s) h
            WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.run_id = r.id AND d.status = 'held'
                          AND d.reason = ANY (%(reasons)s))
              AND (%(accounts)s::text[] IS NULL OR r.account_id = ANY (%(accounts)s))
              AND (h.reason IS NULL OR h.reason <> ALL (%(reasons)s))
            ORDER BY r.occurs_at, r.number
            FOR UPDATE OF r
            """,
            {"accounts": accounts, "reasons": list(reasons), "now": now},
        )
        return await cursor.fetchall()


async def free(
    connection: Connection, accounts: Sequence[str], reasons: Sequence[str], now: datetime
) -> list[str]:
    """List which of these accounts none of `reasons` holds, whatever may be held of them."""
    cursor = await connection.execute(
        """
        SELECT a.id FROM accounts a CROSS JOIN LATERAL why_held(a, %(now)s) h
        WHERE a.id = ANY (%(accounts)s)
          AND (h.reason IS NULL OR h.reason <> ALL (%(reasons)s))
        """,
        {"accounts": list(accounts), "reasons": list(reasons), "now": now},
    )
    return [account async for (account,) in cursor]


async def release(
    connection: Connection, runs: Sequence[str], now: datetime, give_up_at: datetime
) -> list[ChangedDelivery]:
    """Schedule the held deliveries of runs; what something else holds now is held for that."""
    await connection.execute(
        "UPDATE runs SET give_up_at = greatest(give_up_at, %s) WHERE id = ANY (%s)",
        [give_up_at, list(runs)],
    )
    cursor = await connection.execute(
        """
        UPDATE deliveries d SET
            status = CASE WHEN h.reason IS NULL THEN 'scheduled' ELSE 'held' END,
            reason = h.reason, due_at = %(now)s
        FROM accounts a CROSS JOIN LATERAL why_held(a, %(now)s) h
        WHERE a.id = d.account_id AND d.run_id = ANY (%(runs)s) AND d.status = 'held'
        RETURNING d.run_id, d.account_id, d.status
        """,
        {"runs": list(runs), "now": now},
    )
    return [ChangedDelivery(*row) async for row in cursor]


async def miss(connection: Connection, runs: Sequence[str], now: datetime) -> list[ChangedDelivery]:
    """Give the held deliveries of runs up; the reason stays what held them."""
    cursor = await connection.execute(
        "UPDATE deliveries SET status = 'missed', finished_at = %s"
        " WHERE run_id = ANY (%s) AND status = 'held' RETURNING run_id, account_id, status",
        [now, list(runs)],
    )
    return [ChangedDelivery(*row) async for row in cursor]


@dataclass(frozen=True, slots=True)
class FreezeRow:
    """A freeze: of an account, or (None) of everything; `operator` is a name or a uid."""

    account_id: str | None
    since: datetime
    operator: str
    reason: str | None


async def freeze(connection: Connection, row: FreezeRow) -> bool:
    """Freeze; False when it is frozen already."""
    done = await connection.execute(
        "INSERT INTO freezes (account_id, since, operator, reason) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [row.account_id, row.since, row.operator, row.reason],
    )
    return done.rowcount == 1


async def wait_for_claims(connection: Connection) -> None:
    """Wait for whoever writes deliveries; further ones wait until this transaction has ended.

    What is claimed beside a thaw is either seen by it, or sees that nothing is frozen any more.
    """
    await connection.execute("LOCK TABLE deliveries IN SHARE ROW EXCLUSIVE MODE")


async def thaw(connection: Connection, account: str | None) -> bool:
    """End a freeze; False when there is none."""
    done = await connection.execute(
        "DELETE FROM freezes WHERE account_id IS NOT DISTINCT FROM %s", [account]
    )
    return done.rowcount == 1


async def select_freezes(connection: Connection) -> list[FreezeRow]:
    """Read all freezes, that of everything first."""
    async with connection.cursor(row_factory=class_row(FreezeRow)) as cursor:
        await cursor.execute(
            "SELECT account_id, since, operator, reason FROM freezes"
            " ORDER BY account_id NULLS FIRST"
        )
        return await cursor.fetchall()
