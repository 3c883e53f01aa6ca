"""One account: its inbox, and the only writer of its row.

Commands, reports and signals are handled one after the other: write first, then act. The handler
never awaits the network: what takes time runs beside it and comes back as a message.
"""

import asyncio
import logging
from collections import deque
from dataclasses import replace
from datetime import datetime

from waremind.daemon.accounts import refusals
from waremind.daemon.accounts.effects import Effects, Transition
from waremind.daemon.accounts.environment import AccountEnvironment, SideReport
from waremind.daemon.accounts.inbox import (
    FLOOD,
    Claimed,
    Command,
    CommandResult,
    Inbox,
    Keys,
    LetGo,
    Message,
    PairingOptions,
    Rename,
    Restricted,
    Signal,
    Unheard,
)
from waremind.daemon.accounts.progress import ProgressFeed
from waremind.daemon.accounts.row_writer import MovedOnError, Occasion, write_row
from waremind.daemon.accounts.transitions import (
    cause_of,
    expected_phone,
    identity_of,
    next_row,
    with_phone_seen,
)
from waremind.daemon.system.logs import event
from waremind.daemon.system.tasks import settle
from waremind.domain.lifecycle import MEANINGS, Cause, Effect, State, Step, step
from waremind.domain.refusals import refusal
from waremind.errors import WaremindError
from waremind.store import accounts as table
from waremind.store.accounts import AccountRow, Belongings
from waremind.store.database import is_unavailable
from waremind.whatsapp.reports import AnyReport, Code, LifeReport, PhoneSeen

log = logging.getLogger(__name__)

# How often a report that PostgreSQL could not take is offered again.
OFFER_AGAIN_SECONDS = 1.0

# Whoever goes on after us has to have the keys by then.
KEYS_KEPT_AT = frozenset({State.LINKED, State.CONNECTED})

# A session that is put out so soon after its account was another node's: by that one's last.
TAKEN_LATELY_SECONDS = 120.0

AccountReport = Signal | Restricted | Unheard | AnyReport


def _age(row: AccountRow) -> tuple[int, datetime]:
    return row.session, row.state_since


def is_another(stored: AccountRow, row: AccountRow) -> bool:
    """Tell whether what is stored of an account is not the row that we hold."""
    return (_age(stored), stored.label) != (_age(row), row.label)


