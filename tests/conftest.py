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


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run coroutine tests and fixtures on asyncio, the only loop that waremind knows."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_log_writer_left() -> Iterator[None]:
    """Take away the log of a daemon that ran in a test's own process: its stream is gone."""
    yield
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, LogWriter)]:
        root.removeHandler(handler)
