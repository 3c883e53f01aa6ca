"""Kills the daemon while accounts are paired, unpaired, deleted and moved; looks what is left.

`PYTHONPATH=tests python -m campaigns.account_kills --rounds 100 [--seed 7]` is the long campaign. A
round that fails names its seed; what chance decides besides that is when the threads run.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import random
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

from accounts.stage import Stage, stage
from daemon_process import DaemonProcess, environment, until
from msgspec import UNSET
from whatsapp_server.harness import PlayedWhatsApp, PlayedWhatsAppError

from waremind.errors import WaremindError
from waremind.objects import Account
from waremind.requests.account import AccountDelete, AccountExport, AccountImport, AccountList

LONGEST_SECONDS = 0.8  # what is done takes about as long as that


def pair(there: Stage) -> None:
    there.pair()


def unpair(there: Stage) -> None:
    there.daemon.unpair(there.label)


def delete(there: Stage) -> None:
    there.daemon.call(AccountDelete(account=there.label))


def pair_again(there: Stage) -> None:
    unpair(there)
    pair(there)


HANDED_OUT: dict[str, bytes] = {}
"""The keys that were given away, by the account's label."""


def move_there_and_back(there: Stage) -> None:
    """Give the keys away, as `account export --move` does, and take them over again."""
    with there.daemon.client() as client:
        given = client.call(AccountExport(account=there.label, move=True))
        assert given.store is not UNSET
        HANDED_OUT[there.label] = given.store
        client.call(AccountExport(account=there.label, move=True, arrived=given.device))
    take_back(there)


def take_back(there: Stage) -> Account:
    image = HANDED_OUT[there.label]
    digest = hashlib.sha256(image).hexdigest()
    with there.daemon.client() as client:
        client.upload(io.BytesIO(image), digest, len(image))
        return client.call(AccountImport(account=there.label, store=digest)).account


# Each deed, and whether the account is connected before it.
DEEDS: tuple[tuple[Callable[[Stage], None], bool], ...] = (
    (pair, False),
    (unpair, True),
    (delete, True),
    (pair_again, True),
    (delete, False),
    (move_there_and_back, True),
)


def round_(daemon: DaemonProcess, whatsapp: PlayedWhatsApp, seed: int) -> Counter[str]:
    """Do every deed at once, kill the daemon meanwhile, start it, and look.

    Returns how many accounts ended in which status.
    """
    chance = random.Random(seed)
    deeds = {stage(daemon, whatsapp): deed for deed in DEEDS}
    for there, (_, connected) in deeds.items():
        if connected:
            there.pair()
    kill_amid([lambda t=t, d=d: d(t) for t, (d, _) in deeds.items()], daemon, chance)
    until(lambda: not daemon.processes(), "children, fork server and postgres to be gone", 5)
    daemon.start()
    ends = Counter(settled(there) for there in deeds)
    whatsapp.wait_pairings(0)
    [moved] = [there for there, (deed, _) in deeds.items() if deed is move_there_and_back]
    if moved.account.status == "unpaired":  # then the keys are elsewhere, and the phone lists them
        assert take_back(moved).status == "connected"
    HANDED_OUT.clear()
    for there in deeds:
        daemon.call(AccountDelete(account=there.label, missing_ok=True))
    assert not list((daemon.state / "sessions").iterdir())
    return ends


def kill_amid(
    deeds: list[Callable[[], None]], daemon: DaemonProcess, chance: random.Random
) -> None:
    """Begin all deeds at once, and kill the daemon some time later."""
    start, seconds = Barrier(len(deeds) + 1), chance.uniform(0, LONGEST_SECONDS)

    def do(deed: Callable[[], None]) -> None:
        start.wait()
        with suppress(WaremindError, PlayedWhatsAppError, OSError):
            deed()

    with ThreadPoolExecutor(len(deeds)) as threads:
        done = [threads.submit(do, deed) for deed in deeds]
        start.wait()
        with suppress(TimeoutError):
            until(
                lambda: all(each.done() for each in done), "what is done before the kill", seconds
            )
        daemon.kill()


def settled(there: Stage) -> str:
    """Wait until the account has a lasting state, and look at its files; returns the status."""
    accounts = {each.label: each for each in there.daemon.call(AccountList(all=True)).accounts}
    if there.label not in accounts:
        return "deleted"
    account = until(
        lambda: a if (a := there.account).status in {"connected", "unpaired"} else None,
        f"{there.label} to settle (it is {there.account})",
    )
    directories = 1 if account.status == "connected" else 0
    until(lambda: len(there.files) == directories, f"the files of {account} to be as they should")
    return account.status


def main(arguments: list[str]) -> None:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    ends = Counter[str]()
    with PlayedWhatsApp() as whatsapp, DaemonProcess(environment(whatsapp)) as daemon:
        for seed in range(asked.seed, asked.seed + asked.rounds):
            sys.stderr.write(f"\rseed {seed}: {dict(ends)}")
            ends += round_(daemon, whatsapp, seed)
    sys.stdout.write(f"{asked.rounds} kills, {ends.total()} accounts ended {dict(ends)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
