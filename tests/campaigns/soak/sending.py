"""What an operator has an account send, and looks at."""

from __future__ import annotations

import random
import time

from campaigns.soak.town import Resident, Word
from waremind.requests.daemon import AuditList, FreezeSet, Thaw
from waremind.requests.group import GroupList
from waremind.requests.reminder import (
    ReminderDelete,
    ReminderEdit,
    ReminderList,
    ReminderNext,
    ReminderPause,
    ReminderResume,
)
from waremind.requests.run import ReminderRun, RunList


def remind(one: Resident, chance: random.Random) -> None:
    """Add reminders that are due in a moment."""
    for _ in range(chance.randint(1, 5)):
        one.remind(one.some(chance), chance.uniform(1, 3), mention_all=chance.random() < 0.2)


def remind_each_minute(one: Resident, chance: random.Random) -> None:
    """Add a reminder with a rule; it goes on until the evening."""
    start = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 2))
    one.remind(one.some(chance), 0, rrule="FREQ=MINUTELY", start=start, misfire="all")


def send(one: Resident, chance: random.Random) -> None:
    """Send a message, and wait for it."""
    one.call(one.sending(one.some(chance)))


def send_twice(one: Resident, chance: random.Random) -> None:
    """Send a message whose key is asked for again: it is not sent again."""
    request = one.sending(one.some(chance))
    first, second = one.call(request), one.call(request)
    assert (first.run and first.run.id) == (second.run and second.run.id)
    assert not second.changed


def send_and_hang_up(one: Resident, chance: random.Random) -> None:
    """Ask, and go away without waiting for the answer."""
    asking = one.town.daemon.tell(one.sending(one.some(chance)))
    time.sleep(chance.uniform(0, 0.1))
    asking.close()


def edit(one: Resident, chance: random.Random) -> None:
    """Change the text of a reminder shortly before it is due; phones show one or the other."""
    word = one.remind(to := one.some(chance), chance.uniform(1, 2))
    time.sleep(chance.uniform(0, 1.5))
    other = one.said(Word(one.text(), word.account, word.reminder, to))
    one.call(ReminderEdit(reminder=word.reminder or "", text=other.text))


def pause(one: Resident, chance: random.Random) -> None:
    """Pause a reminder around its time, and resume it."""
    word = one.remind(one.some(chance), chance.uniform(1, 2))
    one.call(ReminderPause(reminder=word.reminder or ""))
    time.sleep(chance.uniform(0, 2))
    one.call(ReminderResume(reminder=word.reminder or ""))


def run_now(one: Resident, chance: random.Random) -> None:
    """Fire a reminder beside its rule."""
    word = one.remind(one.some(chance), 86_400)
    one.call(ReminderRun(reminder=word.reminder or ""))


def forget(one: Resident, chance: random.Random) -> None:
    """Delete a reminder that was never due."""
    word = one.remind(one.some(chance), 86_400)
    one.call(ReminderDelete(reminder=word.reminder or ""))


def freeze(one: Resident, chance: random.Random) -> None:
    """Freeze the account under due reminders, and thaw it."""
    one.remind(one.some(chance), 1)
    one.call(FreezeSet(account=one.label, reason="soak"))
    try:
        time.sleep(chance.uniform(0, 2))
    finally:
        one.call(Thaw(account=one.label, held=chance.choice(("skip", "once", "all"))))


# What it looks at.


def look(one: Resident, _chance: random.Random) -> None:
    """List what there is."""
    one.call(RunList(account=one.label, since="1h"))
    one.call(ReminderList(account=one.label))
    one.call(GroupList(account=one.label))
    one.call(AuditList())


def preview(one: Resident, chance: random.Random) -> None:
    """Ask when a rule would fire."""
    rule = chance.choice(("FREQ=DAILY", "FREQ=MINUTELY;INTERVAL=15", "FREQ=MONTHLY;BYDAY=-1FR"))
    one.call(ReminderNext(rrule=rule, start="2026-01-01T09:00", tz="Europe/Berlin", count=20))
