"""The table `whatsapp_groups`: what each account's WhatsApp groups were like when last seen."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import args_row, class_row

from waremind.domain.ids import Reference, new_id, plain
from waremind.store import members as members_table
from waremind.store.database import Connection
from waremind.store.members import SeenMember


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as it is stored, without its list of members."""

    id: str
    account_id: str
    account: str  # the account's label
    jid: str
    name: str
    announce_only: bool
    admin: bool
    participants: int
    left_at: datetime | None
    synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class SeenGroup:
    """A group as WhatsApp has just described it; `id` is taken if the group is new."""

    id: str
    jid: str
    name: str
    announce_only: bool
    admin: bool
    members: list[SeenMember]
    expiration_seconds: int = 0


async def upsert(
    connection: Connection, account: str, seen: Sequence[SeenGroup], now: datetime
) -> None:
    """Write groups as they were just seen."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            INSERT INTO whatsapp_groups
                (id, account_id, jid, name, announce_only, admin, members, expiration_seconds,
                 synced_at)
            VALUES (%(id)s, %(account)s, %(jid)s, %(name)s, %(announce_only)s, %(admin)s,
                    %(members)s, %(expiration_seconds)s, %(now)s)
            ON CONFLICT (account_id, jid) DO UPDATE SET
                name = EXCLUDED.name, announce_only = EXCLUDED.announce_only,
                admin = EXCLUDED.admin, members = EXCLUDED.members,
                expiration_seconds = EXCLUDED.expiration_seconds,
                left_at = NULL, synced_at = EXCLUDED.synced_at
            """,
            [
                {
                    **asdict(group),
                    "members": [member.lid for member in group.members],
                    "account": account,
                    "now": now,
                }
                for group in seen
            ],
        )
    stays = [(group.jid, group.members) for group in seen]
    await members_table.upsert(connection, account, stays, now)


async def mark_left(
    connection: Connection, account: str, jids: Sequence[str], now: datetime
) -> None:
    """Say of these groups that the account is no longer in them."""
    await connection.execute(
        "UPDATE whatsapp_groups SET left_at = %s"
        " WHERE account_id = %s AND jid = ANY (%s) AND left_at IS NULL",
        [now, account, list(jids)],
    )


async def mark_others_left(
    connection: Connection, account: str, jids: Sequence[str], now: datetime
) -> None:
    """Say of all groups but these, once seen, that the account is no longer in them."""
    await connection.execute(
        "UPDATE whatsapp_groups SET left_at = %s WHERE account_id = %s"
        " AND NOT jid = ANY (%s) AND left_at IS NULL AND synced_at IS NOT NULL",
        [now, account, list(jids)],
    )


async def select(
    connection: Connection,
    account: str | None = None,
    reference: Reference | None = None,
    *,
    after: GroupRow | None = None,
    limit: int = 0,
) -> list[GroupRow]:
    """Read groups by account and name: all, those that a reference means, or `limit` after one."""
    identifier = reference.text if reference and reference.kind != "name" else None
    async with connection.cursor(row_factory=class_row(GroupRow)) as cursor:
        await cursor.execute(
            """
            SELECT g.id, g.account_id, a.label AS account, g.jid, g.name, g.announce_only, g.admin,
                   cardinality(g.members) AS participants, g.left_at, g.synced_at
            FROM whatsapp_groups g JOIN accounts a ON a.id = g.account_id
            WHERE (%(account)s::text IS NULL OR g.account_id = %(account)s)
              AND (%(identifier)s::text IS NULL OR %(identifier)s IN (g.id, g.jid))
              AND (a.label, g.name, g.id) > (%(label)s, %(name)s, %(id)s)
            ORDER BY a.label, g.name, g.id LIMIT nullif(%(limit)s, 0)
            """,
            {
                "account": account,
                "identifier": identifier,
                "label": after.account if after else "",
                "name": after.name if after else "",
                "id": after.id if after else "",
                "limit": limit,
            },
        )
        rows = await cursor.fetchall()
    return meant(rows, reference) if reference else rows


def meant(groups: Sequence[GroupRow], reference: Reference) -> list[GroupRow]:
    """Choose the groups that a reference means; names are compared as people see them."""
    if reference.kind == "name":
        return [group for group in groups if plain(group.name) == reference.text != ""]
    return [group for group in groups if getattr(group, reference.kind) == reference.text]


async def ensure(connection: Connection, account: str, jids: Sequence[str]) -> list[str]:
    """Give the ids of an account's groups, in order; one that was not seen yet is added."""
    await connection.execute(
        "INSERT INTO whatsapp_groups (id, account_id, jid, name)"
        " SELECT id, %s, jid, '' FROM unnest(%s::text[], %s::text[]) AS v (id, jid)"
        " ON CONFLICT (account_id, jid) DO NOTHING",
        [account, [new_id("grp") for _ in jids], list(jids)],
    )
    cursor = await connection.execute(
        "SELECT g.id FROM unnest(%s::text[]) WITH ORDINALITY AS v (jid, position)"
        " JOIN whatsapp_groups g ON g.account_id = %s AND g.jid = v.jid ORDER BY v.position",
        [list(jids), account],
    )
    return [id_ for (id_,) in await cursor.fetchall()]


async def of_reminders(
    connection: Connection, reminders: Sequence[str]
) -> dict[str, list[GroupRow]]:
    """Read the groups of each reminder, in their order."""
    found: defaultdict[str, list[GroupRow]] = defaultdict(list)
    async with connection.cursor(row_factory=args_row(_with_reminder)) as cursor:
        await cursor.execute(
            """
            SELECT t.reminder_id, g.id, g.account_id, a.label, g.jid, g.name, g.announce_only,
                   g.admin, cardinality(g.members), g.left_at, g.synced_at
            FROM reminder_groups t
            JOIN whatsapp_groups g ON g.id = t.group_id
            JOIN accounts a ON a.id = g.account_id
            WHERE t.reminder_id = ANY (%s) ORDER BY t.reminder_id, t.position
            """,
            [list(reminders)],
        )
        for reminder, group in await cursor.fetchall():
            found[reminder].append(group)
    return found


async def of_reminder(connection: Connection, reminder: str) -> list[GroupRow]:
    """Read the groups of one reminder, in their order."""
    return (await of_reminders(connection, [reminder])).get(reminder, [])


def _with_reminder(reminder: str, *group: Any) -> tuple[str, GroupRow]:
    return reminder, GroupRow(*group)
