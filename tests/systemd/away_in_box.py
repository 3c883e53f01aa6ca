"""Run in the box: PostgreSQL goes away while a message is being sent; then the lock is stolen.

python away_in_box.py PROGRAM DIRECTORY SECONDS: prints what was seen as JSON.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

from systemd.external import DSN, External
from systemd.in_box import PHONE, ask, played
from whatsapp_server.harness import PlayedWhatsApp

PATIENCE_SECONDS = 60.0
DUE_SECONDS = 5.0
LOCKS = "FROM pg_locks WHERE locktype = 'advisory' AND granted"


def main() -> None:
    """Play both stories."""
    program, directory, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    with played(program, directory) as (whatsapp, _, _):
        before = life(program)
        result = {
            "away": away(program, whatsapp, seconds),
            "stolen": stolen(program, seconds),
            "same life": life(program) == before,
        }
    sys.stdout.write(json.dumps(result))


def away(program: str, whatsapp: PlayedWhatsApp, seconds: float) -> Any:
    """Stop PostgreSQL in mid-send, and start it again; says what status and runs said.

    A reminder falls due meanwhile.
    """
    server = External(run_quietly)
    whatsapp.behave(PHONE, ack_delay=2.0)
    due = datetime.now(UTC) + timedelta(seconds=DUE_SECONDS)
    when = ("--at", due.isoformat(timespec="seconds"), "--tz", "UTC")
    words = ("--account", "ops", "--to", "Ops", "--text", "due meanwhile", *when)
    ask(program, "reminder", "add", "meanwhile", *words)
    run = send(program, "in mid-send")
    until(whatsapp.messages)
    server.stop()
    status = watched(program, seconds)
    server.start()
    until(lambda: ended(program, run))
    whatsapp.behave(PHONE, ack_delay=0.0)
    until(lambda: ask(program, "reminder", "show", "meanwhile")["reminder"]["state"] == "finished")
    [fired] = ask(program, "run", "list", "--reminder", "meanwhile")["runs"]
    until(lambda: ended(program, fired["id"]))
    return {
        "said": status,
        "run": outcome(program, run),
        "due meanwhile": outcome(program, fired["id"]),
        "then": well(program),
    }


def run_quietly(*words: object) -> None:
    subprocess.run([*map(str, words)], check=True, stdout=subprocess.DEVNULL)


def stolen(program: str, seconds: float) -> Any:
    """Take the lock away for a while; says what status said, and what became of a message."""
    with psycopg.connect(DSN, autocommit=True, application_name="a thief") as thief:
        (lock,) = thief.execute(
            f"SELECT (classid::bigint << 32) | objid::bigint {LOCKS}"
        ).fetchone()
        while True:
            thief.execute(f"SELECT pg_terminate_backend(pid) {LOCKS} AND pid <> pg_backend_pid()")
            if thief.execute("SELECT pg_try_advisory_lock(%s)", [lock]).fetchone() == (True,):
                break
        run = send(program, "while stolen")
        status = watched(program, seconds)
        named = "a thief" in json.dumps(ask(program, "status")["attention"])
    until(lambda: ended(program, run))
    return {
        "said": status,
        "named": named,
        "run": outcome(program, run),
        "then": well(program),
    }


def watched(program: str, seconds: float) -> list[str]:
    """Ask for the status for so long; lists the codes of what the daemon itself needed."""
    end, codes = time.monotonic() + seconds, set[str]()
    while time.monotonic() < end:
        report = ask(program, "status")
        codes |= {need["code"] for need in report["attention"] if need["kind"] == "daemon"}
        time.sleep(0.5)
    return sorted(codes)


def life(program: str) -> Any:
    """Tell which process and which session live, and how often systemd started it anew."""
    words = ["systemctl", "show", "--value", "--property=MainPID,NRestarts", "waremind"]
    shown = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    account = ask(program, "account", "show", "ops")["account"]
    return [shown, account["session"], account["status"]]


def send(program: str, text: str) -> str:
    """Have a text sent, and do not wait for it; returns the run."""
    words = ("send", "--account", "ops", "--to", "Ops", "--text", text, "--no-wait")
    return ask(program, *words)["run"]["id"]


def outcome(program: str, run: str) -> str:
    return ask(program, "run", "show", run)["run"]["status"]


def ended(program: str, run: str) -> bool:
    """Tell whether a run has ended; nobody knows while the database is away."""
    words = [program, "run", "show", run, "--json"]
    done = subprocess.run(words, check=False, capture_output=True)
    run_ = json.loads(done.stdout)["run"] if done.returncode == 0 else {"status": "sending"}
    return run_["status"] not in {"scheduled", "sending"}


def well(program: str) -> bool:
    """Wait until nothing needs a person."""
    until(lambda: ask(program, "status")["ok"])
    return True


def until(probe: Callable[[], object]) -> None:
    """Wait for what `probe` finds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not probe():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.2)


if __name__ == "__main__":
    main()
