"""Directories with short names: a socket's path may have 107 bytes, pytest's own leave too few."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Stand in for pytest's fixture of this name."""
    with tempfile.TemporaryDirectory(prefix="waremind-") as name:
        yield Path(name)
