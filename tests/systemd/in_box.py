"""Run in the box: a phone pairs with the service, which sends, restarts, and sends again.

python in_box.py PROGRAM DIRECTORY: prints what arrived as JSON. DIRECTORY is where the service may
execute what we put: the played WhatsApp's copy of the library.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from whatsapp_server.harness import PlayedWhatsApp

PHONE = "628999"
FRIEND = "628111"
DROPIN = Path("/run/systemd/system/waremind.service.d/played.conf")


def main() -> None:
    """Play the story."""
    program = sys.argv[1]
    with played(program, Path(sys.argv[2])) as (whatsapp, group, paired):
        before = send(program, "before the restart")
        restart()
        whatsapp.wait_online(PHONE)
        again = ask(program, "account", "show", "ops")["account"]["status"]
        after = send(program, "after the restart")
        texts = [message.text for message in whatsapp.wait_messages(2, to=group)]
    result = {"paired": paired, "sent": [before, after], "again": again, "texts": texts}
    sys.stdout.write(json.dumps(result))


@contextmanager
def played(program: str, directory: Path) -> Iterator[tuple[PlayedWhatsApp, str, str]]:
    """Play WhatsApp to the service, pair `ops`; yields also its group's JID and its status."""
    directory.mkdir()
    tempfile.tempdir = os.environ["TMPDIR"] = str(directory)
    with PlayedWhatsApp() as whatsapp:
        whatsapp.overlay.chmod(0o755)
        whatsapp.user(FRIEND, "Budi")
        group = whatsapp.group("Ops", [PHONE, FRIEND])
        DROPIN.parent.mkdir(parents=True, exist_ok=True)
        DROPIN.write_text(f"[Service]\nEnvironment=PYTHONPATH={whatsapp.overlay}\n")
        subprocess.run(["systemctl", "daemon-reload"], check=True)
        restart()
        subprocess.run([program, "account", "add", "ops"], check=True, capture_output=True)
        paired = pair(program, whatsapp)
        ask(program, "account", "sync", "ops")
        try:
            yield whatsapp, group, paired
        finally:
            DROPIN.unlink()


def restart() -> None:
    """Restart the service."""
    subprocess.run(["systemctl", "restart", "waremind"], check=True)


def pair(program: str, whatsapp: PlayedWhatsApp) -> str:
    """Scan the code that the command line shows; returns the status afterwards."""
    command = [program, "account", "pair", "ops", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        for line in process.stdout:
            said = json.loads(line)
            if said["type"] == "qr":
                whatsapp.scan(said["code"], PHONE)
            if said["type"] in {"connected", "failed"}:
                return said["account"]["status"]
    raise AssertionError("the pairing said no last word")


def send(program: str, text: str) -> str:
    """Send a text; returns how its run ended."""
    arguments = ("--account", "ops", "--to", "Ops", "--text", text)
    return ask(program, "send", *arguments)["run"]["status"]


def ask(program: str, *arguments: str) -> Any:
    """Run a command and read what it says."""
    done = subprocess.run([program, *arguments, "--json"], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
