"""The table `deliveries`: one message of a run to one group, from scheduled to its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row
from psycopg.sql import SQL

from waremind.store.database import Connection, as_json
from waremind.store.sending import Sending


class ChangedDelivery(NamedTuple):
    """A delivery that was held, released, ended or deleted, and its status since or then."""

    run_id: str
    account_id: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt of a session ended: `due_at` is when to try again, with status `scheduled`."""

    run_id: str
    group_id: str
    session: int
    status: str
    now: datetime
    reason: str | None = None
    detail: str = ""
    message_id: str | None = None
    due_at: datetime | None = None


class Able(NamedTuple):
    """The accounts of a node that may send now: their ids, each with its session's number.

    `name` is the node's in a cluster.
    """

    node: str
    sessions: Mapping[str, int]
    name: str | None = None


async def insert_of_runs(
    connection: Connection, runs: Sequence[str], now: datetime
) -> list[ChangedDelivery]:
    """Make a delivery for each group of the runs' reminders: scheduled, held, or missed."""
    cursor = await connection.execute(
        _INSERT.format(SQL("JOIN reminder_groups t ON t.reminder_id = r.reminder_id")),
        {"runs": list(runs), "now": now},
    )
    return [ChangedDelivery(*row) async for row in cursor]


async def insert_to(connection: Connection, run: str, groups: Sequence[str], now: datetime) -> None:
    """Make the deliveries of one run to these groups."""
    to = "CROSS JOIN unnest(%(groups)s::text[]) WITH ORDINALITY AS t (group_id, position)"
    values = {"runs": [run], "groups": list(groups), "now": now}
    await connection.execute(_INSERT.format(SQL(to)), values)


_INSERT = SQL(
    """
    INSERT INTO deliveries
        (run_id, group_id, account_id, alarm_of, position, status, reason, due_at)
    SELECT r.id, t.group_id, r.account_id, CASE r.kind WHEN 'regular' THEN r.reminder_id END,
           t.position,
           CASE WHEN g.left_at IS NOT NULL THEN 'missed'
                WHEN h.reason IS NOT NULL THEN 'held' ELSE 'scheduled' END,
           CASE WHEN g.left_at IS NOT NULL THEN 'group_left' ELSE h.reason END,
           greatest(r.created_at, r.occurs_at)
    FROM runs r
    {}
    JOIN whatsapp_groups g ON g.id = t.group_id
    JOIN accounts a ON a.id = r.account_id
    CROSS JOIN LATERAL why_held(a, %(now)s) h
    WHERE r.id = ANY (%(runs)s)
    RETURNING run_id, account_id, status
    """
)


