"""What a session has freed goes back to the machine, also from between what it still uses."""

import subprocess
import sys

BLOCKS = """
import os, resource
from pathlib import Path
from waremind.whatsapp.allocator import give_back_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

blocks = [os.urandom(100_000) for _ in range(400)]
kept = blocks[::20]
del blocks
before = resident()
give_back_memory()
print(before - resident())
"""


def test_freed_memory_goes_back_from_between_what_is_in_use() -> None:
    given_back = subprocess.check_output([sys.executable, "-c", BLOCKS], text=True)
    assert int(given_back) > 30_000_000
