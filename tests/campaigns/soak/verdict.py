"""Every occurrence exactly once: a day's runs against what the phones saw, and who is where."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from whatsapp_server.records import Message

from campaigns.soak.town import Resident, Town, Word
from waremind.objects import Run
from waremind.requests.account import AccountList
from waremind.requests.reminder import ReminderDelete, ReminderList
from waremind.requests.run import RunList, RunResolve

TERMINAL = {"sent", "unknown", "failed", "missed", "skipped"}
Place = tuple[str, str]
"""What was said, a reminder or one message, and the group it was said to."""


@dataclass(frozen=True)
class Day:
    """All that was to be said on a day, what the daemon says of it, and what phones saw.

    Of what is `lost` (and whether it repeats) nobody was told that it was added, and it is gone:
    with its account.
    """

    words: Sequence[Word]
    runs: Sequence[tuple[Word, Run]]
    shown: Sequence[Message]
    lost: Mapping[str, bool] = field(default_factory=dict[str, bool])

    @property
    def statuses(self) -> dict[Place, Counter[str]]:
        """Count the deliveries of each place by how they ended."""
        found: defaultdict[Place, Counter[str]] = defaultdict(Counter)
        for word, run in self.runs:
            for delivery in run.deliveries:
                found[topic(word), delivery.group.jid][delivery.status] += 1
        return found


def topic(word: Word) -> str:
    """Name what a word belongs to: an edited reminder has several."""
    return word.reminder or word.text


def judge(town: Town, seen_before: int) -> Counter[str]:
    """Judge the day that has ended; returns how its deliveries ended."""
    for reminder in town.daemon.call(ReminderList()).reminders:
        for one in town.residents:
            if reminder.name in one.doubtful:
                one.learn(reminder)
    words = [word for one in town.residents for word in one.words]
    runs = [found for one in town.residents for found in _said(one)]
    messages = town.whatsapp.messages(seen_before)
    lost = {name: repeats for one in town.residents for name, repeats in one.doubtful.items()}
    day = Day(words, runs, [message for message in messages if message.refused is None], lost)
    there = {account.id for account in town.daemon.call(AccountList(all=True)).accounts}
    for fault in (
        *unfinished(day),
        *miscounted(day, there),
        *mistaken(day),
        *absent(town, day),
    ):
        town.fault(fault)
    return sum(day.statuses.values(), Counter[str]())


def _said(one: Resident) -> Iterator[tuple[Word, Run]]:
    """Find the runs of all that an account was to say, since it was added."""
    account, dawn = one.account.id, one.town.dawn.isoformat(timespec="seconds")
    words = [word for word in one.words if word.account == account]
    by_reminder = {word.reminder: word for word in words if word.reminder}
    for run in one.call(RunList(account=one.label, since=dawn, limit=0)).runs:
        if run.reminder_id in by_reminder:
            yield by_reminder[run.reminder_id], run
    for word in words:
        # What was never heard, because who asked hung up too soon, is sent now.
        if word.reminder is None and (run := one.call(one.sending_of(word)).run):
            yield word, run


def unfinished(day: Day) -> Iterator[str]:
    """Say which deliveries have not ended, and which occurrences have two runs."""
    for place, statuses in day.statuses.items():
        if not set(statuses) <= TERMINAL:
            yield f"{place} has not ended: {dict(statuses)}"
    occurrences = Counter((topic(word), run.occurs_at) for word, run in day.runs)
    yield from (f"{each} has {number} runs" for each, number in occurrences.items() if number > 1)


def miscounted(day: Day, there: set[str]) -> Iterator[str]:
    """Say what phones saw more or less often than the runs say."""
    topics = {word.text: topic(word) for word in day.words}
    gone = day.lost.keys() | {topic(word) for word in day.words if word.account not in there}
    rules = {topic(word) for word in day.words if word.repeats}
    rules |= {name for name, repeats in day.lost.items() if repeats}
    shown = Counter((topics.get(message.text, message.text), message.to) for message in day.shown)
    for place in {*shown, *day.statuses}:
        ends = day.statuses.get(place, Counter())
        least, most = ends["sent"], ends["sent"] + ends["unknown"]
        if place[0] in gone:  # its runs went with its account
            most = shown[place] if place[0] in rules else 1
        if not least <= shown[place] <= most:
            yield f"{place} was seen {shown[place]} times, and is said to be {dict(ends)}"


def mistaken(day: Day) -> Iterator[str]:
    """Say which messages that are called sent no phone has seen, or whose ids are not unique."""
    seen = {message.id for message in day.shown}
    ids = Counter(d.message_id for _, run in day.runs for d in run.deliveries if d.status == "sent")
    yield from (f"message {each} is nobody's" for each in ids if each not in seen)
    yield from (
        f"{number} deliveries name message {each}" for each, number in ids.items() if number > 1
    )


def absent(town: Town, day: Day) -> Iterator[str]:
    """Say which reminders have finished without a run for their time."""
    times = {(word.reminder, run.occurs_at) for word, run in day.runs}
    for reminder in town.daemon.call(ReminderList(state="finished")).reminders:
        if (reminder.id, reminder.at) not in times:
            yield f"{reminder.name} has finished, and has no run for {reminder.at}"


def forget(town: Town) -> None:
    """Say how the unknown ended, and delete the day's reminders, their runs with them."""
    for run in town.daemon.call(RunList(status="unknown", limit=0)).runs:
        town.daemon.call(RunResolve(run=run.id, outcome="sent"))
    for reminder in town.daemon.call(ReminderList()).reminders:
        town.daemon.call(ReminderDelete(reminder=reminder.id))
    for one in town.residents:
        one.words.clear()
        one.doubtful.clear()
