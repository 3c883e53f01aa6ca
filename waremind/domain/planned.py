"""An occurrence where a reminder's plan has put it: sent or not, and why it is where it is."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from waremind.domain.duration import format_duration
from waremind.domain.recurrence import Occurrence
from waremind.domain.wall_time import instant_of, is_ambiguous, wall_of

AT_ITS_TIME = timedelta()


class Fate(StrEnum):
    """What becomes of an occurrence, before anybody is late."""

    FIRES = "fires"
    EXCEPTED = "excepted"
    SKIPPED = "by_operator"
    DAY_OFF = "day_off"
    MERGED = "merged"
    QUIET = "quiet"


Outcome = Literal["missed", "skipped"]

# Of these a run is written, with this reason and outcome; the others are none of the plan's times.
RECORDED: dict[Fate, tuple[str, Outcome]] = {
    Fate.SKIPPED: ("by_operator", "skipped"),
    Fate.QUIET: ("quiet", "missed"),
}

# Sentences are made when somebody asks for them: most notes are never read.
SENTENCES = {
    "excepted": "{0:%Y-%m-%d %H:%M} is an exception",
    "skipped": "{0:%Y-%m-%d %H:%M} was skipped by an operator",
    "moved": "moved here by an operator from {0:%Y-%m-%d %H:%M}",
    "also": "added by an operator",
    "day_skipped": "{0:%Y-%m-%d %H:%M} falls on {1}: skipped",
    "day_before": "{0:%Y-%m-%d %H:%M} falls on {1}: the working day before it",
    "day_after": "{0:%Y-%m-%d %H:%M} falls on {1}: the working day after it",
    "day_lost": "{0:%Y-%m-%d %H:%M} falls on {1}, and no working day is within a year {2} it",
    "day_merged": "{0:%Y-%m-%d %H:%M} falls on {1}: on {2} there is one already",
    "calendar_ended": "calendar {0} ends on {1}: days off after it are not known",
    "lead": "{1} ahead of {0:%Y-%m-%d %H:%M}",
    "merged": "it stands for that of {0:%Y-%m-%d %H:%M} too",
    "lead_merged": "it stands for the one {1} ahead of {0:%Y-%m-%d %H:%M} too",
    "passed": "comes after that of {0:%Y-%m-%d %H:%M}, which it has let pass",
    "quiet": "held back by quiet hours {0}",
    "quiet_late": "in quiet hours {0}, late by {1} at their end: not sent (misfire {2})",
    "apart": "right after those that were held back",
    "gap": "{0:%Y-%m-%d %H:%M} does not exist in {1}: the clock goes forward by {2}",
    "fold": "{0:%Y-%m-%d %H:%M} comes twice in {1}: this is the {2}",
}


class Note(NamedTuple):
    """Why an occurrence is where it is: its kind for scripts, one of SENTENCES for people."""

    kind: str
    values: tuple[datetime | date | timedelta | str, ...] = ()

    @property
    def text(self) -> str:
        """The sentence."""
        shown = (format_duration(v) if isinstance(v, timedelta) else v for v in self.values)
        return SENTENCES[self.kind].format(*shown)


def clock_note(asked: datetime, at: datetime, zone: ZoneInfo) -> Note | None:
    """Explain a local time that does not exist, or comes twice, and the instant it stands for."""
    shown = wall_of(at, zone)
    if shown != asked:
        return Note("gap", (asked, zone.key, shown - asked))
    if is_ambiguous(asked, zone):
        which = "first" if at == instant_of(asked.replace(fold=0), zone) else "second"
        return Note("fold", (asked, zone.key, which))
    return None


class Position(NamedTuple):
    """All that has to be stored of a planned occurrence to go on from it.

    `at` is the instant, in UTC, at which it leaves, or is judged. `nominal` is its own time, naive
    and local, by which it is named (RFC 5545's RECURRENCE-ID). `ordinal` is the place, from 1, of
    the last occurrence of a rule with COUNT up to it; `number` says how many that count came before
    it; each is 0 where nobody counts. `lead` says how long it comes ahead of its occurrence.
    """

    at: datetime
    nominal: datetime
    ordinal: int = 0
    number: int = 0
    lead: timedelta = AT_ITS_TIME


class Planned(NamedTuple):
    """A planned occurrence, or a message ahead of one.

    `own_at` is when its rule has it, `announces` when the plan has it, and `meant_at` is `lead`
    before that: only quiet hours lie between `meant_at` and `at`. All are in UTC.
    """

    at: datetime
    nominal: datetime
    own_at: datetime
    announces: datetime
    meant_at: datetime
    ordinal: int = 0
    number: int = 0
    lead: timedelta = AT_ITS_TIME
    fate: Fate = Fate.FIRES
    # An operator has named its time: days off leave it there.
    is_fixed: bool = False
    notes: tuple[Note, ...] = ()

    @classmethod
    def of(cls, occurrence: Occurrence) -> "Planned":
        """Plan an occurrence where its rule has it."""
        at, nominal, ordinal = occurrence
        return cls(at, nominal, at, at, at, ordinal)

    @property
    def fires(self) -> bool:
        """Whether a message is sent."""
        return self.fate is Fate.FIRES

    @property
    def is_movable(self) -> bool:
        """Whether days off may move it."""
        return self.fate is Fate.FIRES and not self.is_fixed

    @property
    def position(self) -> Position:
        """What is stored of it."""
        return Position(self.at, self.nominal, self.ordinal, self.number, self.lead)

    def counted(self, number: int) -> "Planned":
        """Give it the number of those before it."""
        return Planned(*self[:6], number, *self[7:])  # at half of what `_replace` costs

    def ahead(self, lead: timedelta, at: datetime, zone: ZoneInfo) -> "Planned":
        """Make the message that leaves so long ahead of it, at an instant."""
        kept = (self.nominal, self.own_at, self.announces)
        note = Note("lead", (self.at.astimezone(zone), lead))
        return Planned(at, *kept, at, *self[5:7], lead, *self[8:10], (note, *self.notes))

    def placed(self, at: datetime, *notes: Note) -> "Planned":
        """Put it at another instant, and say why."""
        return self._replace(at=at, announces=at, meant_at=at, notes=self.notes + notes)

    def merged(self) -> "Planned":
        """Let it not fire: one that leaves at the same instant stands for it, and says so."""
        if not self.lead:
            return self.dropped(Fate.MERGED, Note("merged", (self.nominal,)))
        lead, *others = self.notes
        return self._replace(notes=tuple(others)).dropped(
            Fate.MERGED, Note("lead_merged", lead.values)
        )

    def dropped(self, fate: Fate, note: Note) -> "Planned":
        """Let it not fire, and say why."""
        return Planned(*self[:8], fate, self.is_fixed, (*self.notes, note))
