"""The table `group_members`: who is, or was, in a group, since when and until when."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from waremind.store.database import Connection


class SeenMember(NamedTuple):
    """A member as WhatsApp has just named it; the phone number (`+` and digits) may be unknown."""

    lid: str
    phone: str | None


async def upsert(
    connection: Connection,
    account: str,
    groups: Sequence[tuple[str, Sequence[SeenMember]]],
    now: datetime,
) -> None:
    """Write who is in these groups (JIDs) now: who came, who is gone, and whose address is known.

    A member that was known by its number alone keeps its stay when its LID is told.
    """
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            WITH of AS (
                SELECT id, EXISTS (SELECT 1 FROM group_members WHERE group_id = id) AS known
                FROM whatsapp_groups WHERE account_id = %(account)s AND jid = %(jid)s
            ), seen AS (
                SELECT lid, max(phone) AS phone
                FROM unnest(%(lids)s::text[], %(phones)s::text[]) AS v (lid, phone) GROUP BY lid
            ), there AS (
                SELECT DISTINCT ON (seen.lid)
                       m.ctid, seen.lid, coalesce(seen.phone, m.phone) AS phone
                FROM of JOIN group_members m ON m.group_id = of.id AND m.until IS NULL
                JOIN seen ON seen.lid = m.lid OR seen.phone = m.phone
                ORDER BY seen.lid, seen.lid = m.lid DESC
            ), named AS (
                UPDATE group_members m SET lid = t.lid, phone = t.phone FROM there t
                WHERE m.ctid = t.ctid AND (m.lid, m.phone) IS DISTINCT FROM (t.lid, t.phone)
            ), gone AS (
                UPDATE group_members m SET until = greatest(%(now)s, m.since) FROM of
                WHERE m.group_id = of.id AND m.until IS NULL
                  AND NOT EXISTS (SELECT 1 FROM there t WHERE t.ctid = m.ctid)
            )
            INSERT INTO group_members (group_id, lid, phone, since)
            SELECT of.id, seen.lid, seen.phone, CASE WHEN of.known THEN %(now)s END
            FROM of CROSS JOIN seen
            WHERE NOT EXISTS (SELECT 1 FROM there t WHERE t.lid = seen.lid)
            """,
            [
                {
                    "account": account,
                    "jid": jid,
                    "lids": [member.lid for member in members],
                    "phones": [member.phone for member in members],
                    "now": now,
                }
                for jid, members in groups
            ],
        )


async def delete_gone(connection: Connection, before: datetime) -> int:
    """Delete stays that ended before then: no run is as old."""
    done = await connection.execute("DELETE FROM group_members WHERE until < %s", [before])
    return done.rowcount
