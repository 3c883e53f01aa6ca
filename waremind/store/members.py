"""The table `group_members`: who is, or was, in a group, since when and until when."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from waremind.domain.mentions import Addresses
from waremind.store.database import Connection

Mentions = Mapping[str, Addresses]


class SeenMember(NamedTuple):
    """A member as just seen; the phone number (`+` and digits) and the name may be unknown."""

    lid: str
    phone: str | None
    name: str | None = None


async def upsert(
    connection: Connection,
    account: str,
    groups: Sequence[tuple[str, Sequence[SeenMember]]],
    now: datetime,
) -> None:
    """Write who is in these groups (JIDs) now: who came, who is gone, whose address is known.

    A member that was known by its number alone keeps its stay when its LID is told; who had a
    name keeps it while nobody says another.
    """
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            WITH of AS (
                SELECT id, EXISTS (SELECT 1 FROM group_members WHERE group_id = id) AS known
                FROM whatsapp_groups WHERE account_id = %(account)s AND jid = %(jid)s
            ), seen AS (
                SELECT lid, max(phone) AS phone, max(name) AS name
                FROM unnest(%(lids)s::text[], %(phones)s::text[], %(names)s::text[])
                    AS v (lid, phone, name)
                GROUP BY lid
            ), there AS (
                SELECT DISTINCT ON (seen.lid)
                       m.ctid, seen.lid, coalesce(seen.phone, m.phone) AS phone,
                       coalesce(seen.name, m.name) AS name
                FROM of JOIN group_members m ON m.group_id = of.id AND m.until IS NULL
                JOIN seen ON seen.lid = m.lid OR seen.phone = m.phone
                ORDER BY seen.lid, seen.lid = m.lid DESC
            ), named AS (
                UPDATE group_members m SET lid = t.lid, phone = t.phone, name = t.name
                FROM there t
                WHERE m.ctid = t.ctid
                  AND (m.lid, m.phone, m.name) IS DISTINCT FROM (t.lid, t.phone, t.name)
            ), gone AS (
                UPDATE group_members m SET until = greatest(%(now)s, m.since) FROM of
                WHERE m.group_id = of.id AND m.until IS NULL
                  AND NOT EXISTS (SELECT 1 FROM there t WHERE t.ctid = m.ctid)
            )
            INSERT INTO group_members (group_id, lid, phone, name, since)
            SELECT of.id, seen.lid, seen.phone, seen.name, CASE WHEN of.known THEN %(now)s END
            FROM of CROSS JOIN seen
            WHERE NOT EXISTS (SELECT 1 FROM there t WHERE t.lid = seen.lid)
            """,
            [
                {
                    "account": account,
                    "jid": jid,
                    "lids": [member.lid for member in members],
                    "phones": [member.phone for member in members],
                    "names": [member.name for member in members],
                    "now": now,
                }
                for jid, members in groups
            ],
        )


class Address(NamedTuple):
    """By which address (`lid`) a group knows a member whom an operator has named."""

    group_id: str
    member: str
    lid: str


async def find(
    connection: Connection, groups: Sequence[str], members: Sequence[str]
) -> list[Address]:
    """Find who is in these groups now, by number or address."""
    cursor = await connection.execute(
        """
        SELECT m.group_id, v.member, m.lid FROM unnest(%s::text[]) WITH ORDINALITY AS v (member, n)
        JOIN group_members m ON m.group_id = ANY (%s) AND m.until IS NULL
             AND (m.lid = v.member OR m.phone = v.member)
        ORDER BY v.n, m.lid LIKE '%%@lid' DESC, m.lid
        """,
        [list(members), list(groups)],
    )
    return [Address(*row) async for row in cursor]


async def of_reminders(connection: Connection, mentioned: Mapping[str, Sequence[str]]) -> Mentions:
    """Find the addresses of members whom reminders (ids) mention, in the groups of each."""
    members = {member for each in mentioned.values() for member in each}
    if not members:
        return {}
    groups: defaultdict[str, list[str]] = defaultdict(list)
    cursor = await connection.execute(
        "SELECT reminder_id, group_id FROM reminder_groups WHERE reminder_id = ANY (%s)",
        [list(mentioned)],
    )
    for reminder, group in await cursor.fetchall():
        groups[reminder].append(group)
    every = [group for each in groups.values() for group in each]
    found = await find(connection, every, sorted(members))
    return {
        reminder: addresses_in(found, groups[reminder], wanted)
        for reminder, wanted in mentioned.items()
    }


def addresses_in(
    found: Sequence[Address], groups: Sequence[str], members: Sequence[str]
) -> Addresses:
    """List by which addresses members are known in some of the groups."""
    those = [one for one in found if one.group_id in groups]
    known = {
        each: dict.fromkeys(one.lid for one in those if one.member == each) for each in members
    }
    return {member: tuple(lids) for member, lids in known.items() if lids}


async def delete_gone(connection: Connection, before: datetime) -> int:
    """Delete stays that ended before then: no run is as old."""
    done = await connection.execute("DELETE FROM group_members WHERE until < %s", [before])
    return done.rowcount
