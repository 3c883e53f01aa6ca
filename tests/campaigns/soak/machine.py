"""What happens to the daemon as a whole: outages, reloads, freezes, clients without manners."""

from __future__ import annotations

import os
import random
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from threading import Event

import psycopg

from campaigns.database import postmasters
from campaigns.outages.faults import STOLEN, Fault, possible
from campaigns.outages.yours import Yours
from campaigns.soak.town import REFUSALS, Town
from waremind.requests.daemon import Doctor, FreezeSet, Thaw

Deed = Callable[[Town, random.Random, Event], None]
Outages = Mapping[str, Deed]
"""What happens to the database, by name."""

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
    for pid in postmasters(town.database):  # none, while one is just coming back
        os.kill(pid, chance.choice((signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)))


def outage(fault: Fault) -> Deed:
    """Make a deed of what can happen to the database: until status tells it, and a moment more."""

    def befall(town: Town, chance: random.Random, evening: Event) -> None:
        try:
            with fault.told(town.database, town.daemon):
                evening.wait(chance.uniform(0, 2))
        except TimeoutError as error:
            town.fault(str(error))

    return befall


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


# Each deed, and how often it is done for each outage; one of those comes now and then only.
DEEDS: tuple[tuple[Deed, int], ...] = (
    (reload, 10),
    (freeze, 5),
    (examine, 5),
    (talk_nonsense, 10),
    (crowd_in, 5),
    (read_nothing, 5),
)


def of_embedded() -> Outages:
    """List what can happen to a server that the daemon runs for itself."""
    return {restart_postgres.__name__: restart_postgres, STOLEN.name: outage(STOLEN)}


def of_yours(yours: Yours) -> Outages:
    """List what can happen to a server of yours."""
    return {fault.name: outage(fault) for fault in possible(yours)}


def happen(town: Town, outages: Outages, seed: str, evening: Event) -> None:
    """Let one thing after the other happen until the evening."""
    chance = random.Random(seed)
    often = {deed.__name__: (deed, weight) for deed, weight in DEEDS}
    often |= {name: (deed, 1) for name, deed in outages.items()}
    while not evening.wait(chance.uniform(0.5, 3)):
        [name] = chance.choices(list(often), [weight for _, weight in often.values()])
        try:
            often[name][0](town, chance, evening)
        except (*REFUSALS, OSError, psycopg.OperationalError) as refusal:
            town.count(f"refused {name}: {type(refusal).__name__}")
        else:
            town.count(f"happened {name}")
