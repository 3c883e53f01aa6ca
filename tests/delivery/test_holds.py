"""What is held for more than one reason, and what is tried again: hours of it, in a moment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from delivery.clockwork import START, Engine, engine

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.gateway import Message
from waremind.whatsapp.reports import Outcome, SendRefused

pytestmark = pytest.mark.anyio

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SOON = {"at": "2026-03-02T08:01:00", "misfire": "once"}
HELD = "SELECT 1 FROM deliveries WHERE status = 'held' AND reason = '{}'"


async def restrict(playing: Engine) -> None:
    """Let WhatsApp refuse one message, so that the breaker opens for an hour."""
    answer = playing.gateway.whatsapp.answer

    def refuse(_: Message) -> Outcome:
        playing.gateway.whatsapp.answer = answer
        return SendRefused(463, "server returned error 463")

    playing.gateway.whatsapp.answer = refuse
    await playing.pass_to(START + MINUTE)
    await playing.wait_for("SELECT 1 FROM accounts WHERE restricted_until IS NOT NULL")
    await playing.at_rest()


async def test_a_breaker_closes_after_its_time_and_not_before(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", **SOON)
        await restrict(playing)
        await playing.pass_to(START + HOUR + MINUTE - timedelta(seconds=1))
        assert await playing.became("soon") == [("held", "restricted", 1)]
        assert playing.sent == []
        playing.clock.pass_to(START + HOUR + MINUTE)
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'sent'")
        assert playing.fired("soon") == [START + HOUR + MINUTE]


async def test_a_connection_that_comes_and_goes_does_not_close_the_breaker(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", **SOON)
        await restrict(playing)
        playing.gateway.sessions[-1].turn(Cause.DISCONNECTED)
        await playing.wait_for("SELECT 1 FROM accounts WHERE state = 'network'")
        playing.gateway.sessions[-1].turn(Cause.CONNECTED)
        await playing.wait_for("SELECT 1 FROM accounts WHERE state = 'connected'")
        await playing.pass_to(START + 30 * MINUTE)
        assert playing.sent == []
        playing.clock.pass_to(START + 2 * HOUR)
        await playing.wait_for("SELECT 1 FROM deliveries WHERE status = 'sent'")


async def test_a_freeze_within_a_freeze_is_thawed_by_itself(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", **SOON)
        await playing.freeze()
        await playing.freeze("ops")
        await playing.pass_to(START + 2 * HOUR)
        assert await playing.thaw("skip") == 0
        assert await playing.became("soon") == [("held", "frozen", 1)]
        assert await playing.thaw("once", "ops") == 1
        await playing.at_rest()
        assert await playing.became("soon") == [("sent", None, 1)]


async def test_what_a_thaw_finds_restricted_waits_for_the_breaker(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", **SOON)
        await restrict(playing)
        await playing.freeze()
        await playing.add("later", at="2026-03-02T08:10:00", grace_seconds=7200)
        await playing.pass_to(START + 10 * MINUTE)
        await playing.wait_for(HELD.format("frozen"))
        await playing.thaw("all")
        assert await playing.became("later") == [("held", "restricted", 1)]
        playing.clock.pass_to(START + 2 * HOUR)
        await playing.wait_for(
            "SELECT 1 FROM deliveries HAVING count(*) = 2 AND min(status) = 'sent'"
        )


async def test_what_a_breaker_releases_while_frozen_waits_for_the_thaw(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", **SOON)
        await restrict(playing)
        await playing.freeze()
        await playing.pass_to(START + 2 * HOUR)
        await playing.wait_for(HELD.format("frozen"))
        await playing.thaw("once")
        await playing.at_rest()
        assert await playing.became("soon") == [("sent", None, 1)]


async def test_what_sent_nothing_is_tried_with_growing_pauses_until_the_grace_ends(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("soon", at="2026-03-02T08:01:00", grace_seconds=300)
        playing.gateway.sessions[-1].connected = False  # and the daemon has not heard of it
        tries = [START]
        while tries[-1] <= START + 6 * MINUTE and (due := await playing.at_rest()):
            tries.append(due)
            playing.clock.pass_to(due)
        assert await playing.became("soon") == [("failed", "not_connected", 1)]
        ((attempts,),) = await playing.sql("SELECT attempts FROM deliveries")
        assert attempts == len(tries) - 1
        assert 4 <= attempts <= 12
        assert tries[-1] - tries[-2] > tries[2] - tries[1]
