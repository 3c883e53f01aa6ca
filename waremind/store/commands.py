"""The tables `commands` and `command_events`, and what wakes a node: what nodes ask of each other.

Each node listens on a channel of its own, and looks here when it is notified of something. What is
notified says nothing, so that one look makes up for any number that was lost.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple
from uuid import UUID

from psycopg.rows import class_row

from waremind.store.database import Connection

KEPT_SECONDS = 60.0  # of what nobody reads


def channel_of(node: str) -> str:
    """Name the channel on which a node listens."""
    return f"waremind_{node}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRow:
    """What a node is asked to do: the request's line, and a file that goes with it.

    `asked_by` is the id of the node that asks, `node` its name, on which the operator's uid means
    something.
    """

    id: UUID
    asked_by: str
    uid: int
    operator: str | None
    node: str | None
    line: str
    upload: bytes | None


class Standing(NamedTuple):
    """A command that is still there: its id, and the answer if there is one."""

    id: UUID
    answer: str | None


class StreamedEvent(NamedTuple):
    """An event of the stream that a command has opened, in the order of numbers."""

    command: UUID
    number: int
    event: str


async def ask(connection: Connection, row: CommandRow, owner: str, seconds: float) -> bool:
    """Ask a node to begin something within so many seconds; False when a node is not there."""
    cursor = await connection.execute(
        """
        WITH new AS (
            INSERT INTO commands (
                id, asked_by, node_id, uid, operator, node, line, upload, expires_at)
            SELECT %(id)s, a.id, n.id, %(uid)s, %(operator)s, %(node)s, %(line)s, %(upload)s,
                   clock_timestamp() + %(seconds)s * interval '1 s'
            FROM nodes a, nodes n WHERE a.id = %(asked_by)s AND n.id = %(owner)s
            RETURNING node_id
        )
        SELECT pg_notify('waremind_' || node_id, '') FROM new
        """,
        {**asdict(row), "owner": owner, "seconds": seconds},
    )
    return cursor.rowcount == 1


async def withdraw(connection: Connection, command: UUID) -> bool:
    """Take a command back; False when it is begun already."""
    query = "DELETE FROM commands WHERE id = %s AND NOT begun"
    return (await connection.execute(query, [command])).rowcount == 1


async def abandon(connection: Connection, command: UUID) -> None:
    """Say that nobody waits for a command's answer any more; what it does goes on."""
    await connection.execute(
        """
        WITH left_alone AS (
            UPDATE commands SET abandoned = true WHERE id = %s RETURNING id, node_id
        ), unread AS (
            DELETE FROM command_events e USING left_alone c WHERE e.command_id = c.id
        )
        SELECT pg_notify('waremind_' || node_id, '') FROM left_alone
        """,
        [command],
    )


async def begin(connection: Connection, node: str) -> list[CommandRow]:
    """Begin all that a node is asked to do."""
    async with connection.cursor(row_factory=class_row(CommandRow)) as cursor:
        await cursor.execute(
            """
            WITH asked AS (
                SELECT id, asked_by, uid, operator, node, line, upload FROM commands
                WHERE node_id = %s AND NOT begun AND expires_at > clock_timestamp()
                FOR UPDATE SKIP LOCKED
            ), begun AS (
                UPDATE commands c SET begun = true, upload = NULL, expires_at = NULL
                FROM asked WHERE c.id = asked.id
            )
            SELECT * FROM asked
            """,
            [node],
        )
        return await cursor.fetchall()


async def drop_unheard(connection: Connection, node: str, doing: Sequence[UUID]) -> None:
    """Remove what a node has begun, and is not `doing`, as it could not hear that it was begun."""
    await connection.execute(
        "DELETE FROM commands WHERE node_id = %s AND begun AND answer IS NULL AND id <> ALL (%s)",
        [node, list(doing)],
    )


