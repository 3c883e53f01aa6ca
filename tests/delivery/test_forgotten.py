"""A deleted account stays in nobody's memory."""

from __future__ import annotations

import gc
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from delivery.clockwork import ACCOUNT, NOBODY, START, engine, until

from waremind.daemon.api.handlers import account as accounts
from waremind.requests.account import AccountDelete
from waremind.whatsapp.reports import Receipt, SendRefused

pytestmark = pytest.mark.anyio

MINUTE = timedelta(minutes=1)
HELD = "SELECT 1 FROM deliveries WHERE status = 'held'"
SENT = "SELECT 1 FROM deliveries WHERE status = 'sent'"
FROZEN = "SELECT 1 FROM freezes"


def keyed() -> dict[int, dict[str, Any]]:
    """Find by their ids the mappings that hold something of an account of this name."""
    gc.collect()
    mappings = (each for each in gc.get_objects() if isinstance(each, dict))
    return {id(each): each for each in mappings if ACCOUNT in each}


async def test_what_is_kept_of_an_account_goes_with_it(dsn: str, tmp_path: Path) -> None:
    others = keyed()  # of another test's engine; kept, so that no new one gets the id of one
    async with engine(dsn, tmp_path, governor={"enabled": True}) as playing:
        await playing.add("sent", at="2026-03-02T08:01:00")
        await playing.add("refused", at="2026-03-02T08:10:00")
        playing.clock.pass_to(START + MINUTE)
        await playing.wait_for(SENT)
        (session,) = playing.gateway.sessions
        stranger = Receipt(
            session=session.number,
            message_ids=("3EB0",),
            participant="1@lid",
            kind="read",
            at=START,
        )
        session.say(stranger)
        playing.gateway.whatsapp.answer = lambda _: SendRefused(463, "too fast")
        playing.clock.pass_to(START + 10 * MINUTE)
        await playing.wait_for(HELD)
        await playing.freeze("ops")
        assert keyed().keys() - others.keys()
        await accounts.delete(playing.daemon, NOBODY, AccountDelete(account="ops"))
        await until(lambda: is_forgotten(others))


async def is_forgotten(others: dict[int, dict[str, Any]]) -> bool:
    return not keyed().keys() - others.keys()
