"""One account as hypothesis plays it: sessions that speak late, twice and after their death.

What the daemon would do is done to a model of the world (sessions, directories, timers); what must
always hold is checked after every step. The table is a parameter, so that a broken one can be
shown to be caught.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from waremind.daemon.accounts.transitions import cause_of, next_row
from waremind.domain.lifecycle import (
    COMMANDS,
    MEANINGS,
    REPORTS,
    RETRYING,
    TABLE,
    Cause,
    Effect,
    State,
    Step,
)
from waremind.store.accounts import AccountRow
from waremind.whatsapp.reports import Identity, LifeReport

Table = Mapping[tuple[State, Cause], Step]

EPOCH = datetime(2026, 12, 1, tzinfo=UTC)
PHONES = ("+628111", "+628222")
SAID = sorted(REPORTS - {Cause.PAIRED_OTHER, Cause.REPLACED_AGAIN})  # those two are our own reading
ASKED = [
    *[Cause.PAIR] * 3,
    *[Cause.PAIR_FRESH, Cause.UNPAIR] * 2,
    Cause.RECONNECT,
    Cause.SYNC,
]
WANTS = {Cause.PAIR: True, Cause.PAIR_FRESH: True, Cause.UNPAIR: False}
HANDED_OVER = {Cause.IMPORT: True, Cause.EXPORT: False}
ENDS = {Effect.END, Effect.FORGET, Effect.LOG_OUT}
# After these WhatsApp no longer lists the device, whatever we do.
DROPPED = {Cause.LOGGED_OUT, Cause.BANNED}
LONG_LIFE = 5  # sessions: a life that is deleted earlier has not seen much
TIMERS = {Effect.WATCH: Cause.OVERDUE, Effect.RETRY: Cause.RETRY_DUE}


def new_account(state: State = State.NEW, **fields: Any) -> AccountRow:
    """Make the row of an account, as it is at EPOCH."""
    return AccountRow(
        id="acc_0123456789ab",
        label="ops",
        state=state,
        created_at=EPOCH,
        status_since=EPOCH,
        state_since=EPOCH,
        **fields,
    )


class Timer(NamedTuple):
    """A signal to come; it means nothing once session or state have moved on."""

    cause: Cause
    session: int
    state: State


@dataclass
class World:
    """What is there besides the row."""

    alive: set[int] = field(default_factory=set)
    directories: set[int] = field(default_factory=set)
    listed: set[int] = field(default_factory=set)  # our devices, on phones
    timer: Timer | None = None

    def act(self, before: AccountRow, row: AccountRow, effects: tuple[Effect, ...]) -> None:
        if row.state != before.state or Effect.RETRY in effects:
            self.timer = None
        for effect in effects:
            if effect in ENDS or (effect is Effect.OPEN and MEANINGS[before.state].live):
                self.alive.clear()
                assert row.session > before.session, "an ended session would still be heard"
            if effect in {Effect.FORGET, Effect.LOG_OUT}:
                self.sweep(row)
            if effect is Effect.LOG_OUT:
                self.listed.clear()
            if effect in {Effect.OPEN, Effect.OPEN_TO_PAIR}:
                assert row.session > before.session, "two sessions would have one number"
                self.alive.add(row.session)
                self.directories.add(row.device or row.session)
            if effect in TIMERS:
                self.timer = Timer(TIMERS[effect], row.session, row.state)

    def sweep(self, row: AccountRow) -> None:
        kept = row.session if row.state is State.PAIRING else row.device
        self.directories &= {kept} if kept and row.state is not State.UNPAIRING else set()


class LifecycleMachine(RuleBasedStateMachine):
    """Plays operator, WhatsApp, clock and daemon against one account."""

    table: ClassVar[Table] = TABLE

    def __init__(self) -> None:
        super().__init__()
        self.row = new_account()
        self.world = World()
        self.now = EPOCH
        self.wanted = False  # the operator's last word: paired
        self.opened: list[int] = []  # every session there ever was
        self.armed: list[Timer] = []  # every timer there ever was

    def turn(self, cause: Cause, report: LifeReport | None = None) -> bool:
        to = self.table.get((self.row.state, cause))
        if to is None or (cause in COMMANDS and to == (self.row.state, ())):
            return to is not None
        before, self.row = self.row, next_row(self.row, to, cause, self.now, report)
        assert self.row.session >= before.session
        if cause in {Cause.PAIRED, Cause.PAIRED_OTHER}:
            self.world.listed.add(before.session)
        if cause is Cause.IMPORT:  # its keys are put in place before
            self.world.directories.add(self.row.device or 0)
            self.world.listed.add(self.row.device or 0)
        if cause in {*DROPPED, Cause.EXPORT}:  # or it is another program's from now on
            self.world.listed.clear()
        self.world.act(before, self.row, to.effects)
        self.opened += self.world.alive
        self.armed += [self.world.timer] if self.world.timer else []
        if self.row.state is State.UNPAIRING:
            self.armed.append(Timer(Cause.CLEANED, self.row.session, State.UNPAIRING))
        return True

    # The operator.

    @initialize(connected=st.booleans())
    def begin(self, *, connected: bool) -> None:
        """Half of the lives begin where it becomes interesting."""
        for cause in (Cause.PAIRED, Cause.CONNECTED) if connected else ():
            self.command(Cause.PAIR)
            self.speak(cause, PHONES[0])

    @rule(cause=st.sampled_from(ASKED))
    def command(self, cause: Cause) -> None:
        obeyed = self.turn(cause)
        if cause in WANTS:
            assert obeyed
            self.wanted = WANTS[cause]

    @rule(cause=st.sampled_from(sorted(HANDED_OVER)))
    def hand_over(self, cause: Cause) -> None:
        """Bring keys from another program, or give them away, where the table allows it."""
        if self.turn(cause):
            self.wanted = HANDED_OVER[cause]

    @precondition(lambda self: self.row.session >= LONG_LIFE)
    @rule()
    def delete_and_add_again(self) -> None:
        assert self.turn(Cause.DELETE)
        assert self.row.state is State.DELETED
        assert self.world == World()
        self.__init__()

    # The sessions: the open one as it should, and any that ever was may say anything.

    @precondition(lambda self: self.row.state is State.PAIRING)
    @rule(phone=st.sampled_from(PHONES))
    def scan(self, phone: str) -> None:
        self.speak(Cause.PAIRED, phone)

    @precondition(lambda self: self.world.alive)
    @rule(cause=st.sampled_from([Cause.CONNECTED, Cause.CONNECTED, Cause.LOGGED_OUT, Cause.ENDED]))
    def speak(self, cause: Cause, phone: str = PHONES[0]) -> None:
        if cause is Cause.ENDED:
            self.world.alive.clear()
        self.hear(LifeReport(session=self.row.session, cause=cause, identity=identity(phone)))

    @precondition(lambda self: self.opened)
    @rule(data=st.data(), cause=st.sampled_from(SAID), phone=st.sampled_from(PHONES))
    def say(self, data: st.DataObject, cause: Cause, phone: str) -> None:
        session = data.draw(st.sampled_from([self.opened[-1], *self.opened]))
        if cause is Cause.ENDED:
            self.world.alive.discard(session)
        self.hear(LifeReport(session=session, cause=cause, identity=identity(phone)))

    def hear(self, report: LifeReport) -> None:
        before = self.row
        if report.session == self.row.session:
            self.turn(cause_of(report, self.row, self.row.phone, self.now), report)
        else:
            assert self.row == before

    # The daemon and the clock.

    @precondition(lambda self: self.armed)
    @rule(data=st.data())
    def signal(self, data: st.DataObject) -> None:
        timer = data.draw(st.sampled_from([self.armed[-1], *self.armed]))
        if timer[1:] == (self.row.session, self.row.state):
            self.turn(timer.cause)

    @rule(killed=st.booleans())
    def restart(self, *, killed: bool) -> None:
        if not killed:
            self.turn(Cause.STOPPING)
        directories = self.world.directories & {self.row.device}
        self.world = World(directories=directories, listed=self.world.listed)
        self.opened += [self.row.session]  # a dead child's last words may still be on their way
        self.turn(Cause.STARTED)

    @rule(minutes=st.integers(0, 90))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    # What always holds.

    @invariant()
    def unpaired_means_unpaired(self) -> None:
        if not self.wanted:
            assert MEANINGS[self.row.state].status == "unpaired"
            assert self.world == World()

    @invariant()
    def the_open_session_is_the_row_s(self) -> None:
        assert self.world.alive == ({self.row.session} if MEANINGS[self.row.state].live else set())

    @invariant()
    def the_row_has_keys_exactly_as_its_state_says(self) -> None:
        device = self.row.device
        assert (device is not None) == MEANINGS[self.row.state].device
        assert device is None or 1 <= device <= self.row.session

    @invariant()
    def the_files_are_the_row_s(self) -> None:
        pairing = {self.row.session} if self.row.state is State.PAIRING else set()
        device = {self.row.device} - {None} if self.row.state is not State.UNPAIRING else set()
        assert self.world.directories == pairing | device

    @invariant()
    def phones_list_the_row_s_device_and_no_other(self) -> None:
        device = {self.row.device} - {None} if self.row.state is not State.UNPAIRING else set()
        assert self.world.listed == device

    @invariant()
    def whatever_waits_has_a_timer(self) -> None:
        session, state = self.row.session, self.row.state
        if state in RETRYING:
            assert self.world.timer == Timer(Cause.RETRY_DUE, session, state)
        elif MEANINGS[state].live and state is not State.CONNECTED:
            assert self.world.timer == Timer(Cause.OVERDUE, session, state)
        else:
            assert self.world.timer is None


def identity(phone: str) -> Identity:
    return Identity(jid=f"{phone[1:]}@s.whatsapp.net", phone=phone)
