"""An account's sessions: at most one open, each ended before the next opens, and their files."""

import asyncio
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from waremind.daemon.accounts.device_keys import DeviceKeys, LocalKeys, SessionKeys
from waremind.daemon.accounts.transitions import kept_devices
from waremind.daemon.system.logs import event
from waremind.domain.lifecycle import Cause
from waremind.store.accounts import AccountRow
from waremind.whatsapp import keys
from waremind.whatsapp.gateway import Gateway, OnReport, Opening, Pairing, Session
from waremind.whatsapp.reports import LifeReport

log = logging.getLogger(__name__)

# How long a session may take that is opened only to log out: while an operator waits, who is
# answered within 5 s, its end included; and while nobody does.
LOG_OUT_SECONDS = 2.5
UNHURRIED_SECONDS = 20.0


class OpeningGate:
    """Spaces what the daemon opens by itself, so that many accounts do not start at once.

    `spacing` says by how many seconds, as the settings have it at the time.
    """

    def __init__(self, spacing: Callable[[], float]) -> None:
        self._spacing = spacing
        self._next = 0.0

    async def slot(self) -> None:
        """Wait for the next free slot."""
        now = asyncio.get_running_loop().time()
        mine = max(now, self._next)
        self._next = mine + self._spacing()
        await asyncio.sleep(mine - now)


@dataclass(frozen=True, slots=True)
class SessionPlace:
    """What all accounts' sessions share."""

    gateway: Gateway
    root: Path  # the directory `sessions/`
    gate: OpeningGate
    tasks: asyncio.TaskGroup
    device_keys: DeviceKeys = field(default_factory=LocalKeys)
    left: dict[Path, datetime] = field(default_factory=dict[Path, datetime])
    """Since when which directories are there that could not be removed."""

    def put_keys(self, account: str, device: int, image: bytes) -> None:
        """Put a device's store where its sessions look for it. Raises OSError."""
        keys.put(self.directory(account, device), image)

    def directory(self, account: str, device: int) -> Path:
        """Say where the keys of an account's device lie."""
        return self.root / account / str(device)

    def sweep(self, account: str, keeps: set[str]) -> None:
        """Remove an account's device directories but those named, and note what is left."""
        for path in sweep(self.root / account, keeps):
            self.left.setdefault(path, datetime.now(UTC))

    def sweep_leftovers(self, devices: Mapping[str, int | None]) -> None:
        """Remove what no row names: `devices` has each account's, None where it has none."""
        for directory in self.root.iterdir() if self.root.is_dir() else ():
            device = devices.get(directory.name)
            self.sweep(directory.name, {str(device)} if device else set())


class Owner(Protocol):
    """What sessions need to know of the account whose they are."""

    @property
    def row(self) -> AccountRow:
        """How it stands now."""
        ...


