"""The table `hooks`: up to which event each hook was told, also by the daemon before."""

from waremind.store.database import Connection


async def told_up_to(connection: Connection, name: str) -> int | None:
    """Say up to which event a hook was told; None: it is new."""
    query = "SELECT up_to FROM hooks WHERE name = %s"
    found = await (await connection.execute(query, [name])).fetchone()
    return found[0] if found else None


async def keep(connection: Connection, name: str, up_to: int) -> None:
    """Note that a hook was told of all up to this event."""
    query = (
        "INSERT INTO hooks VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET up_to = EXCLUDED.up_to"
    )
    await connection.execute(query, [name, up_to])


async def forget(connection: Connection, name: str) -> None:
    """Forget a hook that is configured no longer: what happens until it is again, it missed."""
    await connection.execute("DELETE FROM hooks WHERE name = %s", [name])
