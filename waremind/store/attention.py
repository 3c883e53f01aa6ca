"""The table `attention`: what needs a person, as it was last told of. Triggers make its events."""

from collections.abc import Sequence

from waremind.objects import StatusAttention
from waremind.store.database import Connection, as_json


async def write(connection: Connection, needs: Sequence[StatusAttention]) -> None:
    """Write what needs a person now; what is no longer there has ended, what is new has begun."""
    await connection.execute(
        """
        WITH now_needed AS (
            SELECT kind, coalesce(id, '') AS id, code, severity, name, since, text, fix
            FROM json_to_recordset(%(needs)s) AS v (
                kind text, id text, code text, severity text, name text, since timestamptz,
                text text, fix text)
        ), ended AS (
            DELETE FROM attention WHERE (kind, id, code, severity) NOT IN (
                SELECT kind, id, code, severity FROM now_needed)
        )
        INSERT INTO attention (kind, id, code, severity, name, since, text, fix)
        SELECT kind, id, code, severity, name, since, text, fix FROM now_needed
        ON CONFLICT DO NOTHING
        """,
        {"needs": as_json(needs)},
    )