async def waited_for(connection: Connection, commands: Sequence[UUID]) -> set[UUID]:
    """Say of which of these commands somebody still waits for the answer."""
    query = "SELECT id FROM commands WHERE id = ANY (%s) AND NOT abandoned"
    return {id_ async for (id_,) in await connection.execute(query, [list(commands)])}


async def emit(connection: Connection, command: UUID, number: int, event: str) -> None:
    """Add an event to the stream of a command, as long as somebody waits for it."""
    await connection.execute(
        """
        WITH new AS (
            INSERT INTO command_events (command_id, number, event, expires_at)
            SELECT id, %(number)s, %(event)s, clock_timestamp() + %(kept)s * interval '1 s'
            FROM commands WHERE id = %(command)s AND NOT abandoned
            ON CONFLICT DO NOTHING
            RETURNING command_id
        )
        SELECT pg_notify('waremind_' || c.asked_by, '') FROM new JOIN commands c
            ON c.id = new.command_id
        """,
        {"command": command, "number": number, "event": event, "kept": KEPT_SECONDS},
    )


async def answer(connection: Connection, command: UUID, answer: str) -> None:
    """Answer a command; if nobody waits for that, it is only over."""
    await connection.execute(
        """
        WITH over AS (
            DELETE FROM commands WHERE id = %(command)s AND abandoned
        ), answered AS (
            UPDATE commands SET answer = %(answer)s,
                expires_at = clock_timestamp() + %(kept)s * interval '1 s'
            WHERE id = %(command)s AND NOT abandoned RETURNING asked_by
        )
        SELECT pg_notify('waremind_' || asked_by, '') FROM answered
        """,
        {"command": command, "answer": answer, "kept": KEPT_SECONDS},
    )


async def standing(connection: Connection, commands: Sequence[UUID]) -> list[Standing]:
    """Read which of these commands are still there; to be called before `read_events`."""
    query = "SELECT id, answer FROM commands WHERE id = ANY (%s)"
    return [Standing(*row) async for row in await connection.execute(query, [list(commands)])]


async def read_events(connection: Connection, commands: Sequence[UUID]) -> list[StreamedEvent]:
    """Read what the streams of these commands have to say, which is gone then."""
    query = """
        DELETE FROM command_events WHERE command_id = ANY (%s) RETURNING command_id, number, event
    """
    rows = await (await connection.execute(query, [list(commands)])).fetchall()
    return sorted(StreamedEvent(*row) for row in rows)


async def forget(connection: Connection, commands: Sequence[UUID]) -> None:
    """Remove commands whose answer has been read."""
    await connection.execute("DELETE FROM commands WHERE id = ANY (%s)", [list(commands)])


async def expire(connection: Connection) -> None:
    """Remove what nobody has read or begun in time, whoever it was meant for."""
    await connection.execute("DELETE FROM commands WHERE expires_at < clock_timestamp()")
    await connection.execute("DELETE FROM command_events WHERE expires_at < clock_timestamp()")


async def wake_others(connection: Connection, node: str, account: str | None) -> None:
    """Have others than this node look at what was written: who has the account, or (None) all."""
    await connection.execute(
        """
        WITH others AS (
            SELECT id FROM nodes
            WHERE id <> %(node)s AND (%(account)s::text IS NULL OR id = (
                SELECT node_id FROM accounts WHERE id = %(account)s))
            ORDER BY id FOR NO KEY UPDATE
        ), woken AS (
            UPDATE nodes n SET wakes = wakes + 1 FROM others o WHERE n.id = o.id RETURNING n.id
        )
        SELECT pg_notify('waremind_' || id, '') FROM woken
        """,
        {"node": node, "account": account},
    )


async def wakes(connection: Connection, node: str) -> int | None:
    """Count how often a node was woken; None when it is not there."""
    found = await (
        await connection.execute("SELECT wakes FROM nodes WHERE id = %s", [node])
    ).fetchone()
    return found[0] if found else None
