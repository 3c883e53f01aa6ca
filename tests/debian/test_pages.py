"""What README and docs/operating.md say of a server is typed on a fresh Debian, word for word."""

from collections.abc import Iterator

import pytest
from debian.conftest import Server
from docs.pages import ROOT, Block, blocks_of

pytestmark = pytest.mark.timeout(900)  # packages are fetched


def typed_on_a_server() -> Iterator[Block]:
    """Give the blocks that need a system of their own, README's first."""
    for page in (ROOT / "README.md", ROOT / "docs/operating.md"):
        yield from (block for block in blocks_of(page) if block.word in {"debian", "systemd"})


def test_a_server_is_installed_as_the_pages_say_and_the_doctor_finds_all_well(
    server: Server,
) -> None:
    assert server.run("sh", "-c", "command -v cc uv pip waremind", check=False).stdout == ""
    assert "libmagic" not in server.run("ldconfig", "-p").stdout
    for name in ("alice", "bob"):
        server.run("useradd", "--create-home", name)
    blocks = list(typed_on_a_server())
    assert "systemd install" in blocks[0].body
    for block in blocks:
        server.type(block.body)
    report = server.ask("doctor", user="alice")
    assert [each for each in report["checks"] if each["status"] != "ok"] == []


def test_the_demo_plays_on_a_server_that_has_python_and_make(server: Server) -> None:
    server.type("apt-get install --yes python3 make")
    (demo,) = (block for block in blocks_of(ROOT / "README.md") if block.body == "make demo\n")
    assert "That was all of it." in server.type(demo.body)
