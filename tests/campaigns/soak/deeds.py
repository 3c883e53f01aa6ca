"""What happens to one account, by chance: a table of deeds, each with how often it is done."""

from __future__ import annotations

import random
from collections.abc import Callable
from threading import Event

from campaigns.soak import ending, others, sending
from campaigns.soak.town import REFUSALS, Resident
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import AccountRename

Deed = Callable[[Resident, random.Random], None]

# A list whose database goes away in its middle has no end.
BROKEN_OFF = "broke off its answer"
PAUSE_SECONDS = 0.4  # between two deeds, at most


def rename(one: Resident, _chance: random.Random) -> None:
    """Give it another label, and its own again."""
    one.call(AccountRename(account=one.label, label=f"{one.label} renamed"))
    one.call(AccountRename(account=f"{one.label} renamed", label=one.label))


# Each deed, how often it is done, and whether it leaves the session alone.
DEEDS: tuple[tuple[Deed, int, bool], ...] = (
    (sending.remind, 30, True),
    (sending.remind_each_minute, 2, True),
    (sending.send, 12, True),
    (sending.send_twice, 3, True),
    (sending.send_and_hang_up, 6, True),
    (sending.edit, 4, True),
    (sending.pause, 3, True),
    (sending.run_now, 3, True),
    (sending.forget, 3, True),
    (sending.freeze, 2, True),
    (sending.look, 6, True),
    (sending.preview, 2, True),
    (others.read, 12, True),
    (others.change_group, 3, True),
    (rename, 1, True),
    (others.put_out, 2, False),
    (ending.cut, 4, False),
    (ending.end_stream, 3, False),
    (ending.crash, 2, False),
    (ending.reconnect, 2, False),
    (ending.restrict, 1, False),
    (ending.ban, 1, False),
    (ending.unpair, 3, False),
    (ending.unlink, 2, False),
    (ending.pair_by_code, 1, False),
    (ending.pair_in_vain, 1, False),
    (ending.replace, 2, False),
)


def live(one: Resident, seed: str, evening: Event) -> None:
    """Do one deed after the other until the evening; what is refused is counted."""
    chance = random.Random(seed)
    able = [(deed, often) for deed, often, gentle in DEEDS if gentle or not one.is_quiet]
    deeds, weights = zip(*able, strict=True)
    while not evening.wait(chance.uniform(0, PAUSE_SECONDS)):
        if one.rests and chance.random() < 0.5:
            _do(one, wake, chance)
        else:
            _do(one, *chance.choices(deeds, weights), chance)


def wake(one: Resident, _chance: random.Random) -> None:
    """Pair an account that rests."""
    one.pair()


def _do(one: Resident, deed: Deed, chance: random.Random) -> None:
    try:
        deed(one, chance)
    except REFUSALS as refusal:
        _note(one, deed, refusal)
    else:
        one.town.count(f"deed {deed.__name__}")


def _note(one: Resident, deed: Deed, refusal: Exception) -> None:
    """Count a refusal; that the daemon is at fault or away is none."""
    code = refusal.code if isinstance(refusal, WaremindError) else type(refusal).__name__
    one.town.count(f"refused {deed.__name__}: {code}")
    at_fault = code in {ErrorCode.INTERNAL, ErrorCode.DAEMON_UNREACHABLE, ErrorCode.INVALID_INPUT}
    if at_fault and BROKEN_OFF not in str(refusal):
        one.town.fault(f"{deed.__name__} of {one.label}: {refusal}")
