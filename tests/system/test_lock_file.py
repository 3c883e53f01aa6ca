"""A lock file is one process's, and tells of another only what is certain."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from waremind.lock_file import LockFileHeld, locked

HOLD = """
import sys
from pathlib import Path
from waremind.lock_file import locked
with locked(Path(sys.argv[1])):
    print(flush=True)
    sys.stdin.read()
"""


def test_who_holds_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(LockFileHeld) as held, locked(path):
            pass
        assert held.value.pid == holder.pid
        path.write_text("1\n")  # a process, and not the one
        with pytest.raises(LockFileHeld) as held, locked(path):
            pass
        assert held.value.pid is None
        path.write_text("../../etc/passwd")
        with pytest.raises(LockFileHeld) as held, locked(path):
            pass
        assert held.value.pid is None
        holder.communicate()
    with locked(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_nobody_else_can_open_it_even_if_it_was_there_before(tmp_path: Path) -> None:
    (tmp_path / "lock").touch(mode=0o666)
    with locked(tmp_path / "lock"):
        assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "lock").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"), locked(tmp_path / "lock"):
        pass
    assert victim.read_text() == "precious"
