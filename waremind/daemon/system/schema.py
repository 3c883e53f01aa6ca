"""The database's schema at the start of a daemon: brought up to date, also beside other nodes."""

from collections.abc import Sequence

from waremind.daemon.system.postgres import Access
from waremind.daemon.system.systemd import Systemd
from waremind.domain.quoting import quoted
from waremind.errors import ErrorCode
from waremind.store import migrations, nodes
from waremind.store.database import Connection, connected
from waremind.store.grants import grant_to_daemon
from waremind.store.lock import DaemonLock, LockHeldError
from waremind.store.nodes import NodeRow


async def take_and_migrate(access: Access, lock: DaemonLock, systemd: Systemd) -> None:
    """Take the lock, then bring the schema up to date; on a failure neither is kept."""
    await lock.take()
    try:
        async with connected(access.owner_dsn) as connection:
            systemd.tell(STATUS="bringing the database up to date")
            if lock.is_shared:
                await _migrate_node(connection, lock)
            else:
                await migrations.migrate(connection, migrations.read())
            if access.is_embedded:
                await grant_to_daemon(connection)
    except BaseException:
        await lock.release()
        raise


async def _migrate_node(connection: Connection, lock: DaemonLock) -> None:
    """Change the schema, if there is anything to change and who runs on the old one can go on."""
    steps = migrations.read()
    missing = await migrations.missing(connection, steps)
    if not missing:
        return
    needed = max(step.compatible_from for step in missing)
    # A node that is lost counts too: it may go on.
    can_be_read = missing[0].number > nodes.READABLE_SINCE
    there = await nodes.select_all(connection) if can_be_read else []
    behind = [node for node in there if node.migrations < needed]
    if there and not behind:
        await migrations.migrate(connection, steps, beside=True)
        return
    try:
        async with lock.alone():
            await migrations.migrate(connection, steps)
    except LockHeldError as error:
        raise _refused(behind) if behind else error from None


def _refused(behind: Sequence[NodeRow]) -> LockHeldError:
    listed = ", ".join(f"{quoted(node.name)} has {node.version}" for node in behind)
    return LockHeldError(
        ErrorCode.CONFLICT,
        f"cannot bring the database up to date: nodes run that could not go on with it ({listed})",
        hint="upgrade them to a release in between, or stop them all: docs/machines.md, Upgrade",
    )
