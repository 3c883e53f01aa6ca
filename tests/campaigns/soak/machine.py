"""What happens to the daemon as a whole: outages, reloads, freezes, clients without manners."""

from __future__ import annotations

import os
import random
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event

import psycopg
from daemon_process import until

from campaigns.soak.town import REFUSALS, Town
from waremind.requests.daemon import Doctor, FreezeSet, Status, Thaw
from waremind.store.lock import LOCK

Deed = Callable[[Town, random.Random, Event], None]

CROWD = 50
BAD_LINES = (
    b"{}\n",
    b"[]\n",
    b"no json\n",
    b"[" * 5000 + b"\n",
    b'{"jsonrpc": "2.0"}\n',
    b"x" * 99,
)
CONFIGURATIONS = (
    'log_level = "info"\n',
    'log_level = "debug"\n[delivery]\nkeep_days = 30\n',
    'log_level = "info"\n[sessions]\nwatch_seconds = 200\n',
    "log_level = 3\n",  # refused: all stays as it was
)
HOLDER = (
    b"SELECT pg_terminate_backend(pid) FROM pg_locks"
    b" WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()"
)
MUCH = b'{"jsonrpc": "2.0", "id": 1, "method": "run.list", "params": {"limit": 20}}\n'


def reload(town: Town, chance: random.Random, _evening: Event) -> None:
    """Change the configuration, and have it read."""
    configure(town, chance.choice(CONFIGURATIONS))
    town.daemon.process.send_signal(signal.SIGHUP)


def freeze(town: Town, chance: random.Random, evening: Event) -> None:
    """Freeze everything for a moment."""
    town.daemon.call(FreezeSet(reason="soak"))
    try:
        evening.wait(chance.uniform(0, 2))
    finally:
        town.daemon.call(Thaw(held=chance.choice(("skip", "once", "all"))))


def examine(town: Town, _chance: random.Random, _evening: Event) -> None:
    """Ask the doctor."""
    town.daemon.call(Doctor())


def talk_nonsense(town: Town, chance: random.Random, _evening: Event) -> None:
    """Say what is no request, and hang up without reading the answers."""
    with connected(town) as client:
        for line in chance.sample(BAD_LINES, 4):
            client.sendall(line)


def crowd_in(town: Town, chance: random.Random, evening: Event) -> None:
    """Connect and say nothing, many at once."""
    with ExitStack() as crowd:
        for _ in range(CROWD):
            crowd.enter_context(connected(town))
        evening.wait(chance.uniform(0, 1))


def read_nothing(town: Town, chance: random.Random, evening: Event) -> None:
    """Ask for much, and read none of it; so much that memory shows for good is tested elsewhere."""
    with connected(town) as client:
        for _ in range(20):
            client.sendall(MUCH)
        evening.wait(chance.uniform(0, 2))


def restart_postgres(town: Town, chance: random.Random, _evening: Event) -> None:
    """End PostgreSQL, by its own means or by the kernel's; the daemon starts it again."""
    for pid in postmasters(town):  # none, while one is just coming back
        os.kill(pid, chance.choice((signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)))


def steal_lock(town: Town, chance: random.Random, evening: Event) -> None:
    """Take the daemon's lock on its database, and hold it until status says so."""
    with psycopg.connect(town.dsn, autocommit=True, application_name="a thief") as thief:
        while thief.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone() != (True,):
            thief.execute(HOLDER)
        until(lambda: "lock_lost" in _daemons_needs(town), "status to tell that the lock is lost")
        evening.wait(chance.uniform(0, 2))


def _daemons_needs(town: Town) -> set[str]:
    needs = town.daemon.call(Status()).attention
    return {need.code for need in needs if need.kind == "daemon"}


def configure(town: Town, configuration: str) -> None:
    """Write the configuration that the daemon reads next."""
    file = town.daemon.directory / "config/waremind/config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(configuration)


@contextmanager
def connected(town: Town) -> Iterator[socket.socket]:
    """Connect to the daemon as a client that does not know how to talk to it."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(town.daemon.socket))
        yield client


def postmasters(town: Town) -> list[int]:
    """Find PostgreSQL's first process."""
    files = town.daemon.state.glob("postgres/**/postmaster.pid")
    return [int(file.read_text().split("\n", 1)[0]) for file in files]


# Each deed, and how often it is done; an outage comes now and then only. What else befalls a
# database is played in `make outages`.
DEEDS: tuple[tuple[Deed, int], ...] = (
    (reload, 20),
    (freeze, 10),
    (examine, 10),
    (talk_nonsense, 20),
    (crowd_in, 10),
    (read_nothing, 10),
    (restart_postgres, 1),
    (steal_lock, 1),
)


def happen(town: Town, seed: str, evening: Event) -> None:
    """Let one thing after the other happen until the evening."""
    chance = random.Random(seed)
    deeds, weights = zip(*DEEDS, strict=True)
    while not evening.wait(chance.uniform(0.5, 3)):
        [deed] = chance.choices(deeds, weights)
        try:
            deed(town, chance, evening)
        except (*REFUSALS, OSError) as refusal:
            town.count(f"refused {deed.__name__}: {type(refusal).__name__}")
        else:
            town.count(f"happened {deed.__name__}")
