"""A played WhatsApp and a gateway to it, for all tests of this directory or for one alone."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from fake_gateway import FakeGateway
from msgspec import structs
from whatsapp import sabotage
from whatsapp.ear import Ear
from whatsapp.stages import FakeStage, RealStage
from whatsapp_server.behaviour import Behaviour
from whatsapp_server.harness import PlayedWhatsApp

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.gateway import Opening
from waremind.whatsapp.process_gateway import ProcessGateway


@contextmanager
def importing(*directories: Path) -> Iterator[None]:
    """Have the processes started in here find their modules in these directories first."""
    with pytest.MonkeyPatch.context() as patch:
        kept = filter(None, [os.environ.get("PYTHONPATH")])
        patch.setenv("PYTHONPATH", os.pathsep.join([*map(str, directories), *kept]))
        yield


@asynccontextmanager
async def started(modules: Path, directory: Path) -> AsyncIterator[ProcessGateway]:
    """Run a gateway whose fork server imports from `modules`."""
    gateway = ProcessGateway(heartbeat_seconds=1)
    ear = Ear()
    with importing(modules):
        await gateway.open(Opening("acc_starter", 1, directory / "starter"), ear)
        await ear.turn(Cause.LOGGED_OUT)
    await ear.turn(Cause.ENDED)
    yield gateway
    await gateway.close()


@pytest.fixture(scope="session")
def shared_whatsapp() -> Iterator[PlayedWhatsApp]:
    with PlayedWhatsApp() as whatsapp, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", whatsapp.env()["SSL_CERT_FILE"])  # of its media host
        yield whatsapp


@pytest.fixture(scope="session")
def modules(shared_whatsapp: PlayedWhatsApp, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a neonize that dials the played WhatsApp, and that a test can sabotage."""
    return sabotage.build(shared_whatsapp.overlay, tmp_path_factory.mktemp("modules"))


@pytest.fixture(scope="session")
async def shared_gateway(
    modules: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ProcessGateway]:
    async with started(modules, tmp_path_factory.mktemp("sessions")) as gateway:
        yield gateway


@pytest.fixture
async def real(
    shared_gateway: ProcessGateway, shared_whatsapp: PlayedWhatsApp, tmp_path: Path
) -> AsyncIterator[RealStage]:
    """Yield an account on a gateway and a WhatsApp that are as new again for the next test."""
    yield RealStage(shared_gateway, shared_whatsapp, tmp_path)
    for session in list(shared_gateway._sessions.values()):
        await session.end()
    shared_whatsapp.behave(**structs.asdict(Behaviour()))


@pytest.fixture
async def alone(
    modules: Path, shared_whatsapp: PlayedWhatsApp, tmp_path: Path
) -> AsyncIterator[RealStage]:
    """Yield an account on a gateway of this test's own."""
    async with started(modules, tmp_path) as gateway:
        yield RealStage(gateway, shared_whatsapp, tmp_path)


@pytest.fixture
async def fake(tmp_path: Path) -> AsyncIterator[FakeStage]:
    gateway = FakeGateway()
    yield FakeStage(gateway, tmp_path)
    await gateway.close()


@pytest.fixture(params=["real", "fake"])
def stage(request: pytest.FixtureRequest) -> RealStage | FakeStage:
    """Both gateways, one after the other."""
    return request.getfixturevalue(request.param)
