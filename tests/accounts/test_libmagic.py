"""The engine needs libmagic, which may come while the daemon runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import pytest
from accounts.stage import stage
from daemon_process import DaemonProcess, environment
from whatsapp_server.harness import PlayedWhatsApp
from without_libmagic import WithoutLibmagic

from waremind.errors import ErrorCode, WaremindError


@pytest.mark.parametrize("what", ["system", "wheel"])
def test_once_libmagic_is_there_the_next_pairing_works_without_a_restart(
    tmp_path: Path, dsn: str, played_whatsapp: PlayedWhatsApp, what: Literal["system", "wheel"]
) -> None:
    machine = WithoutLibmagic(tmp_path)
    variables = environment(played_whatsapp, dsn)
    variables["PYTHONPATH"] = os.pathsep.join([str(tmp_path), variables["PYTHONPATH"]])
    with DaemonProcess(variables) as daemon:
        there = stage(daemon, played_whatsapp)
        with daemon.pairing(there.label) as pairing, pytest.raises(WaremindError) as end:
            pairing.connected()
        assert end.value.code is ErrorCode.PAIRING_FAILED
        assert "cannot load the WhatsApp engine: failed to find libmagic" in end.value.message
        assert "waremind doctor says what to do" in end.value.message
        assert end.value.hint == f"waremind account pair '{there.label}' tries again"
        machine.install(what)
        assert there.pair().status == "connected"
