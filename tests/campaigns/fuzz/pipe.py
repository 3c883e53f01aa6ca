"""What a child that has lost its mind says to its parent."""

from __future__ import annotations

from collections import Counter
from random import Random

from campaigns.fuzz.stage import VICTIM, Stage, refusable
from daemon_process import until
from whatsapp import sabotage

from waremind.requests.account import AccountReconnect, AccountSync
from waremind.requests.reminder import ReminderAdd
from waremind.requests.run import Send

MOODS = ("rubbish", "late", "odd", "liar")
CONNECTED = ("late", "liar")  # what they say does not keep them from it


def round_(stage: Stage, chance: Random) -> Counter[str]:
    """Open a session of the victim whose child is in one of these moods, then bring it back."""
    mood = chance.choice(MOODS)
    directory, session = stage.victim_directory, stage.victim.session + 1
    told = directory / "told"
    sabotage.harm(
        directory,
        f"from campaigns.fuzz import mad_child\n"
        f"mad_child.be({mood!r}, {session}, {chance.randrange(1 << 32)})\n",
    )
    refusable(lambda: stage.daemon.call(AccountReconnect(account=VICTIM)))
    until(told.exists, f"a child that is {mood} to have spoken", 20)
    if mood in CONNECTED:
        until(lambda: stage.victim.status == "connected", f"a child that is {mood} to connect")
    counts = Counter({f"children: {mood}": 1})
    for what, became in _asked_meanwhile(stage, chance):
        counts[f"{what} meanwhile: {became}"] += 1
    counts["lines said"] = len(told.read_bytes().split(b"\n"))
    (directory / sabotage.HARM).unlink(missing_ok=True)
    told.unlink(missing_ok=True)
    assert stage.victim.label == VICTIM
    stage.recover()
    stage.sweep()
    return counts


def _asked_meanwhile(stage: Stage, chance: Random) -> list[tuple[str, str]]:
    """Ask of the victim what its child has to do."""
    to, text = [stage.victim_group], f"bad {chance.random()}"
    send = Send(account=VICTIM, to=to, text=text, timeout_seconds=0.3)
    remind = ReminderAdd(name=text, account=VICTIM, to=to, text=text, at="2031-12-01T09:00")
    return [
        ("send", refusable(lambda: stage.daemon.call(send))),
        ("reminder", refusable(lambda: stage.daemon.call(remind))),
        ("sync", refusable(lambda: stage.daemon.call(AccountSync(account=VICTIM)))),
    ]
