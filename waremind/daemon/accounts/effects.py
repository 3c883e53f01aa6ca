"""What an account does after a step is written: sessions, timers, the groups."""

import asyncio
from collections.abc import Callable

from waremind.daemon.accounts.environment import AccountEnvironment
from waremind.daemon.accounts.inbox import PairingOptions, Signal
from waremind.daemon.accounts.sessions import LOG_OUT_SECONDS, UNHURRIED_SECONDS, Sessions
from waremind.daemon.accounts.transitions import patience_seconds, retry_seconds
from waremind.daemon.system.tasks import spawn
from waremind.domain.lifecycle import COMMANDS, MEANINGS, Cause, Effect, State
from waremind.domain.refusals import refusal
from waremind.store.accounts import AccountRow
from waremind.whatsapp.gateway import Pairing, Session
from waremind.whatsapp.reports import AnyReport

# What the daemon does by itself waits for a slot; what an operator asks for does not.
_GATED = frozenset({Cause.STARTED, Cause.RETRY_DUE})


class Effects:
    """Carries out the effects of one account's steps; `post` is its inbox."""

    def __init__(
        self,
        row: AccountRow,
        environment: AccountEnvironment,
        post: Callable[[Signal | AnyReport], None],
    ) -> None:
        self.options = PairingOptions()
        self.ending: asyncio.Future[bool] | None = None
        self.syncing: asyncio.Future[bool] | None = None
        self.row = row
        self._environment = environment
        self._post = post
        self._sessions = Sessions(row.id, environment.place, post, self)
        self._timer: asyncio.TimerHandle | None = None
        self._pairing_until = 0.0
        self._loop = asyncio.get_running_loop()

    @property
    def session(self) -> Session | None:
        """The open session."""
        return self._sessions.current

    @property
    def label(self) -> str:
        """The account's label."""
        return self.row.label

    def keeps(self) -> set[int]:
        """Name the directories that must stay: the device's keys, and a pairing under way."""
        row = self.row
        if row.state is State.PAIRING:
            return {row.session}
        return {row.device} if row.device and row.state is not State.UNPAIRING else set()

    @property
    def is_live(self) -> bool:
        """Whether a session is open, or about to be."""
        return MEANINGS[self.row.state].live

    def act(
        self, before: AccountRow, row: AccountRow, cause: Cause, what: tuple[Effect, ...]
    ) -> None:
        """Do what the step from `before` to `row` asks for."""
        self.row = row
        if self._timer and (row.state != before.state or Effect.RETRY in what):
            self._timer.cancel()
        for effect in what:
            self._DO[effect](self, before, cause)

    def break_off(self) -> None:
        """End the open session as a crash ends it: the table says how it goes on."""
        if self.session:
            self._environment.tasks.create_task(self.session.end())

    def allow(self, options: PairingOptions) -> None:
        """Take the options of a pairing that begins now."""
        self.options = options
        self._pairing_until = self._loop.time() + options.timeout_seconds

    def expected_phone(self) -> str | None:
        """Say which phone alone may pair; None: any."""
        return self.options.expect or (None if self.options.new_number else self.row.phone)

    # -- one method an effect

    def _forget(self, before: AccountRow, _cause: Cause) -> None:
        self._end(before, forget=True)

    def _log_out(self, before: AccountRow, cause: Cause) -> None:
        seconds = LOG_OUT_SECONDS if cause in COMMANDS else UNHURRIED_SECONDS
        self._end(before, log_out_seconds=seconds, forget=True)
        if self.ending and self.row.state is State.UNPAIRING:
            cleaned = Signal(Cause.CLEANED, self.row.session, State.UNPAIRING)
            self.ending.add_done_callback(lambda _: self._post(cleaned))

    def _end_session(self, before: AccountRow, _cause: Cause) -> None:
        self._end(before)

    def _open(self, before: AccountRow, cause: Cause) -> None:
        if MEANINGS[before.state].live:
            self._end(before)
        device = self.row.device or self.row.session
        self._sessions.open(self.row.session, device, None, gated=cause in _GATED)

    def _open_to_pair(self, _before: AccountRow, _cause: Cause) -> None:
        number = self.row.session
        self._sessions.open(number, number, Pairing(self.options.phone), gated=False)

    def _watch(self, _before: AccountRow, _cause: Cause) -> None:
        left = self._pairing_until - self._loop.time()
        seconds = patience_seconds(self.row.state, self._environment.settings.sessions, left)
        self._signal_after(seconds, Cause.OVERDUE)

    def _retry(self, _before: AccountRow, _cause: Cause) -> None:
        settings, chance = self._environment.settings.sessions, self._environment.chance()
        seconds = retry_seconds(self.row, settings, self._environment.now(), chance)
        self._signal_after(seconds, Cause.RETRY_DUE)

    def _sync(self, _before: AccountRow, cause: Cause) -> None:
        forced = cause is Cause.SYNC
        self.syncing = spawn(self._environment.tasks, self._synced(forced=forced))

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

    async def _synced(self, *, forced: bool) -> bool:
        """Fetch and store the groups."""
        row, session = self.row, await self._sessions.opened()
        if session is None:
            raise refusal(Cause.SYNC, State.STARTING, row.label)
        return await self._environment.sink.sync(row, session, forced=forced)

    # -- timers

    def _signal_after(self, seconds: float, cause: Cause) -> None:
        if self._timer:
            self._timer.cancel()
        signal = Signal(cause, self.row.session, self.row.state)
        self._timer = self._loop.call_later(max(0.0, seconds), self._post, signal)