class Sessions:
    """The sessions of one account; `owner` says how that stands now."""

    def __init__(self, owner: Owner, place: SessionPlace, on_report: OnReport) -> None:
        self._account = owner.row.id
        self._place = place
        self._on_report = on_report
        self._owner = owner
        self._opening: asyncio.Task[Session | None] | None = None
        self._number = 0  # of the session that was opened last
        self._ending: asyncio.Task[bool] | None = None

    @property
    def current(self) -> Session | None:
        """The open session, if its opening is done."""
        opening = self._opening
        if opening is None or not opening.done() or opening.cancelled():
            return None
        return opening.result()

    def open(self, number: int, device: int, pairing: Pairing | None, *, gated: bool) -> None:
        """Open session `number` with the keys of `device`; the one before must have been ended.

        It opens when that end is complete, the removal of files included.
        """
        opening = Opening(self._account, number, self._directory(device), pairing)
        self._number = number
        birth = self._open(opening, device, self._ending, gated=gated)
        self._opening = self._place.tasks.create_task(birth)

    async def _open(
        self, opening: Opening, device: int, ending: asyncio.Task[bool] | None, *, gated: bool
    ) -> Session | None:
        try:
            await _over(ending)
            if gated:
                await self._place.gate.slot()
            if opening.pairing is None:
                await self._place.device_keys.fetch(self._keys(opening.session, device))
            return await self._place.gateway.open(opening, self._on_report)
        except Exception as error:  # noqa: BLE001 - one account can never hurt the daemon
            event(
                log,
                "cannot open a session",
                logging.ERROR,
                account=self._owner.row.label,
                session=opening.session,
                reason=error,
            )
            detail = "the session's process did not start"
            self._on_report(LifeReport(session=opening.session, cause=Cause.ENDED, detail=detail))
            return None

    async def opened(self) -> Session | None:
        """Wait for an opening that is under way."""
        if self._opening is not None:
            await asyncio.wait([self._opening])
        return self.current

    def end(
        self, *, device: int | None, log_out_seconds: float = 0.0, forget: bool = False
    ) -> asyncio.Task[bool]:
        """End what is open; the task says whether WhatsApp no longer lists the device.

        With `log_out_seconds` the device is unlinked at WhatsApp, when no session is open by
        opening one for so long with the keys of `device`; with `forget` the files go, whatever
        happens.
        """
        opening, self._opening = self._opening, None
        keys = self._keys(self._number, device) if opening and device and not forget else None
        ending = self._end(opening, self._ending, device, keys, log_out_seconds, forget=forget)
        self._ending = self._place.tasks.create_task(ending)
        return self._ending

    async def _end(  # noqa: PLR0913 - as `end`, and what is there to be ended
        self,
        opening: asyncio.Task[Session | None] | None,
        before: asyncio.Task[bool] | None,
        device: int | None,
        keys: SessionKeys | None,
        log_out_seconds: float,
        *,
        forget: bool,
    ) -> bool:
        try:
            session = await _settled(opening)
            removed = await _over(before)
            is_removed = await session.end(log_out=log_out_seconds > 0) if session else removed
            if keys:  # also where the session was not to be: they are as they were
                await self._place.device_keys.keep(keys, ended=True)
            if session:
                return is_removed
            if not (log_out_seconds and device):
                return device is None
            return await self._log_out(device, log_out_seconds, removed=removed)
        except Exception as error:  # noqa: BLE001 - as above; and the files go all the same
            label = self._owner.row.label
            event(log, "cannot end a session", logging.ERROR, account=label, reason=error)
            return False
        finally:
            if forget:
                await asyncio.to_thread(self.sweep)

    async def _log_out(self, device: int, seconds: float, *, removed: bool) -> bool:
        """Open a session only to unlink the device, if there are keys to do it with."""
        directory = self._directory(device)
        if not directory.exists():
            return removed
        opening = Opening(self._account, device, directory)
        return await self._place.gateway.log_out(opening, seconds)

    async def keep_keys(self, device: int, number: int) -> None:
        """Keep the keys of a device as session `number` has them now."""
        await self._place.device_keys.keep(self._keys(number, device))

    def _keys(self, number: int, device: int) -> SessionKeys:
        return SessionKeys(self._account, device, number, self._directory(device))

    def _directory(self, device: int) -> Path:
        return self._place.directory(self._account, device)

    def sweep(self) -> None:
        """Remove the directories that the row no longer names."""
        keeps = {str(number) for number in kept_devices(self._owner.row)}
        self._place.sweep(self._account, keeps)


async def _over(ending: asyncio.Task[bool] | None) -> bool:
    """Wait for an end that is under way, and say whether it removed the device."""
    if ending is None:
        return False
    await asyncio.wait([ending])
    return not ending.cancelled() and ending.result()


async def _settled(opening: asyncio.Task[Session | None] | None) -> Session | None:
    """Stop an opening that is under way; give the session if it came about all the same."""
    if opening is None:
        return None
    opening.cancel()
    await asyncio.wait([opening])
    return None if opening.cancelled() else opening.result()


def sweep(account: Path, keeps: set[str]) -> Iterator[Path]:
    """Remove an account's device directories but those named, and the account's when empty.

    Returns those that could not be removed.
    """
    there = account.iterdir() if account.is_dir() else ()
    for directory in [path for path in there if path.name not in keeps]:
        shutil.rmtree(directory, ignore_errors=True)
        if os.path.lexists(directory):
            yield directory
    if not keeps:
        shutil.rmtree(account, ignore_errors=True)
