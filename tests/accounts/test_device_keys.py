"""Which of its devices' keys a node knows to be behind."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from delivery.clockwork import ACCOUNT, engine
from device_store.samples import PHONE, make

from waremind.daemon.accounts.device_keys import SessionKeys, SharedKeys
from waremind.whatsapp import keys as files

pytestmark = pytest.mark.anyio


async def test_keys_that_are_removed_with_their_device_are_not_behind(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        runtime = playing.daemon.runtime
        keys = SharedKeys(runtime.database, runtime.membership, runtime.clock, tmp_path / "stamps")
        used = SessionKeys(ACCOUNT, 1, 1, tmp_path / "sessions" / ACCOUNT / "1")
        used.directory.mkdir(parents=True)
        make(used.directory / files.STORE, PHONE)
        await keys.fetch(used)
        shutil.rmtree(used.directory)
        for _ in range(2):
            with suppress(Exception):  # as for ever
                await keys._look(used)
        assert keys.behind == {}
