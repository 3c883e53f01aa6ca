"""The tables of media: what messages carry, by content, as long as something refers to it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row
from psycopg.sql import SQL

from waremind.domain.media import Image
from waremind.store.columns import Columns
from waremind.store.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRow:
    """A content as it is stored, without its bytes; `id` is its SHA-256."""

    id: str
    size: int
    image_type: str | None
    width: int | None
    height: int | None
    kept_at: datetime

    @property
    def image(self) -> Image | None:
        """What it is as an image; None: it is none."""
        return Image(self.image_type, self.width, self.height) if self.image_type else None


_COLUMNS = Columns(MediaRow)
_SELECT = SQL("SELECT {} FROM media WHERE id = %s").format(_COLUMNS.names)
# Locks the row: nobody collects it in this moment.
_INSERT = SQL(
    "INSERT INTO media ({}) VALUES ({}) ON CONFLICT (id) DO UPDATE SET kept_at = excluded.kept_at"
    " RETURNING xmax = 0"
).format(_COLUMNS.names, _COLUMNS.placeholders)


async def find(connection: Connection, sha256: str) -> MediaRow | None:
    """Read what is known of a content."""
    async with connection.cursor(row_factory=class_row(MediaRow)) as cursor:
        return await (await cursor.execute(_SELECT, [sha256])).fetchone()


async def touch(connection: Connection, sha256: str, now: datetime) -> MediaRow | None:
    """Keep a content for a while longer, if it is there."""
    await connection.execute("UPDATE media SET kept_at = %s WHERE id = %s", [now, sha256])
    return await find(connection, sha256)


async def write(connection: Connection, row: MediaRow, pieces: AsyncIterator[bytes]) -> None:
    """Add a content, unless it is there already."""
    found = await (await connection.execute(_INSERT, _COLUMNS.values(row))).fetchone()
    if not (found and found[0]):
        return
    position = 0
    async for content in pieces:
        await connection.execute(
            "INSERT INTO media_pieces VALUES (%s, %s, %b)", [row.id, position, content]
        )
        position += 1


async def piece(connection: Connection, sha256: str, position: int) -> bytes | None:
    """Read one piece; None: there is none after the last."""
    query = "SELECT content FROM media_pieces WHERE media_id = %s AND position = %s"
    cursor = await connection.execute(query, [sha256, position], binary=True)
    found = await cursor.fetchone()
    return found[0] if found else None


async def lock_total(connection: Connection) -> int:
    """Return how many bytes there are of all; nobody adds any until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('media', 0))")
    found = await (await connection.execute("SELECT sum(size)::bigint FROM media")).fetchone()
    return (found and found[0]) or 0


_NEEDED = SQL(
    """
    EXISTS (SELECT 1 FROM reminders r WHERE r.media = m.id)
    OR EXISTS (SELECT 1 FROM runs r JOIN deliveries d ON d.run_id = r.id WHERE r.media = m.id
               AND d.status IN ('scheduled', 'sending', 'held'))
    """
)
# Who refers to a content waits for its lock; what became needed before is seen the second time.
_UNUSED = SQL(
    "SELECT id FROM media m WHERE kept_at < %s AND NOT ({}) FOR UPDATE SKIP LOCKED"
).format(_NEEDED)
_DELETE = SQL("DELETE FROM media m WHERE id = ANY (%s) AND NOT ({})").format(_NEEDED)


async def collect(connection: Connection, before: datetime) -> int:
    """Delete what nothing refers to any more that can still be sent; returns how many.

    Only what nobody has wanted since `before`. To be asked for in a transaction.
    """
    unused = await (await connection.execute(_UNUSED, [before])).fetchall()
    ids = [id_ for (id_,) in unused]
    return (await connection.execute(_DELETE, [ids])).rowcount if ids else 0
