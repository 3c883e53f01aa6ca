"""A Debian to which nothing was done, in a directory, from the mirror that apt uses here."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from systemd.systems import reason_for_none

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "waremind-tests"
# What debootstrap's smallest Debian lacks to be booted.
BOOTABLE = ("systemd-sysv", "dbus", "iproute2", "procps")
# What each is made with besides; 12 has not even a Python, 13 boots without a network to get one.
RELEASES = {"bookworm": (), "trixie": ("python3",)}


def reason_for_no_tree() -> str:
    """Say why no Debian can be made and booted here; "" when one can."""
    if reason := reason_for_none("debootstrap", "apt-get", "git"):
        return reason
    return "" if mirror() else "apt knows no mirror of Debian"


def mirror() -> str:
    """Ask apt where it gets its Debian from; "" when from nowhere."""
    command = ["apt-get", "indextargets", "--format=$(REPO_URI)"]
    done = subprocess.run(
        [*command, "Created-By: Packages", "Label: Debian"],
        capture_output=True,
        text=True,
        check=True,
    )
    return next(iter(done.stdout.split()), "")


def tree(release: str) -> Path:
    """Find what an earlier run made, or make it: a minute or two."""
    place = CACHE / f"debian-{release}"
    if not place.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{place.name}.new-", dir=CACHE))
        try:
            _fill(draft, release)
            draft.rename(place)
        except BaseException:
            shutil.rmtree(draft)
            raise
    return place


def _fill(draft: Path, release: str) -> None:
    packages = ",".join((*BOOTABLE, *RELEASES[release]))
    # Whatever becomes of it, its mounts end with the namespace.
    command = ["unshare", "--mount", "debootstrap", "--variant=minbase", f"--include={packages}"]
    done = subprocess.run(
        [*command, release, draft, mirror()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    draft.chmod(0o755)
