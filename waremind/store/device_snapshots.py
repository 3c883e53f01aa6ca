"""The table `device_snapshots`: a device's keys, for whichever node opens its next session."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from waremind.store.database import Connection


class Device(NamedTuple):
    """A device of an account, and the node that has the account."""

    account: str
    device: int
    node: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is kept of a device: by which session and engine, its ratchets or not, and its bytes."""

    session: int
    ratchets: bool
    store: bytes
    engine: str = ""


async def select(connection: Connection, device: Device) -> Snapshot | None:
    """Read what is kept of a device."""
    async with connection.cursor(row_factory=class_row(Snapshot)) as cursor:
        query = (
            "SELECT session, ratchets, store, engine FROM device_snapshots"
            " WHERE account_id = %s AND device = %s"
        )
        return await (await cursor.execute(query, device[:2])).fetchone()


async def engine_of(connection: Connection, account: str, device: int | None) -> str:
    """Say which engine wrote the keys of a device; empty: none that is known."""
    query = "SELECT engine FROM device_snapshots WHERE account_id = %s AND device = %s"
    found = await (await connection.execute(query, [account, device])).fetchone()
    return found[0] if found else ""


async def write(connection: Connection, device: Device, snapshot: Snapshot, now: datetime) -> bool:
    """Keep a device as the session has it; False when another node or session has it by now."""
    cursor = await connection.execute(
        """
        INSERT INTO device_snapshots AS s
            (account_id, device, session, ratchets, store, engine, written_at)
        SELECT id, %(device)s, %(session)s, %(ratchets)s, %(store)s, %(engine)s, %(now)s
        FROM accounts WHERE id = %(account)s AND node_id = %(node)s FOR SHARE
        ON CONFLICT (account_id, device) DO UPDATE SET
            ratchets = excluded.ratchets, store = excluded.store, engine = excluded.engine,
            written_at = excluded.written_at
        WHERE s.session = excluded.session
        """,
        {
            **device._asdict(),
            **asdict(snapshot),
            "now": now,
        },
    )
    return cursor.rowcount == 1


async def open_(connection: Connection, device: Device, session: int) -> bool:
    """Note that a session opens with the keys, which move on from now; False: no longer ours."""
    cursor = await connection.execute(
        """
        UPDATE device_snapshots SET session = %(session)s, ratchets = false
        WHERE account_id = %(account)s AND device = %(device)s AND EXISTS (
            SELECT FROM accounts WHERE id = %(account)s AND node_id = %(node)s FOR SHARE)
        """,
        {**device._asdict(), "session": session},
    )
    return cursor.rowcount == 1


async def keep_only(connection: Connection, account: str, device: int | None) -> None:
    """Forget all devices of an account but one, or (None) all."""
    await connection.execute(
        "DELETE FROM device_snapshots WHERE account_id = %s AND device IS DISTINCT FROM %s",
        [account, device],
    )