async def move_on(
    connection: Connection,
    endings: Sequence[Ending],
    able: Able,
    now: datetime,
    until: datetime,
) -> list[Sending]:
    """Write how attempts ended, and mark what each account that is able to has to send next.

    Its time has come, or comes no later than `until`. An account that another node or session has
    is passed over. Until this is written its row is locked: else a mark could come after who has
    claimed the account has called `unknown` what was being sent. What was called so is corrected
    by who knows how it ended.

    Returns the marked ones; what something holds is not. It is one statement, as each message
    waits for it. An account's last delivery has to be ended before its next one is marked, and
    the accounts locked before that, as whoever deletes one does: that is what counting them is for.
    """
    async with connection.cursor(row_factory=class_row(Sending)) as cursor:
        await cursor.execute(
            """
            WITH able AS (
                SELECT a.id, a.session
                FROM unnest(%(accounts)s::text[], %(sessions)s::bigint[]) m (id, session)
                JOIN accounts a ON a.id = m.id
                CROSS JOIN LATERAL why_held(a, %(now)s) h
                WHERE a.node_id = %(node)s AND a.session = m.session AND h.reason IS NULL
                ORDER BY a.id FOR SHARE OF a
            ), ended AS (
                UPDATE deliveries d SET
                    status = v.status, reason = v.reason, detail = v.detail,
                    message_id = v.message_id, due_at = coalesce(v.due_at, d.due_at),
                    finished_at = CASE WHEN v.status NOT IN ('scheduled', 'held') THEN v.now END
                FROM json_to_recordset(%(endings)s) AS v (
                    run_id text, group_id text, session bigint, status text, reason text,
                    detail text, message_id text, due_at timestamptz, now timestamptz)
                WHERE (SELECT count(*) FROM able) >= 0
                  AND d.run_id = v.run_id AND d.group_id = v.group_id
                  AND d.node_id = %(node)s AND d.session = v.session
                  AND (d.status = 'sending' OR d.status = 'unknown' AND d.reason = 'crashed'
                       AND v.status IN ('sent', 'failed', 'missed'))
                RETURNING 1
            )
            UPDATE deliveries d
            SET status = 'sending', started_at = greatest(%(now)s, d.due_at),
                attempts = d.attempts + 1, node_id = %(node)s, node = %(name)s,
                session = a.session
            FROM able a
            CROSS JOIN LATERAL (
                SELECT ctid FROM deliveries
                WHERE account_id = a.id AND status = 'scheduled' AND due_at <= %(until)s
                ORDER BY due_at, run_id, position LIMIT 1 FOR NO KEY UPDATE
            ) n, runs r, whatsapp_groups g
            WHERE (SELECT count(*) FROM ended) >= 0
              AND d.ctid = n.ctid AND r.id = d.run_id AND g.id = d.group_id
            RETURNING d.run_id, d.group_id, d.account_id, g.jid, r.text, d.attempts, d.session,
                      d.started_at, r.give_up_at, g.left_at IS NOT NULL AS left, r.mention_all,
                      CASE WHEN r.mention_all THEN g.members WHEN r.mentions = '{}' THEN '{}' ELSE
                          ARRAY(SELECT m FROM unnest(r.mentions) m WHERE m = ANY (g.members))
                      END AS members,
                      g.expiration_seconds, r.media, r.media_kind, r.media_name
            """,
            {
                "node": able.node,
                "name": able.name,
                "endings": as_json(endings),
                "accounts": list(able.sessions),
                "sessions": list(able.sessions.values()),
                "now": now,
                "until": until,
            },
            prepare=True,
        )
        return await cursor.fetchall()


async def is_marked(connection: Connection, sending: Sending) -> bool:
    """Tell whether a delivery is still being sent by the session that began to."""
    query = (
        "SELECT 1 FROM deliveries WHERE group_id = %s AND run_id = %s"
        " AND status = 'sending' AND session = %s"
    )
    found = await connection.execute(query, [sending.group_id, sending.run_id, sending.session])
    return found.rowcount > 0


async def unmark(connection: Connection, node: str, accounts: Sequence[str], at: datetime) -> None:
    """Take back what a node marked at `at`, if it did: nothing was sent."""
    await connection.execute(
        "UPDATE deliveries SET status = 'scheduled', attempts = attempts - 1,"
        " started_at = CASE WHEN attempts > 1 THEN started_at END"
        " WHERE status = 'sending' AND account_id = ANY (%s)"
        " AND started_at = greatest(%s, due_at) AND node_id = %s",
        [list(accounts), at, node],
    )


async def started(
    connection: Connection, accounts: Sequence[str], since: datetime
) -> list[tuple[str, datetime]]:
    """List in order which of these accounts began to send a message since then, and when.

    Of runs that are older by more than a day it is not seen.
    """
    cursor = await connection.execute(
        """
        SELECT d.account_id, d.started_at FROM runs r
        CROSS JOIN LATERAL (  -- from a day's runs to their deliveries, however many others
            SELECT account_id, started_at FROM deliveries WHERE run_id = r.id OFFSET 0
        ) d
        WHERE r.created_at > %(since)s - interval '1 day' AND d.started_at > %(since)s
          AND d.account_id = ANY (%(accounts)s)
        ORDER BY d.started_at
        """,
        {"accounts": list(accounts), "since": since},
    )
    return await cursor.fetchall()


async def give_up(
    connection: Connection, node: str, accounts: Sequence[str], now: datetime
) -> list[ChangedDelivery]:
    """Fail what these accounts of a node could not send in time.

    Their pace may keep them sending for longer than the grace: it begins again when they are cut
    off.
    """
    cursor = await connection.execute(
        """
        UPDATE deliveries d SET status = 'failed', reason = 'not_connected', finished_at = %(now)s
        FROM runs r JOIN accounts a ON a.id = r.account_id
        WHERE d.run_id = r.id AND d.status = 'scheduled' AND d.account_id = ANY (%(accounts)s)
          AND a.node_id = %(node)s
          AND greatest(r.give_up_at, a.status_since + r.grace_seconds * interval '1 s') <= %(now)s
        RETURNING d.run_id, d.account_id, d.status
        """,
        {"node": node, "accounts": list(accounts), "now": now},
    )
    return [ChangedDelivery(*row) async for row in cursor]


