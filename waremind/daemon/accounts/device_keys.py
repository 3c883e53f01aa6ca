"""Where a session's keys come from: its directory, or what another node has kept of the device.

A cluster keeps a snapshot in the database: when a device is linked or connects, when what must not
be old has changed, and when its session has ended. Ratchets are in the last one only: they move on
with every message, and an old one is worse than none, as the engine makes new ones.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn, Protocol

from waremind.daemon.system.clock import Clock
from waremind.daemon.system.logs import event
from waremind.daemon.system.membership import Membership
from waremind.device_store import snapshot
from waremind.domain.engines import opens
from waremind.errors import ErrorCode, WaremindError
from waremind.store import device_snapshots as table
from waremind.store.database import Database
from waremind.store.device_snapshots import Device, Snapshot
from waremind.whatsapp import keys as files
from waremind.whatsapp.engine_age import engine_version

log = logging.getLogger(__name__)

LOOK_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The keys of a session: whose they are, and in which directory they are used."""

    account: str
    device: int
    session: int
    directory: Path


class DeviceKeys(Protocol):
    """Has the keys at hand that a session needs, and keeps them when it has used them."""

    @property
    def behind(self) -> Mapping[str, datetime]:
        """Since when the newest keys of accounts (by id) could not be kept."""
        ...

    async def fetch(self, keys: SessionKeys) -> None:
        """Have the newest keys in the directory before the session opens.

        Raises WaremindError, also when there are none.
        """
        ...

    async def keep(self, keys: SessionKeys, *, ended: bool = False) -> None:
        """Keep what the session has written so far. Raises WaremindError."""
        ...


class LocalKeys:
    """The keys of a single daemon: they stay where they are."""

    behind: Mapping[str, datetime] = MappingProxyType({})

    async def fetch(self, keys: SessionKeys) -> None:
        """Have them, as they are there."""

    async def keep(self, keys: SessionKeys, *, ended: bool = False) -> None:
        """Keep them, as they are there."""


class SharedKeys:
    """The keys of a node; `stamps` is a directory that says which session used what is here."""

    def __init__(
        self, database: Database, membership: Membership, clock: Clock, stamps: Path
    ) -> None:
        self._database = database
        self._membership = membership
        self._clock = clock
        self._stamps = stamps
        self.behind: dict[str, datetime] = {}
        self._open: dict[str, SessionKeys] = {}  # by account
        self._written: dict[SessionKeys, tuple[tuple[int, ...], int]] = {}

    async def fetch(self, keys: SessionKeys) -> None:
        """Have the newest keys in the directory, from the database unless we used them last."""
        device = self._device(keys)
        async with self._database.connection() as connection:
            kept = await table.select(connection, device)
        is_here = (keys.directory / files.STORE).exists()
        if kept is None and not is_here:
            raise _not_here("they are neither on this machine nor in the database")
        if kept and not opens(engine_version(), kept.engine):
            raise _not_here(f"engine {kept.engine} wrote them, and this node has an older one")
        if kept and not (is_here and self._stamp(keys) == kept.session):
            await asyncio.to_thread(_restore, keys.directory, kept)
            event(log, "keys restored", account=keys.account, ratchets=kept.ratchets)
        if kept is None:  # from when this machine was the only one
            await self.keep(keys)
        async with self._database.connection() as connection:
            if not await table.open_(connection, device, keys.session):
                raise _not_here("another node has the account now")
        self._put_stamp(keys)
        self.behind.pop(keys.account, None)
        self._open[keys.account] = keys

    async def keep(self, keys: SessionKeys, *, ended: bool = False) -> None:
        """Write a snapshot; with its ratchets when the session has ended."""
        if ended and self._open.pop(keys.account, None) != keys:
            return  # nobody has used them
        changed_at = _changed_at(keys.directory)
        self.behind.setdefault(keys.account, self._clock.now())
        try:
            store, stands = await asyncio.to_thread(_copied, keys.directory, ratchets=ended)
        except WaremindError as error:
            event(log, "cannot copy keys", logging.ERROR, account=keys.account, reason=error)
            return
        async with self._database.connection() as connection:
            now = self._clock.now()
            taken = Snapshot(keys.session, ended, store, engine_version())
            is_kept = await table.write(connection, self._device(keys), taken, now)
        self.behind.pop(keys.account, None)
        if not ended and is_kept:
            self._put_stamp(keys)
            self._open[keys.account] = keys
            self._written[keys] = changed_at, stands
        else:
            self._written.pop(keys, None)

    async def run(self) -> NoReturn:
        """Keep what has changed of open sessions' keys, for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for keys in list(self._open.values()):
                with contextlib.suppress(Exception):  # the next look comes soon
                    await self._look(keys)

    async def _look(self, keys: SessionKeys) -> None:
        changed_at, stands = self._written.get(keys, ((), 0))
        if (now_at := _changed_at(keys.directory)) == changed_at:
            return
        if not now_at and self._open.get(keys.account) == keys:  # they went with their device
            del self._open[keys.account], self._written[keys]
            self.behind.pop(keys.account, None)
            return
        self.behind.setdefault(keys.account, self._clock.now())
        _, now_stands = await asyncio.to_thread(_copied, keys.directory, ratchets=False)
        if now_stands == stands:
            self._written[keys] = now_at, stands
            self.behind.pop(keys.account, None)
        elif self._open.get(keys.account) == keys:
            await self.keep(keys)

    def _device(self, keys: SessionKeys) -> Device:
        return Device(keys.account, keys.device, self._membership.node)

    def _stamp(self, keys: SessionKeys) -> int | None:
        try:
            return int(self._stamp_path(keys).read_text())
        except (OSError, ValueError):
            return None

    def _put_stamp(self, keys: SessionKeys) -> None:
        self._stamps.mkdir(mode=0o700, exist_ok=True)
        path = self._stamp_path(keys)
        fresh = path.with_suffix(".new")
        fresh.write_text(str(keys.session))
        fresh.replace(path)

    def _stamp_path(self, keys: SessionKeys) -> Path:
        return self._stamps / f"{keys.account}.{keys.device}"


def _not_here(reason: str) -> WaremindError:
    return WaremindError(ErrorCode.CONFLICT, f"cannot use the keys of the device: {reason}")


def _copied(directory: Path, *, ratchets: bool) -> tuple[bytes, int]:
    taken = snapshot.take(directory / files.STORE, directory.parent.parent, ratchets=ratchets)
    return taken, snapshot.fingerprint(taken)


def _restore(directory: Path, kept: Snapshot) -> None:
    files.put(directory, snapshot.restored(kept.store, ratchets=kept.ratchets))


def _changed_at(directory: Path) -> tuple[int, ...]:
    """Say what changes whenever the keys are written to."""
    paths = (directory / files.STORE, directory / f"{files.STORE}-wal")
    found = [path.lstat() for path in paths if path.exists()]
    return tuple(number for each in found for number in (each.st_mtime_ns, each.st_size))
