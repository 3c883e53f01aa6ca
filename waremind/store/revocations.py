"""The table `deliveries` where messages are deleted for everyone: sent → revoking → revoked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from waremind.store.database import Connection, as_json
from waremind.store.deliveries import ChangedDelivery


async def want(
    connection: Connection, run: str, groups: Sequence[str], now: datetime
) -> list[ChangedDelivery]:
    """Let nothing more of a run leave to these groups (ids), and have what was sent deleted.

    What cannot be deleted says why. What is being sent just now is not touched.
    """
    cursor = await connection.execute(
        """
        UPDATE deliveries d SET
            status = CASE WHEN d.status <> 'sent' THEN 'skipped'
                          WHEN why_not_revoked(d, a, %(now)s) IS NULL THEN 'revoking'
                          ELSE 'sent' END,
            reason = CASE WHEN d.status <> 'sent' THEN 'revoked' ELSE d.reason END,
            finished_at = coalesce(d.finished_at, %(now)s),
            revoke_reason = CASE WHEN d.status = 'sent' THEN why_not_revoked(d, a, %(now)s) END
        FROM accounts a
        WHERE a.id = d.account_id AND d.run_id = %(run)s AND d.group_id = ANY (%(groups)s)
          AND d.status IN ('scheduled', 'held', 'sent')
        RETURNING d.run_id, d.account_id, d.status
        """,
        {"run": run, "groups": list(groups), "now": now},
    )
    return [ChangedDelivery(*row) async for row in cursor]


async def lose_track(connection: Connection, accounts: Sequence[str]) -> list[ChangedDelivery]:
    """Say of deletions that another daemon had begun in these accounts that nobody knows of them.

    Whether they were done, that is: a person may ask for them again, which hurts nobody.
    """
    cursor = await connection.execute(
        "UPDATE deliveries SET status = 'sent', revoke_reason = 'interrupted',"
        " revoke_started_at = NULL"
        " WHERE status = 'revoking' AND revoke_started_at IS NOT NULL AND account_id = ANY (%s)"
        " RETURNING run_id, account_id, status",
        [list(accounts)],
    )
    return [ChangedDelivery(*row) async for row in cursor]


async def accounts_wanting(connection: Connection, accounts: Sequence[str]) -> set[str]:
    """List those of these accounts that have something to delete."""
    query = (
        "SELECT DISTINCT account_id FROM deliveries"
        " WHERE status = 'revoking' AND account_id = ANY (%s)"
    )
    return {account async for (account,) in await connection.execute(query, [list(accounts)])}


async def give_up(
    connection: Connection, accounts: Sequence[str], now: datetime
) -> list[ChangedDelivery]:
    """Say why of what these accounts were to delete, and can delete no longer."""
    cursor = await connection.execute(
        """
        UPDATE deliveries d SET status = 'sent', revoke_reason = why_not_revoked(d, a, %(now)s),
            revoke_started_at = NULL
        FROM accounts a
        WHERE a.id = d.account_id AND d.account_id = ANY (%(accounts)s) AND d.status = 'revoking'
          AND why_not_revoked(d, a, %(now)s) IS NOT NULL
        RETURNING d.run_id, d.account_id, d.status
        """,
        {"accounts": list(accounts), "now": now},
    )
    return [ChangedDelivery(*row) async for row in cursor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoking:
    """A message that is being deleted: its own id, its account's and its group's, and its JID."""

    run_id: str
    group_id: str
    account_id: str
    jid: str
    message_id: str


async def mark(
    connection: Connection, node: str, accounts: Sequence[str], now: datetime
) -> list[Revoking]:
    """Mark what each of these accounts deletes next; what it had marked and not begun comes first.

    An account that another node has is passed over.

    The last message that was sent is the first to go.
    """
    async with connection.cursor(row_factory=class_row(Revoking)) as cursor:
        await cursor.execute(
            """
            UPDATE deliveries d SET revoke_started_at = %(now)s
            FROM (
                SELECT id FROM accounts
                WHERE id = ANY (%(accounts)s) AND node_id = %(node)s ORDER BY id FOR SHARE
            ) a CROSS JOIN LATERAL (
                SELECT ctid FROM deliveries WHERE account_id = a.id AND status = 'revoking'
                ORDER BY revoke_started_at, started_at DESC LIMIT 1 FOR NO KEY UPDATE
            ) n, whatsapp_groups g
            WHERE d.ctid = n.ctid AND g.id = d.group_id
            RETURNING d.run_id, d.group_id, d.account_id, g.jid, d.message_id
            """,
            {"node": node, "accounts": list(accounts), "now": now},
        )
        return await cursor.fetchall()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """How an attempt to delete ended: `revoked`, `revoking` (to be tried again), or `sent`: why."""

    run_id: str
    group_id: str
    account_id: str
    status: str
    revoke_reason: str | None = None
    detail: str = ""


async def end(connection: Connection, ended: Sequence[Revocation]) -> None:
    """Write how attempts to delete ended."""
    await connection.execute(
        """
        UPDATE deliveries d SET status = v.status, revoke_reason = v.revoke_reason,
            detail = CASE v.detail WHEN '' THEN d.detail ELSE v.detail END,
            revoke_started_at = CASE v.status WHEN 'revoked' THEN d.revoke_started_at END
        FROM json_to_recordset(%s) AS v (
            run_id text, group_id text, status text, revoke_reason text, detail text)
        WHERE d.run_id = v.run_id AND d.group_id = v.group_id AND d.status = 'revoking'
        """,
        [as_json(ended)],
    )


async def is_news(connection: Connection, run: str, groups: Sequence[str], now: datetime) -> bool:
    """Tell whether something of a run can still be kept from these groups, or be deleted there.

    Who asks for the same until the transaction ends waits, and is then told what is left of it.
    """
    query = """
        SELECT 1 FROM deliveries d JOIN accounts a ON a.id = d.account_id
        WHERE d.run_id = %s AND d.group_id = ANY (%s)
          AND (d.status IN ('scheduled', 'held', 'sending')
               OR d.status = 'sent' AND why_not_revoked(d, a, %s) IS NULL)
        ORDER BY d.position FOR NO KEY UPDATE OF d
    """
    return (await connection.execute(query, [run, list(groups), now])).rowcount > 0


async def is_leaving(connection: Connection, run: str, groups: Sequence[str]) -> bool:
    """Tell whether something of a run is being sent to one of these groups just now."""
    query = """
        SELECT 1 FROM deliveries
        WHERE run_id = %s AND group_id = ANY (%s) AND status = 'sending'
    """
    return (await connection.execute(query, [run, list(groups)])).rowcount > 0
