"""What is tried again by itself, and when: the real engine, while minutes and hours pass."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from delivery.clockwork import ACCOUNT, START, Engine, engine, until
from fake_gateway import FakeSession

from waremind.daemon.accounts.account import Account
from waremind.domain.lifecycle import Cause, State
from waremind.settings import Sessions

SETTINGS = Sessions()
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# A takeover is answered within these; chance says when.
HALF_A_MINUTE = SETTINGS.retry_replaced_seconds, 2 * SETTINGS.retry_replaced_seconds
AN_HOUR = SETTINGS.retry_refused_seconds, SETTINGS.retry_refused_seconds

Play = Callable[["Later"], Coroutine[None, None, None]]


class Loop(asyncio.SelectorEventLoop):
    """A loop on which time can pass at once: what is due by then is done."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


class Later:
    """An engine on such a loop, and its only account."""

    def __init__(self, playing: Engine, loop: Loop, began_at: float) -> None:
        self.playing = playing
        self._loop = loop
        self._said_at = began_at

    @property
    def sessions(self) -> list[FakeSession]:
        """Every session that was opened, the newest last."""
        return self.playing.gateway.sessions

    @property
    def account(self) -> Account:
        return self.playing.daemon.accounts.get(ACCOUNT)

    @property
    def timer(self) -> asyncio.TimerHandle | None:
        """What runs until the account does something by itself."""
        timer = self.account.effects._timer
        return timer if timer and not timer.cancelled() else None

    async def says(self, cause: Cause, becomes: State) -> None:
        """Let WhatsApp say something to the open session."""
        self._said_at = self._loop.time()
        self.sessions[-1].turn(cause)
        await self.becomes(becomes)

    async def becomes(self, state: State) -> None:
        await self.until(lambda: self.account.row.state is state)

    async def is_tried_again(self, least: float, most: float) -> None:
        """Check that a login is due so many seconds after what was said; let them pass."""
        await self.until(lambda: self.timer)
        assert self.timer
        assert self.timer.when() - self._said_at >= least
        assert self.timer.when() - self._loop.time() <= most
        self.pass_(self.timer.when() - self._loop.time())
        await self.becomes(State.CONNECTED)

    async def needs_a_person(self) -> None:
        """Check that the next takeover is not answered at all."""
        await self.says(Cause.REPLACED, State.REPLACED_AGAIN)
        assert self.timer is None
        assert self.playing.gateway.live == []

    def pass_(self, seconds: float) -> None:
        """Let time pass, by the clock on the wall and by the loop's own."""
        self.playing.clock.pass_to(self.playing.clock.now() + timedelta(seconds=seconds))
        self._loop.ahead += seconds

    async def until(self, probe: Callable[[], object]) -> None:
        async def probed() -> object:
            return probe()

        await until(probed)


@pytest.fixture
def play(dsn: str, tmp_path: Path) -> Callable[..., None]:
    """Run a play on an engine that starts at a time; the next one goes on with its database."""

    def run(play: Play, now: datetime = START) -> None:
        async def main() -> None:
            began_at = loop.time()
            async with engine(dsn, tmp_path, now) as playing:
                await play(Later(playing, loop, began_at))

        with asyncio.Runner(loop_factory=Loop) as runner:
            loop = runner.get_loop()
            assert isinstance(loop, Loop)
            runner.run(main())

    return run


def test_a_takeover_is_answered_once_and_the_second_one_needs_a_person(
    play: Callable[..., None],
) -> None:
    async def replaced_twice(later: Later) -> None:
        await later.says(Cause.REPLACED, State.REPLACED)
        await later.is_tried_again(*HALF_A_MINUTE)
        await later.needs_a_person()
        assert len(later.sessions) == 2

    play(replaced_twice)


def test_a_takeover_is_remembered_across_a_restart(play: Callable[..., None]) -> None:
    async def replaced(later: Later) -> None:
        await later.says(Cause.REPLACED, State.REPLACED)

    async def goes_on(later: Later) -> None:
        assert later.sessions == []
        await later.is_tried_again(*HALF_A_MINUTE)
        await later.needs_a_person()

    async def still_needs_a_person(later: Later) -> None:
        assert later.account.row.state is State.REPLACED_AGAIN
        await later.playing.at_rest()
        assert (later.timer, later.sessions) == (None, [])

    play(replaced)
    play(goes_on, START + 10 * MINUTE)
    play(still_needs_a_person, START + HOUR)


def test_a_takeover_long_after_the_last_one_is_answered_again(play: Callable[..., None]) -> None:
    async def replaced_now_and_then(later: Later) -> None:
        for _ in range(3):
            await later.says(Cause.REPLACED, State.REPLACED)
            await later.is_tried_again(*HALF_A_MINUTE)
            later.pass_(HOUR.total_seconds())

    play(replaced_now_and_then)


def test_what_whatsapp_refuses_is_tried_once_an_hour(play: Callable[..., None]) -> None:
    async def refused(later: Later) -> None:
        for _ in range(3):
            await later.says(Cause.REFUSED, State.REFUSED)
            await later.is_tried_again(*AN_HOUR)
        assert len(later.sessions) == 4

    play(refused)


def test_what_ends_each_session_as_soon_as_it_is_connected_is_met_ever_more_slowly(
    play: Callable[..., None],
) -> None:
    async def poisoned(later: Later) -> None:
        for number in range(12):
            await later.says(Cause.ENDED, State.CRASHED)
            longest = min(SETTINGS.retry_max_seconds, SETTINGS.retry_first_seconds * 2**number)
            await later.is_tried_again(longest / 2, longest)

    play(poisoned)