@dataclass(frozen=True, slots=True)
class Work:
    """What an account has scheduled: when the first is due, and when the first is given up."""

    account_id: str
    due_at: datetime
    give_up_at: datetime


async def work(connection: Connection, accounts: Sequence[str]) -> list[Work]:
    """Say which of these accounts have something scheduled."""
    async with connection.cursor(row_factory=class_row(Work)) as cursor:
        await cursor.execute(
            """
            SELECT d.account_id, min(d.due_at) AS due_at,
                   min(greatest(r.give_up_at, a.status_since + r.grace_seconds * interval '1 s'))
                       AS give_up_at
            FROM unnest(%(accounts)s::text[]) w (id)
            JOIN accounts a ON a.id = w.id
            JOIN deliveries d ON d.account_id = w.id AND d.status = 'scheduled'
            JOIN runs r ON r.id = d.run_id
            GROUP BY d.account_id
            """,
            {"accounts": list(accounts)},
        )
        return await cursor.fetchall()


async def is_open(connection: Connection, run: str) -> bool:
    """Tell whether something of a run is still scheduled, being sent, or being deleted."""
    query = (
        "SELECT 1 FROM deliveries WHERE run_id = %s"
        " AND status IN ('scheduled', 'sending', 'revoking')"
    )
    return (await connection.execute(query, [run])).rowcount > 0


async def is_leaving_elsewhere(connection: Connection, node: str, account: str | None) -> bool:
    """Tell whether another node is sending something just now, of one account or of any."""
    query = (
        "SELECT 1 FROM deliveries WHERE status = 'sending' AND node_id IS DISTINCT FROM %(node)s"
        " AND (%(account)s::text IS NULL OR account_id = %(account)s) LIMIT 1"
    )
    found = await connection.execute(query, {"node": node, "account": account})
    return found.rowcount > 0


class OpenDelivery(NamedTuple):
    """A delivery that has not ended, and when its message leaves if it is being sent."""

    delivery: ChangedDelivery
    leaves_at: datetime | None


async def lock_open(connection: Connection, reminder: str) -> list[OpenDelivery]:
    """Lock and list what has not ended of a reminder: nothing more of it is marked as being sent.

    In the order in which they are locked where one is ended and the next one marked.
    """
    cursor = await connection.execute(
        """
        SELECT d.run_id, d.account_id, d.status, CASE d.status WHEN 'sending' THEN d.started_at END
        FROM deliveries d JOIN runs r ON r.id = d.run_id
        WHERE r.reminder_id = %s AND d.status IN ('scheduled', 'sending', 'held')
        ORDER BY d.status = 'sending' DESC FOR UPDATE OF d
        """,
        [reminder],
    )
    return [OpenDelivery(ChangedDelivery(*row[:3]), row[3]) async for row in cursor]


async def skip_held(connection: Connection, reminder: str, now: datetime) -> list[ChangedDelivery]:
    """Skip what is held of a reminder that is paused now."""
    cursor = await connection.execute(
        """
        UPDATE deliveries d SET status = 'skipped', reason = 'paused', finished_at = %s
        FROM runs r WHERE r.id = d.run_id AND r.reminder_id = %s AND d.status = 'held'
        RETURNING d.run_id, d.account_id, d.status
        """,
        [now, reminder],
    )
    return [ChangedDelivery(*row) async for row in cursor]


async def resolve(
    connection: Connection, run: str, status: str, now: datetime
) -> list[ChangedDelivery]:
    """Write what an operator says of a run's unknown deliveries: `sent` or `failed`."""
    cursor = await connection.execute(
        "UPDATE deliveries SET status = %s, reason = 'resolved', finished_at = %s"
        " WHERE run_id = %s AND status = 'unknown' RETURNING run_id, account_id, status",
        [status, now, run],
    )
    return [ChangedDelivery(*row) async for row in cursor]
