"""What every test may ask for."""

import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import young_engine

from waremind.daemon.system.log_writer import LogWriter

pytest_plugins = ["bounded_coroutines", "postgres_fixtures", "accounts.fixtures"]

_YOUNG = "young-engine-"


def pytest_configure(config: pytest.Config) -> None:
    """Let whatever these tests start find an engine that is not old."""
    if _YOUNG in os.environ.get("PYTHONPATH", ""):  # a worker of pytest-xdist
        return
    directory = young_engine.build(Path(tempfile.mkdtemp(prefix=_YOUNG)))
    config.add_cleanup(lambda: shutil.rmtree(directory))
    kept = filter(None, [os.environ.get("PYTHONPATH")])
    os.environ["PYTHONPATH"] = os.pathsep.join([str(directory), *kept])
    sys.path.insert(0, str(directory))


@pytest.hookimpl(trylast=True)  # they have been shuffled by then
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that may take longest: at the end everybody would wait for them."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run coroutine tests and fixtures on asyncio, the only loop that waremind knows."""
    return "asyncio"


@pytest.fixture
def uncounted() -> Iterator[None]:
    """Count no lines for coverage: that takes a campaign as long as all its work.

    pytest-cov's own mark stops only one of the two tracers that it starts in a worker of xdist.
    """
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)


@pytest.fixture(autouse=True)
def _no_log_writer_left() -> Iterator[None]:
    """Take away the log of a daemon that ran in a test's own process: its stream is gone."""
    yield
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, LogWriter)]:
        root.removeHandler(handler)
