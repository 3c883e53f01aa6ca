"""Who may not use the socket is told the truth: join its group, or leave it to its owner."""

from __future__ import annotations

import grp
import os
import pwd
import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from waremind.client import Client
from waremind.errors import ErrorCode, WaremindError

NOBODY = 65534


@contextmanager
def as_a_stranger() -> Iterator[None]:
    """Be somebody who may not do everything; whoever is not root is that already."""
    if os.geteuid() != 0:
        yield
        return
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(os.getgid())
        os.setgroups(groups)


@pytest.fixture
def path() -> Iterator[Path]:
    """Give a socket in a directory that everybody can reach."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        Path(place).chmod(0o755)
        path = Path(place) / "private" / "waremind.sock"
        path.parent.mkdir()
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            listening.listen()
            yield path
        path.parent.chmod(0o700)


def _refused(path: Path) -> WaremindError:
    with as_a_stranger(), pytest.raises(WaremindError) as caught:
        Client(path)
    assert caught.value.code is ErrorCode.PERMISSION_DENIED
    assert str(path) in caught.value.message
    return caught.value


# The owner's own bits are missing, too: where these tests do not run as root, we are the owner.
@pytest.mark.parametrize(("directory", "file"), [(0o000, 0o660), (0o755, 0o000)])
def test_a_private_socket_is_its_owners_and_no_group_helps(
    directory: int, file: int, path: Path
) -> None:
    path.chmod(file)
    path.parent.chmod(directory)
    hint = _refused(path).hint
    assert hint.startswith(f"it is private to the user {pwd.getpwuid(os.getuid()).pw_name}: ")
    assert "--socket PATH" in hint
    assert "group" not in hint


@pytest.mark.parametrize(("directory", "file"), [(0o070, 0o660), (0o755, 0o060)])
def test_a_shared_socket_is_its_groups_whose_name_is_told(
    directory: int, file: int, path: Path
) -> None:
    group = _shared_with_a_group(path)
    path.chmod(file)
    path.parent.chmod(directory)
    join = re.escape(f"become a member of the group {group} (usermod -aG {group} USER), then log")
    assert re.match(join, _refused(path).hint)


def _shared_with_a_group(path: Path) -> str:
    """Give a socket and its directory to a group that is not root's; returns its name."""
    gid = os.getegid() or next(each.gr_gid for each in grp.getgrall() if each.gr_gid)
    for place in (path.parent, path):
        os.chown(place, -1, gid)
    return grp.getgrgid(gid).gr_name


def test_nobody_is_sent_into_the_group_of_root(path: Path) -> None:
    if os.getegid() != 0:
        pytest.skip("only root can make a directory that is its group's")
    path.parent.chmod(0o070)
    assert "group" not in _refused(path).hint


def test_a_group_without_a_name_is_no_way_in(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory to nobody known")
    os.chown(path.parent, 54321, 54321)
    path.parent.chmod(0o070)
    hint = "it is private to uid 54321 and gid 54321; name another: --socket"
    assert _refused(path).hint == hint
