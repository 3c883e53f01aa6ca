"""What an account does after a step is written: sessions, timers, the groups."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from waremind.daemon.accounts.environment import AccountEnvironment
from waremind.daemon.accounts.inbox import Keys, PairingOptions, Signal
from waremind.daemon.accounts.sessions import LOG_OUT_SECONDS, UNHURRIED_SECONDS, Owner, Sessions
from waremind.daemon.accounts.transitions import patience_seconds, retry_seconds
from waremind.daemon.system.tasks import spawn
from waremind.domain.lifecycle import COMMANDS, MEANINGS, Cause, Effect, State
from waremind.domain.refusals import refusal
from waremind.store.accounts import AccountRow
from waremind.whatsapp.gateway import Pairing, Session
from waremind.whatsapp.reports import AnyReport

# What the daemon does by itself waits for a slot; what an operator asks for does not.
_GATED = frozenset({Cause.STARTED, Cause.RETRY_DUE})


@dataclass(frozen=True, slots=True)
class Transition:
    """A written step of the life cycle: the row before it and after it, and what caused it.

    `pairing` is what the operator allows a pairing to be, `pairing_left` its seconds that are left.
    """

    before: AccountRow
    row: AccountRow
    cause: Cause
    pairing: PairingOptions
    pairing_left: float


class Effects:
    """Carries out the effects of the transitions of one account, `owner`; `post` is its inbox."""

    def __init__(
        self,
        owner: Owner,
        environment: AccountEnvironment,
        post: Callable[[Signal | AnyReport], None],
    ) -> None:
        self.ending: asyncio.Future[bool] | None = None
        self.syncing: asyncio.Future[bool] | None = None
        self._environment = environment
        self._owner = owner
        self._post = post
        self._sessions = Sessions(owner, environment.place, post)
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def session(self) -> Session | None:
        """The open session."""
        return self._sessions.current

    def act(self, transition: Transition, effects: tuple[Effect, ...]) -> None:
        """Do what a transition asks for."""
        has_moved = transition.row.state != transition.before.state
        if self._timer and (has_moved or Effect.RETRY in effects):
            self._timer.cancel()
        for effect in effects:
            self._DO[effect](self, transition)

    async def keep_keys(self, row: AccountRow) -> None:
        """Keep the keys of a device that is linked, or has connected, before its row says so."""
        if row.device:
            await self._sessions.keep_keys(row.device, row.session)

    async def ended(self) -> None:
        """Wait until the end of a session is over that is under way."""
        if self.ending:
            await asyncio.wait([self.ending])

    def break_off(self) -> None:
        """End the open session as a crash ends it: the table says how it goes on."""
        if self.session:
            self._environment.tasks.create_task(self.session.end())

    def put_keys(self, device: int, keys: Keys) -> None:
        """Put imported keys in place, before a step names them. Raises OSError."""
        self._environment.place.put_keys(self._owner.row.id, device, keys.image)

    def sweep(self) -> None:
        """Remove the keys that the row does not name."""
        self._sessions.sweep()

    # -- one method an effect

    def _forget(self, transition: Transition) -> None:
        self._end(transition.before, forget=True)

    def _log_out(self, transition: Transition) -> None:
        row = transition.row
        seconds = LOG_OUT_SECONDS if transition.cause in COMMANDS else UNHURRIED_SECONDS
        self._end(transition.before, log_out_seconds=seconds, forget=True)
        if self.ending and row.state is State.UNPAIRING:
            cleaned = Signal(Cause.CLEANED, row.session, State.UNPAIRING)
            self.ending.add_done_callback(lambda _: self._post(cleaned))

    def _end_session(self, transition: Transition) -> None:
        self._end(transition.before)

    def _open(self, transition: Transition) -> None:
        before, row = transition.before, transition.row
        if MEANINGS[before.state].live:
            self._end(before)
        gated = transition.cause in _GATED
        self._sessions.open(row.session, row.device or row.session, None, gated=gated)

    def _open_to_pair(self, transition: Transition) -> None:
        number = transition.row.session
        self._sessions.open(number, number, Pairing(transition.pairing.phone), gated=False)

    def _watch(self, transition: Transition) -> None:
        row, left = transition.row, transition.pairing_left
        seconds = patience_seconds(row.state, self._environment.settings.sessions, left)
        self._signal_after(seconds, Cause.OVERDUE, row)

    def _retry(self, transition: Transition) -> None:
        settings, chance = self._environment.settings.sessions, self._environment.chance()
        seconds = retry_seconds(transition.row, settings, self._environment.now(), chance)
        self._signal_after(seconds, Cause.RETRY_DUE, transition.row)

    def _sync(self, transition: Transition) -> None:
        synced = self._synced(transition.row, forced=transition.cause is Cause.SYNC)
        self.syncing = spawn(self._environment.tasks, synced)

    _DO = {  # noqa: RUF012 - a table that nobody writes
        Effect.FORGET: _forget,
        Effect.LOG_OUT: _log_out,
        Effect.END: _end_session,
        Effect.OPEN: _open,
        Effect.OPEN_TO_PAIR: _open_to_pair,
        Effect.WATCH: _watch,
        Effect.RETRY: _retry,
        Effect.SYNC: _sync,
    }

    # -- sessions

    def _end(
        self, before: AccountRow, *, log_out_seconds: float = 0.0, forget: bool = False
    ) -> None:
        self.ending = self._sessions.end(
            device=before.device, log_out_seconds=log_out_seconds, forget=forget
        )

    async def _synced(self, row: AccountRow, *, forced: bool) -> bool:
        """Fetch and store the groups."""
        session = await self._sessions.opened()
        if session is None:
            raise refusal(Cause.SYNC, State.STARTING, row.label)
        return await self._environment.sink.sync(row, session, forced=forced)

    # -- timers

    def _signal_after(self, seconds: float, cause: Cause, row: AccountRow) -> None:
        if self._timer:
            self._timer.cancel()
        signal = Signal(cause, row.session, row.state)
        self._timer = self._loop.call_later(max(0.0, seconds), self._post, signal)
