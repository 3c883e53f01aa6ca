"""The programs of docs/events.md tell what they are told, to those whom they name."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from daemon_process import DaemonProcess
from docs.conftest import PROGRAMS
from docs.pages import ROOT, blocks_of

RECIPES = {
    block.detail: block.body for block in blocks_of(ROOT / "docs/events.md") if block.word == "file"
}
EVENT = b"""{"id": 7, "at": "2026-12-01T09:00:00+01:00", "type": "attention.begun",
"data": {"kind": "account", "name": "ops", "code": "logged_out", "text": "It was unlinked.",
"fix": "waremind account pair ops"}}"""


class Web:
    """A web server that keeps what it is sent."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers.get("Content-Length", 0))
                web.heard.append((self.path, self.rfile.read(size)))
                self.send_response(200)
                self.end_headers()

            do_GET = do_POST  # noqa: N815 - http.server's

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    thread = Thread(target=web.server.serve_forever)
    thread.start()
    yield web
    web.server.shutdown()
    thread.join()
    web.server.server_close()


def run(name: str, daemon: DaemonProcess, place: Path, web: Web | None, *arguments: str) -> None:
    """Run a recipe as the daemon does; whoever it sends to is played."""
    text = RECIPES[name]
    for host in ("https://ntfy.sh", "https://hc-ping.com"):
        text = text.replace(host, web.url if web else host)
    program = place / name
    program.write_text(text)
    sendmail = place / "sendmail"
    sendmail.write_text(f"#!/bin/sh\ncat > {place}/mail\n")
    for each in (program, sendmail):
        each.chmod(0o755)
    path = (place, PROGRAMS, Path(sys.executable).parent, os.environ["PATH"])
    environment = daemon.environment | {"PATH": os.pathsep.join(map(str, path))}
    subprocess.run([program, *arguments], input=EVENT, env=environment, check=True, timeout=60)


def test_mail_says_what_is_wrong_and_the_cure(shared_daemon: DaemonProcess, tmp_path: Path) -> None:
    run("by-mail", shared_daemon, tmp_path, None)
    mail = (tmp_path / "mail").read_text()
    assert mail.startswith(
        "To: root\nSubject: waremind attention.begun: logged_out ops\n\nIt was unlinked.\n"
    )
    assert "waremind account pair ops" in mail


def test_a_phone_hears_by_ntfy(shared_daemon: DaemonProcess, tmp_path: Path, web: Web) -> None:
    run("by-ntfy", shared_daemon, tmp_path, web)
    ((path, said),) = web.heard
    assert path == "/YOUR-TOPIC"
    assert said == b"attention.begun: It was unlinked.\nwaremind account pair ops\n"


def test_healthchecks_hears_how_all_is(
    shared_daemon: DaemonProcess, tmp_path: Path, web: Web
) -> None:
    run("by-healthchecks", shared_daemon, tmp_path, web)
    assert web.heard[0][0] in {"/YOUR-UUID/0", "/YOUR-UUID/1"}


def test_a_file_lists_what_needs_a_person(shared_daemon: DaemonProcess, tmp_path: Path) -> None:
    run("by-file", shared_daemon, tmp_path, None, str(tmp_path / "attention.json"))
    assert (tmp_path / "attention.json").read_text().startswith("[")
