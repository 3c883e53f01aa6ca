"""What ends connections and sessions: WhatsApp, a phone, an operator, a crash."""

from __future__ import annotations

import random
import signal
import time

from campaigns.soak.sending import remind
from campaigns.soak.town import Resident
from waremind.requests.account import (
    AccountAdd,
    AccountDelete,
    AccountReconnect,
    AccountSync,
)


def cut(one: Resident, chance: random.Random) -> None:
    """Cut the connection under due reminders."""
    remind(one, chance)
    time.sleep(chance.uniform(0, 3))
    one.town.whatsapp.drop(one.phone)


def end_stream(one: Resident, chance: random.Random) -> None:
    """Let WhatsApp end the connection."""
    one.town.whatsapp.end_stream(one.phone, chance.choice(("503", "515")))


def crash(one: Resident, chance: random.Random) -> None:
    """Kill the child while acks are late, so that outcomes are unknown."""
    with one.treated(ack_delay=0.5):
        remind(one, chance)
        time.sleep(chance.uniform(0, 3))
        account = one.account
        if account.status == "connected":
            one.town.daemon.signal_child(account.id, signal.SIGKILL)
    one.wait("connected")


def reconnect(one: Resident, _chance: random.Random) -> None:
    """Open the next session."""
    one.call(AccountReconnect(account=one.label))
    one.wait("connected")


def restrict(one: Resident, chance: random.Random) -> None:
    """Refuse its messages by a rate rule, which trips the breaker."""
    with one.treated(ack_error=463):
        remind(one, chance)
        time.sleep(chance.uniform(1, 3))


def ban(one: Resident, _chance: random.Random) -> None:
    """Ban it for a second."""
    try:
        one.town.whatsapp.ban(one.phone, expire_seconds=1)
        one.wait("banned")
    finally:
        one.town.whatsapp.admit(one.phone)
    one.wait("connected")


def unpair(one: Resident, chance: random.Random) -> None:
    """Unpair it under due reminders; it rests for a while, or until the evening."""
    remind(one, chance)
    time.sleep(chance.uniform(0, 2))
    one.unpair()
    if chance.random() < 0.7:
        time.sleep(chance.uniform(0, 2))
        one.pair()


def unlink(one: Resident, _chance: random.Random) -> None:
    """Remove the device on the phone, and pair again."""
    one.town.whatsapp.unlink(one.phone)
    one.wait("unpaired")
    one.pair()


def pair_by_code(one: Resident, _chance: random.Random) -> None:
    """Unpair it, and pair it by a code that is typed into the phone."""
    one.unpair()
    one.rests = False
    with one.town.daemon.pairing(one.label, phone=one.phone) as pairing:
        one.town.whatsapp.enter_code(pairing.code(), one.phone)
        pairing.connected()
    one.call(AccountSync(account=one.label))


def pair_in_vain(one: Resident, chance: random.Random) -> None:
    """Unpair it, then show QRs to people who hang up; the last pairing is called off."""
    one.unpair()
    one.rests = False
    for _ in range(chance.randint(1, 4)):
        with one.town.daemon.pairing(one.label) as pairing:
            pairing.qr()
    one.unpair()


def replace(one: Resident, chance: random.Random) -> None:
    """Delete it, with all that belongs to it, and add it anew."""
    remind(one, chance)
    time.sleep(chance.uniform(0, 2))
    one.call(AccountDelete(account=one.label))
    one.call(AccountAdd(label=one.label))
    one.rests = True
    one.pair()
