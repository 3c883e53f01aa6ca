"""Places and servers for the tests of the store."""

import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
from postgres_processes import Servers
from store.yours import GERMAN, INSTALLED, YourPostgres, running, speaks_german

from waremind.store.database import OLDEST_VERSION
from waremind.store.embedded import EmbeddedPostgres


@contextlib.contextmanager
def passable() -> Generator[Path]:
    """Make a directory with a short path, that others may pass as root's PostgreSQL must."""
    path = Path(tempfile.mkdtemp(prefix="waremind-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def place() -> Iterator[Path]:
    """Make a directory that is there for this test alone."""
    with passable() as path:
        yield path


@pytest.fixture
async def fresh(place: Path) -> AsyncIterator[Servers]:
    """Make servers in a directory where none was before."""
    async with Servers(place / "postgres") as servers:
        yield servers


@pytest.fixture(scope="session")
async def cluster() -> AsyncIterator[Path]:
    """Make a directory with a cluster, which takes longer than most of these tests."""
    with passable() as path:
        async with Servers(path / "postgres") as servers:
            await servers.make().start()
        yield path / "postgres"


@pytest.fixture
async def servers(cluster: Path) -> AsyncIterator[Servers]:
    """Make servers in a directory where others have been."""
    async with Servers(cluster) as servers:
        yield servers


@pytest.fixture
async def server(servers: Servers) -> EmbeddedPostgres:
    """Start a server of this test's own."""
    server = servers.make()
    await server.start()
    return server


@pytest.fixture(scope="session")
def yours() -> Iterator[YourPostgres]:
    """Run the oldest PostgreSQL that is installed; it speaks German where the machine can."""
    if not INSTALLED:
        pytest.skip(f"no PostgreSQL from {OLDEST_VERSION} on: apt-get install postgresql")
    with passable() as place:
        german = [f"lc_messages={GERMAN}"] if speaks_german(place) else []
        with running(place, INSTALLED[min(INSTALLED)], *german) as server:
            yield server
