"""A server on which nothing was installed, with the checkout and the network of this machine."""

import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from debian.tree import RELEASES, reason_for_no_tree, tree
from systemd.machine import Box, powered
from systemd.systems import CHECKOUT

READERS_CHECKOUT = Path("/root/waremind")
RESOLVER = Path("/etc/resolv.conf")
TRUST = Path("/etc/trusted.crt")
# How this machine reaches the package registry.
WAYS = ("http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL", "UV_DEFAULT_INDEX")


class Server(Box):
    """A machine at which a reader sits, in the checkout."""

    def type(self, script: str) -> str:
        """Type a block as it stands on the page, and fail with what it said."""
        ways = [f"{name}={os.environ[name]}" for name in WAYS if name in os.environ]
        trust = [f"{name}={TRUST}" for name in ("PIP_CERT", "SSL_CERT_FILE")]
        shell = ("bash", "-euo", "pipefail", "-c", script)
        return self.run("env", "-C", READERS_CHECKOUT, *ways, *trust, *shell).stdout


@pytest.fixture(scope="session", params=RELEASES)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Boot a Debian on which README's first line was not typed yet."""
    if reason := reason_for_no_tree():
        pytest.skip(f"no Debian can be made here: {reason}")
    certificates = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
    with tempfile.TemporaryDirectory(prefix="waremind-debian-") as checkout:
        copy_checkout(Path(checkout))
        binds = {RESOLVER: RESOLVER, certificates: TRUST, checkout: READERS_CHECKOUT}
        with powered("--net", f"--lower={tree(request.param)}", *options(binds)) as name:
            server = Server(name, Path("/usr/bin/python3"))
            server.run("apt-get", "update")
            yield server


def options(binds: dict[str | Path, Path]) -> Sequence[str]:
    return [f"--bind={source}:{target}" for source, target in binds.items()]


def copy_checkout(directory: Path) -> None:
    """Copy what a clone would have, with what is not committed yet."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (source := CHECKOUT / name).is_file():
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
