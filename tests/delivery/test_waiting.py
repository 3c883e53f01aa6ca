"""Who waits for a run hears at once how it stands, whatever holds it or ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from delivery.clockwork import (
    NOBODY,
    ONE_A_MINUTE,
    PATIENCE_SECONDS,
    START,
    Engine,
    engine,
    until,
)

from waremind.daemon.api.handlers import account as accounts
from waremind.daemon.api.handlers import run as runs
from waremind.objects import Run
from waremind.requests.account import AccountUnpair
from waremind.requests.run import Send
from waremind.whatsapp.reports import SendRefused

pytestmark = pytest.mark.anyio

GROUPS = ["1@g.us", "2@g.us"]
SLOW = {"governor": {"enabled": True, **ONE_A_MINUTE["governor"]}}


async def send(playing: Engine) -> Run:
    """Send to two groups, and wait for the end."""
    request = Send(account="ops", to=GROUPS, text="now", timeout_seconds=PATIENCE_SECONDS)
    run = (await runs.send(playing.daemon, NOBODY, request)).run
    assert run is not None
    return run


async def a_freeze(playing: Engine) -> None:
    await playing.freeze()


async def a_freeze_of_the_account(playing: Engine) -> None:
    await playing.freeze("ops")


async def an_unpairing(playing: Engine) -> None:
    await accounts.unpair(playing.daemon, NOBODY, AccountUnpair(account="ops"))


async def a_long_suspend(playing: Engine) -> None:
    playing.clock.set(START + timedelta(days=1))


async def a_breaker(playing: Engine) -> None:
    playing.gateway.whatsapp.answer = lambda _: SendRefused(463, "too fast")
    playing.clock.pass_to(START + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (a_freeze, "frozen"),
        (a_freeze_of_the_account, "frozen"),
        (an_unpairing, "unpaired"),
        (a_breaker, "restricted"),
        (a_long_suspend, "late"),
    ],
)
async def test_what_holds_a_run_between_two_of_its_messages_ends_the_wait(
    dsn: str, tmp_path: Path, what: Callable[[Engine], Awaitable[None]], reason: str
) -> None:
    async with engine(dsn, tmp_path, **SLOW) as playing:
        sending = asyncio.create_task(send(playing))
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'sent'")
        await until(lambda: is_at_rest(playing))
        await what(playing)
        assert {one.reason for one in (await sending).deliveries} == {None, reason}


async def is_at_rest(playing: Engine) -> bool:
    """Tell whether the account waits for its pace to let the next message leave."""
    return playing.clock.sleepers[START + timedelta(minutes=1)] > 0