class Account:
    """The actor that owns one account."""

    def __init__(
        self, row: AccountRow, environment: AccountEnvironment, *, taken: bool = False
    ) -> None:
        self.row = row
        self.code: Code | None = None
        self.progress = ProgressFeed()
        self.effects = Effects(self, environment, self.post)
        self._environment = environment
        self._failures = environment.runtime.failures
        self._work = f"write what account {row.id} reports"
        self._inbox = Inbox()
        self._is_ours = True
        self._kept: deque[AccountReport] = deque()
        self._pairing = PairingOptions()
        self._monotonic = asyncio.get_running_loop().time
        self._pairing_until = 0.0
        self._taken_until = self._monotonic() + TAKEN_LATELY_SECONDS if taken else 0.0

    def post(self, message: Message) -> None:
        """Put something into the inbox; a session that floods it is ended, as if it had crashed."""
        if isinstance(message, SideReport) and len(self._inbox) >= FLOOD:
            return
        self._inbox.post(message)
        if len(self._inbox) == FLOOD:
            event(log, "flooded", logging.ERROR, account=self.row.label, session=self.row.session)
            self.effects.break_off()

    async def command(self, command: Command | Rename) -> CommandResult:
        """Ask, and wait until it is written.

        Raises WaremindError `conflict` and its kin, `not_found` or `database_unavailable`.
        """
        if self.is_over:
            raise self._gone()
        self.post(command)
        return await command.done

    def signal(self, cause: Cause) -> None:
        """Say something on the daemon's own behalf, about the account as it is now."""
        self.post(Signal(cause, self.row.session, self.row.state))

    @property
    def is_live(self) -> bool:
        """Whether a session is open, or about to be."""
        return MEANINGS[self.row.state].live

    async def run(self) -> None:
        """Handle the inbox until the account is deleted, or another daemon's."""
        while not self.is_over:
            message = await self._inbox.next(OFFER_AGAIN_SECONDS if self._kept else None)
            await self._offer_kept()
            match message:
                case None:
                    pass
                case Command() | Rename():
                    await settle(message.done, self._done(message), account=self.row.label)
                case Claimed() | LetGo():
                    self._hear_of_owner(message)
                case _ if self._kept:  # nothing overtakes what is kept
                    self._kept.append(message)
                case _:
                    await self._handle_report(message)
        self._failures.clear(self._work)
        if self._is_ours:
            self._environment.changes.account_deleted(self.row.id)
        for message in self._inbox.rest():
            if isinstance(message, Command | Rename) and not message.done.done():
                message.done.set_exception(self._gone())

    @property
    def is_over(self) -> bool:
        """Whether it is deleted, or another daemon's."""
        return self.row.state is State.DELETED or not self._is_ours

    def _gone(self) -> WaremindError:
        return refusals.deleted(self.row.label) if self._is_ours else refusals.taken(self.row.label)

    async def _offer_kept(self) -> None:
        """Offer the reports that PostgreSQL could not take, in their order."""
        while self._kept:
            if not await self._handle_report(self._kept[0], keep=False):
                return
            self._kept.popleft()

    # -- commands

    async def _done(self, message: Command | Rename) -> CommandResult:
        try:
            return await self._do(message)
        except MovedOnError:
            await self._adopt()
            return await self._do(message)

    async def _do(self, message: Command | Rename) -> CommandResult:
        if self.is_over:
            raise self._gone()
        if isinstance(message, Rename):
            return await self._rename(message)
        return await self._command(message)

    async def _command(self, command: Command) -> CommandResult:
        to = step(self.row.state, command.cause)
        if to is None:
            raise refusal(command.cause, self.row.state, self.row.label)
        if command.device not in {None, self.row.device}:
            raise refusals.paired_anew(self.row.label)
        if command.keys and self._is_ending():
            raise refusals.still_ending(self.row.label)
        changes = to != (self.row.state, ())
        if command.check or not changes:
            gone = await self._would_go(to)
        elif command.keys:
            gone = await self._import(to, command, command.keys)
        else:
            gone = await self._transition(to, command.cause, command=command)
        return CommandResult(self.row, changes, gone, self.effects.ending, self.effects.syncing)

    def _is_ending(self) -> bool:
        return self.effects.ending is not None and not self.effects.ending.done()

    async def _import(self, to: Step, command: Command, keys: Keys) -> Belongings | None:
        """Put keys in place, then take the step that names them; without it they go again."""
        try:
            device = self.row.session + to.fences
            await asyncio.to_thread(self.effects.put_keys, device, keys)
            return await self._transition(to, command.cause, command=command)
        except OSError as error:
            raise refusals.not_imported(self.row.label, error) from None
        finally:
            await asyncio.to_thread(self.effects.sweep)

    async def _would_go(self, to: Step) -> Belongings | None:
        if to.state is not State.DELETED:
            return None
        async with self._environment.database.connection() as connection:
            return await table.belongings(connection, self.row.id)

    async def _rename(self, rename: Rename) -> CommandResult:
        changes = rename.label != self.row.label
        if changes and not rename.check:
            row = replace(self.row, label=rename.label)
            before = {"before": self.row.label}
            await self._write(row, Occasion("account.rename", rename.operator, before))
            self.row = row
        return CommandResult(self.row, changes)

    # -- reports and signals

    async def _handle_report(self, message: AccountReport, *, keep: bool = True) -> bool:
        """Handle what is not late; False when PostgreSQL could not take it: then it is kept."""
        try:
            if message.session == self.row.session and not self.is_over:
                await self._retry_if_fenced(message)
        except Exception as error:  # noqa: BLE001 - one bad report can never end the account
            if is_unavailable(error):
                self._failures.note(self._work, error)
                if keep:
                    self._kept.append(message)
                return False
            about = {"account": self.row.label, "reason": repr(error)}
            event(log, "cannot write", logging.ERROR, **about)
        self._failures.clear(self._work)
        return True

    async def _retry_if_fenced(self, message: AccountReport) -> None:
        try:
            await self._dispatch(message)
        except MovedOnError:
            await self._adopt()

    async def _dispatch(self, message: AccountReport) -> None:
        match message:
            case Signal():
                if message.state == self.row.state:
                    await self._step(message.cause)
            case LifeReport():
                expected = expected_phone(self._pairing, self.row)
                cause = cause_of(message, self.row, expected, self._environment.now())
                if cause is Cause.REPLACED and self._monotonic() < self._taken_until:
                    cause = Cause.CONNECT_FAILED  # tried again soon, and no case for a person
                await self._step(cause, message)
            case Restricted():
                await self._amend(replace(self.row, restricted_until=message.until))
            case PhoneSeen():
                await self._amend(with_phone_seen(self.row, message.at))
            case Unheard():
                await self._look_again()
            case Code():
                self.code = message
                self.progress.publish(message)
            case _:
                await self._environment.sink.hear(self.row, message, self.effects.session)

    async def _step(self, cause: Cause, report: LifeReport | None = None) -> None:
        if to := step(self.row.state, cause):
            await self._transition(to, cause, report=report)

    async def _amend(self, row: AccountRow) -> None:
        """Write what a report changes beside the life cycle, if it does."""
        if row != (before := self.row):
            await self._write(row, Occasion())
            self.row = row
            self._environment.changes.account_changed(before, row)

    # -- a step: write, then act

    async def _transition(
        self,
        to: Step,
        cause: Cause,
        report: LifeReport | None = None,
        command: Command | None = None,
    ) -> Belongings | None:
        """Take a step; returns what went with a deleted account."""
        keys, now = command.keys if command else None, self._environment.now()
        news = keys.identity if keys else report
        before, row = self.row, next_row(self.row, to, cause, now, news)
        if row.state in KEYS_KEPT_AT:
            await self.effects.keep_keys(row)
        operator = command.operator if command else None
        detail = command.detail if command else {}
        identity = identity_of(news)
        device = identity.device if identity else None
        gone = await self._write(row, Occasion(f"account.{cause}", operator, detail, device))
        self.row = row
        if row.state is not State.PAIRING or row.session != before.session:
            self.code = None
        event(
            log,
            "transition",
            account=row.label,
            session=row.session,
            cause=cause,
            before=before.state,
            after=row.state,
        )
        if command and command.options:
            self._pairing = command.options
            self._pairing_until = self._monotonic() + command.options.timeout_seconds
        self._act(before, cause, to.effects)
        self._environment.changes.account_changed(before, row)
        self.progress.publish(row)
        return gone

    def _act(self, before: AccountRow, cause: Cause, effects: tuple[Effect, ...]) -> None:
        left = self._pairing_until - self._monotonic()
        self.effects.act(Transition(before, self.row, cause, self._pairing, left), effects)

    async def _write(self, row: AccountRow, occasion: Occasion) -> Belongings | None:
        return await write_row(self._environment, self.row, row, occasion)

    async def _look_again(self) -> None:
        """Go on from what is stored, if that is more than another label."""
        stored = await self._stored()
        if stored and self._is_stored_here(stored) and _age(stored) == _age(self.row):
            before, self.row = self.row, replace(self.row, label=stored.label)
            self._environment.changes.account_changed(before, self.row)
        else:
            self._go_on_from_stored(stored)

    async def _adopt(self) -> None:
        """Go on from what is stored, as after a restart.

        A write may have been done although PostgreSQL was gone before it could say so.
        """
        self._go_on_from_stored(await self._stored())

    async def _stored(self) -> AccountRow | None:
        async with self._environment.database.connection() as connection:
            return await table.select(connection, self.row.id)

    def _go_on_from_stored(self, stored: AccountRow | None) -> None:
        if stored and not self._is_stored_here(stored):
            self._let_go()
        else:
            self._go_on_from(stored)

    def _is_stored_here(self, stored: AccountRow) -> bool:
        return stored.node_id == self._environment.runtime.membership.node

    def _hear_of_owner(self, message: Claimed | LetGo) -> None:
        if isinstance(message, LetGo):
            self._let_go(logging.INFO if message.given else logging.WARNING)
        elif _age(message.row) > _age(self.row):
            self._go_on_from(message.row)

    def _let_go(self, level: int = logging.WARNING) -> None:
        """End the session of an account that is ours no longer: another node says how it goes on.

        Its row says nothing of this end, and its keys stay.
        """
        event(log, "let go", level, account=self.row.label, session=self.row.session)
        self._is_ours = False
        self._act(self.row, Cause.ENDED, (Effect.END,))
        self._environment.changes.account_let_go(self.row.id)
        self.progress.publish(self.row)

    def _go_on_from(self, stored: AccountRow | None) -> None:
        """Go on from a row that is not our doing; None: the account is deleted."""
        event(log, "adopted", logging.WARNING, account=self.row.label, session=self.row.session)
        before, self.row = self.row, stored or replace(self.row, state=State.DELETED, device=None)
        end = Effect.END if stored else Effect.FORGET
        self._act(before, Cause.STARTED, (end,))
        self.signal(Cause.STARTED)
        self.progress.publish(self.row)
