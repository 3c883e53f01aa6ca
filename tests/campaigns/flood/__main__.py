"""`make flood`: one client asks for too much, and nobody else notices.

The daemon holds RUNS stored runs, one account sends a reminder each second, another one's session
crashes, and an operator looks all the time. Then somebody else, another Unix user, floods it, each
flood for SECONDS. While any one of them runs:

- the operator's `status` is answered within 250 ms (99 %);
- reminders reach WhatsApp at most 100 ms later than without (99 %);
- the daemon holds at most 200 MB, and gives back all but 20 MB of what it took within a minute;
- the session that crashed is opened again.

Beside each number stands what it was before there was admission, on a quiet machine of 2 cores.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing

from daemon_process import DaemonProcess, environment
from system.somebody import AS_NOBODY
from whatsapp_server.harness import PlayedWhatsApp

from campaigns.flood import table
from campaigns.flood.flooder import FLOODS
from campaigns.flood.postgres import postgres
from campaigns.flood.stage import Seen, Stage

RUNS, SECONDS = 100_000, 20.0
USUAL_FILES = 1024  # what a service or a shell may open, unless told otherwise
SETTINGS = {
    "WAREMIND_GOVERNOR__ENABLED": "false",
    "WAREMIND_DEFAULT_TZ": "UTC",
    "WAREMIND_SESSIONS__RETRY_FIRST_SECONDS": "0.2",
}


def flooding(name: str, stage: Stage) -> Iterator[None]:
    """Flood from the first step to the second."""
    command = [*AS_NOBODY, sys.executable, "-m", "campaigns.flood.flooder", name]
    process = subprocess.Popen(
        [*command, stage.daemon.socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield
    finally:
        told, _ = process.communicate()
        print(f"{name}: {told.decode().strip()}", flush=True)


def measure(stage: Stage, names: list[str], seconds: float) -> dict[str, Seen]:
    """Look at a quiet daemon, then at each flood."""
    seen = {table.QUIET: stage.watch(seconds)}
    table.show(table.QUIET, seen)
    for name in names:
        with closing(flooding(name, stage)) as flood:
            seen[name] = stage.watch(seconds, flood)
        table.show(name, seen)
    return seen


def main() -> int:
    """Flood as the command line says; 1 when somebody noticed."""
    parser = argparse.ArgumentParser(prog="python -m campaigns.flood", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--only", choices=FLOODS, nargs="*", default=list(FLOODS))
    parser.add_argument("--no-verdict", action="store_true", help="a missed bound is no failure")
    asked = parser.parse_args()
    if os.geteuid() != 0:
        print("nothing was measured: only root can be two Unix users")
        return 0
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (USUAL_FILES, hard))
    with ExitStack() as stack:
        dsn = stack.enter_context(postgres())
        whatsapp = stack.enter_context(PlayedWhatsApp(decrypt="one"))
        daemon = stack.enter_context(DaemonProcess(environment(whatsapp, dsn) | SETTINGS))
        stage = Stage(daemon, whatsapp, dsn)
        stage.prepare(asked.runs)
        seen = measure(stage, asked.only, asked.seconds)
    found = table.tell(seen)
    return 0 if asked.no_verdict else found


if __name__ == "__main__":
    sys.exit(main())
