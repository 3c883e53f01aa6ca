"""Run in the box: who has taken a session of the service over tries everything.

python hostile_in_box.py PROGRAM DIRECTORY: prints what came of each attempt as JSON, as
`whatsapp/hostile.py` writes it down. DIRECTORY is as for `in_box.py`.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from in_box import PHONE, ask, played, restart
from whatsapp.sabotage import harm_all

HOSTILE = Path(__file__).parents[1] / "whatsapp/hostile.py"
STATE = Path("/var/lib/waremind")
SESSIONS = STATE / "sessions"
SECRETS = ("/etc/waremind/config.toml", "/etc/credstore/waremind.dsn", "/etc/shadow")
SOCKETS = ("/run/waremind/waremind.sock", "/run/dbus/system_bus_socket")

# Each session that begins while there are victims does harm first.
ENTRANCE = """
from pathlib import Path
if Path({victims!r}).exists():
    Path("victims.json").write_text(Path({victims!r}).read_text())
    exec(compile(Path({hostile!r}).read_text(), "hostile.py", "exec"), {{}})
"""


def main() -> None:
    """Pair one account as always, and one whose engine is hostile."""
    program = sys.argv[1]
    with played(program, Path(sys.argv[2])) as (whatsapp, _, _):
        file = sabotage(whatsapp.overlay)
        restart()  # the engine is imported once
        whatsapp.wait_online(PHONE)
        readable(file, json.dumps(victims()))
        ask(program, "account", "add", "taken")
        wait_for_code(program)
        attempts = json.loads(next(SESSIONS.glob("*/*/attempts.json")).read_text())
        works = ask(program, "account", "show", "ops")["account"]["status"]
        for label in ("taken", "ops"):
            ask(program, "account", "delete", label, "--yes")
    sys.stdout.write(json.dumps({"attempts": attempts, "neighbour": works}))


def victims() -> dict[str, Any]:
    """Say whom to attack: the daemon, and the session that is there."""
    shown = ["systemctl", "show", "--value", "--property=MainPID", "waremind"]
    daemon = int(subprocess.run(shown, check=True, capture_output=True, text=True).stdout)
    sibling = next(pid for pid in pids() if cwd(pid).is_relative_to(SESSIONS))
    keys = cwd(sibling) / "device.sqlite3"
    passwords = STATE / "postgres/passwords"
    server = next((STATE / "postgres/socket").glob(".s.PGSQL.*[0-9]"))
    for path in (keys, passwords, server):
        assert path.exists(), path
    return {
        "daemon": daemon,
        "sibling": sibling,
        "secrets": [str(keys), str(passwords), *SECRETS],
        "places": [str(keys.parent), str(SESSIONS), str(STATE), "/etc/waremind"],
        "sockets": [*SOCKETS, str(server)],
        "ear": "/run/systemd/notify",
    }


def pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def cwd(pid: int) -> Path:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:  # it is gone
        return Path("/")


def sabotage(overlay: Path) -> Path:
    """Have a session do harm when it makes its client; returns the file that names victims."""
    hostile, file = overlay / "hostile.py", overlay / "victims.json"
    readable(hostile, HOSTILE.read_text())
    harm_all(overlay / "neonize", ENTRANCE.format(hostile=str(hostile), victims=str(file)))
    return file


def readable(file: Path, text: str) -> None:
    """Write a file that every session may read."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o644)
    new.replace(file)


def wait_for_code(program: str) -> None:
    """Pair until a code is shown: the engine works all the same."""
    command = [program, "account", "pair", "taken", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        for line in process.stdout:
            said = json.loads(line)
            if said["type"] == "qr":
                process.terminate()
                return
            assert said["type"] == "pending", said
    raise AssertionError("the pairing showed no code")


if __name__ == "__main__":
    main()
