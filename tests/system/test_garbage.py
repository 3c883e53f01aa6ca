"""While the daemon looks for garbage, everybody waits: it looks only at what has come since."""

import json
import subprocess
import sys
from pathlib import Path

from daemon_process import environment

# The daemon as the command line begins it, less what it does then.
BEGUN = """
import gc, json, sys, time
from waremind.daemon import main

def seconds():
    before = time.thread_time()
    gc.collect()
    return time.thread_time() - before

def run(*_, **__):
    gc.collect()
    as_it_is = seconds()
    gc.unfreeze()
    print(json.dumps([gc.isenabled(), as_it_is, seconds()]))
    return 0

main.run = run
from waremind.cli import main
sys.argv = ["waremind", "daemon"]
sys.exit(main())
"""


def test_a_look_for_garbage_costs_little_of_what_all_that_was_imported_would(
    tmp_path: Path,
) -> None:
    given = environment() | {"WAREMIND_STATE_DIR": str(tmp_path), "HOME": str(tmp_path)}
    command = [sys.executable, "-c", BEGUN]
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=True)
    is_looking, as_it_is, with_all = json.loads(done.stdout)
    assert is_looking
    assert 5 * as_it_is < with_all, (as_it_is, with_all)
