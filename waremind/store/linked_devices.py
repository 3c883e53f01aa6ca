"""The table `linked_devices`: which account has the keys of a device, by the device's whole JID."""

from waremind.store.database import Connection


async def claim(connection: Connection, account: str, jid: str) -> str | None:
    """Note that an account has a device's keys; when another has them, returns that one's label.

    Waits for whoever is noting the same device at the same moment.
    """
    await connection.execute(
        "DELETE FROM linked_devices WHERE account_id = %s AND jid <> %s", [account, jid]
    )
    await connection.execute(
        "INSERT INTO linked_devices (account_id, jid) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        [account, jid],
    )
    return await other_user(connection, account, jid)


async def other_user(connection: Connection, account: str, jid: str) -> str | None:
    """Find the label of another account than this one that has a device's keys."""
    query = (
        "SELECT a.label FROM linked_devices d JOIN accounts a ON a.id = d.account_id"
        " WHERE d.jid = %s AND a.id <> %s"
    )
    found = await (await connection.execute(query, [jid, account])).fetchone()
    return found[0] if found else None


async def forget(connection: Connection, account: str) -> None:
    """Note that an account has no keys any more."""
    await connection.execute("DELETE FROM linked_devices WHERE account_id = %s", [account])
