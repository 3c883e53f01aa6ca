"""The real engine on its embedded PostgreSQL, with a WhatsApp that answers at once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from fake_gateway import FakeGateway, FakeWhatsApp

from waremind import config
from waremind.daemon.main import assemble
from waremind.daemon.rules.evaluator import RuleEvaluator
from waremind.daemon.services import Services
from waremind.daemon.system import logs
from waremind.daemon.system.clock import WallClock
from waremind.daemon.system.failures import Failures
from waremind.daemon.system.membership import Membership
from waremind.daemon.system.recent import Recent
from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.settings import LiveSettings
from waremind.domain.ids import new_id
from waremind.domain.lifecycle import State
from waremind.store import accounts, migrations
from waremind.store.accounts import AccountRow
from waremind.store.database import Database
from waremind.store.embedded import EmbeddedPostgres
from waremind.store.lock import DaemonLock
from waremind.whatsapp.gateway import Gateway
from waremind.whatsapp.reports import GroupSnapshot, Identity


class _EnoughError(Exception):
    """The engine has been measured: its TaskGroup is to end."""


@contextlib.contextmanager
def directory() -> Iterator[Path]:
    """Make a directory that root's PostgreSQL, another user, can reach."""
    with tempfile.TemporaryDirectory(prefix="waremind-bench-") as name:
        path = Path(name)
        path.chmod(0o711)
        yield path


@contextlib.asynccontextmanager
async def postgres(state: Path) -> AsyncIterator[str]:
    """Run the embedded PostgreSQL as the daemon does, and migrate it; give its DSN."""
    server = EmbeddedPostgres(state / "postgres")
    dsn = await server.start()
    try:
        async with await connected(dsn) as connection:
            await migrations.migrate(connection, migrations.read())
        yield dsn
    finally:
        await server.stop()


async def connected(dsn: str) -> psycopg.AsyncConnection:
    """Connect in autocommit mode, as the store does."""
    return await psycopg.AsyncConnection.connect(dsn, autocommit=True)


async def paired_accounts(connection: psycopg.AsyncConnection, number: int) -> list[AccountRow]:
    """Store accounts that will connect when the daemon starts."""
    now = datetime.now(UTC)
    rows = [
        AccountRow(
            id=new_id("acc"),
            label=f"account {each}",
            state=State.STOPPED,
            created_at=now,
            status_since=now,
            state_since=now,
            session=1,
            device=1,
            linked_at=now,
        )
        for each in range(number)
    ]
    for row in rows:
        await accounts.insert(connection, row)
    return rows


@dataclass
class Engine:
    """A daemon without its socket: its accounts, its outbox, and what they stand on."""

    daemon: Services
    dsn: str


def settings_of(state: Path, **flags: object) -> config.Configuration:
    """Read the settings of a daemon in `state` that keeps no pace."""
    flags |= {
        "state_dir": str(state),
        "governor": {"enabled": False},
        "sessions": {"stagger_seconds": 0},
    }
    return config.load(None, flags)


def fake_gateway(state: Path, rows: list[AccountRow], groups: int) -> FakeGateway:
    """Play a WhatsApp in which all accounts are linked, each in so many groups."""
    devices = {
        state / "sessions" / row.id / "1": Identity(f"{each}@s.whatsapp.net", f"+62811{each:06}")
        for each, row in enumerate(rows)
    }
    seen = [
        GroupSnapshot(f"{number}@g.us", f"Group {number}", announce_only=False, admin=False)
        for number in range(groups)
    ]
    return FakeGateway(FakeWhatsApp(devices=devices, groups=seen))


@contextlib.contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Log as the daemon does, into a file."""
    with path.open("w") as file, contextlib.redirect_stderr(file):
        logs.start("text", "info")
        try:
            yield
        finally:
            for handler in logging.getLogger().handlers:
                handler.flush()  # another thread writes into the file
            logging.getLogger().handlers.clear()


@contextlib.asynccontextmanager
async def engine(state: Path, dsn: str, gateway: Gateway, **flags: object) -> AsyncIterator[Engine]:
    """Run the daemon's engine, its accounts connected; `flags` are settings."""
    current = LiveSettings(settings_of(state, **flags))
    lock = DaemonLock(dsn)
    await lock.take()
    with contextlib.suppress(ExceptionGroup):
        async with (
            Database(dsn, pool_size=current.settings.database.pool_size) as database,
            RuleEvaluator() as trial,
            asyncio.TaskGroup() as tasks,
        ):
            clock = WallClock()
            failures = Failures(clock.now)
            membership = Membership(lock, database, clock, failures, "bench")
            ground = Runtime(
                current, database, database, membership, clock, failures, Recent(clock)
            )
            daemon = assemble(ground, tasks, gateway, trial, "embedded")
            await daemon.accounts.start()
            await _connected(daemon)
            tasks.create_task(daemon.outbox.run())
            yield Engine(daemon, dsn)
            await daemon.accounts.stop()
            raise _EnoughError
    await lock.release()


async def _connected(daemon: Services) -> None:
    """Wait until each account is connected and has its groups."""
    for account in daemon.accounts:
        progress = account.progress.watch()
        while account.row.state is not State.CONNECTED:
            await progress.get()
        account.progress.unwatch(progress)
        if account.effects.syncing:
            await account.effects.syncing
