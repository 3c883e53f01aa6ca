"""A played WhatsApp and a gateway to it, for all tests of this directory or for one alone."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fake_gateway import FakeGateway
from whatsapp import sabotage
from whatsapp.ear import Ear
from whatsapp.stages import FakeStage, RealStage
from whatsapp_server.harness import PlayedWhatsApp

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.gateway import Opening
from waremind.whatsapp.sessions import ProcessGateway


@contextmanager
def importing(*directories: Path) -> Iterator[None]:
    """Have the processes started in here find their modules in these directories first."""
    with pytest.MonkeyPatch.context() as patch:
        kept = filter(None, [os.environ.get("PYTHONPATH")])
        patch.setenv("PYTHONPATH", os.pathsep.join([*map(str, directories), *kept]))
        yield


async def start(gateway: ProcessGateway, directory: Path) -> None:
    """Have the fork server started, with the environment of this moment."""
    ear = Ear()
    await gateway.open(Opening("acc_starter", 1, directory / "starter"), ear)
    await ear.turn(Cause.LOGGED_OUT)
    await ear.turn(Cause.ENDED)


@pytest.fixture(scope="session")
def shared_whatsapp() -> Iterator[PlayedWhatsApp]:
    with PlayedWhatsApp() as whatsapp:
        yield whatsapp


@pytest.fixture(scope="session")
async def shared_gateway(
    shared_whatsapp: PlayedWhatsApp, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ProcessGateway]:
    gateway = ProcessGateway()
    with importing(shared_whatsapp.overlay):
        await start(gateway, tmp_path_factory.mktemp("sessions"))
    yield gateway
    await gateway.close()


@pytest.fixture
async def real(
    shared_gateway: ProcessGateway, shared_whatsapp: PlayedWhatsApp, tmp_path: Path
) -> AsyncIterator[RealStage]:
    """Yield an account on the shared gateway; what the whole server does must not be changed."""
    stage = RealStage(shared_gateway, shared_whatsapp, tmp_path)
    yield stage
    if hasattr(stage, "session"):
        await stage.session.end()


@pytest.fixture
def own_whatsapp() -> Iterator[PlayedWhatsApp]:
    with PlayedWhatsApp() as whatsapp:
        yield whatsapp


@pytest.fixture
async def alone(own_whatsapp: PlayedWhatsApp, tmp_path: Path) -> AsyncIterator[RealStage]:
    """Yield an account on a gateway and a WhatsApp of this test's own."""
    gateway = ProcessGateway(heartbeat_seconds=1)
    with importing(sabotage.build(own_whatsapp.overlay, tmp_path / "modules")):
        await start(gateway, tmp_path)
    yield RealStage(gateway, own_whatsapp, tmp_path)
    await gateway.close()


@pytest.fixture
async def fake(tmp_path: Path) -> AsyncIterator[FakeStage]:
    gateway = FakeGateway()
    yield FakeStage(gateway, tmp_path)
    await gateway.close()


@pytest.fixture(params=["real", "fake"])
def stage(request: pytest.FixtureRequest) -> RealStage | FakeStage:
    """Both gateways, one after the other."""
    return request.getfixturevalue(request.param)
