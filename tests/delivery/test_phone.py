"""When the account's phone was last seen: WhatsApp unlinks a device whose phone stays away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from daemon_process import until
from delivery.clockwork import START, Engine, engine
from delivery.clockwork import until as until_async
from delivery.conftest import Staging
from delivery.stage import Stage

from waremind.objects import CheckResult
from waremind.requests.daemon import Doctor
from waremind.whatsapp.reports import PhoneSeen

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def phones(stage: Stage) -> CheckResult:
    """Give what the doctor finds of the phones."""
    checks = stage.daemon.call(Doctor()).checks
    (found,) = [each for each in checks if each.check == "phones"]
    return found


def age(at: str | None) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(at or "")


def test_a_connected_account_whose_phone_stays_away_is_found_until_the_phone_is_seen(
    alone: Staging,
) -> None:
    stage = alone(1)
    assert age(stage.wait("connected").phone_seen_at) < MINUTE  # it scanned the code
    assert phones(stage).status == "ok"
    stage.daemon.stop()
    stage.sql("UPDATE accounts SET phone_seen_at = phone_seen_at - interval '11 days'")
    stage.daemon.start()
    stage.wait("connected")
    silent = phones(stage)
    assert silent.status == "warning"
    assert f"'{stage.label}': its phone was last seen on " in silent.text
    assert silent.fix is not None
    assert "see that its phone is on" in silent.fix
    stage.send("are you there?")
    (message,) = stage.arrived(1)
    stage.whatsapp.receipt(message, by=stage.phone, kind="sender")
    until(lambda: age(stage.wait("connected").phone_seen_at) < MINUTE, "the phone to be seen")
    assert phones(stage).status == "ok"


@pytest.mark.anyio
async def test_a_phone_that_is_seen_often_is_written_once_an_hour(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        session = playing.gateway.sessions[-1]
        for minutes in (0, 20, 59, 60, 80, 119):
            at = START + minutes * MINUTE
            session.say(PhoneSeen(session=session.number, at=at))
        # Had one at 20 or 59 been written, none at 60 would have been.
        await until_async(lambda: stored(playing, START + HOUR))
        session.say(PhoneSeen(session=session.number, at=START - DAY))  # WhatsApp had kept it
        session.say(PhoneSeen(session=session.number, at=START + DAY))
        await until_async(lambda: stored(playing, START + DAY))


async def stored(playing: Engine, at: datetime) -> list[object]:
    return await playing.sql("SELECT 1 FROM accounts WHERE phone_seen_at = %s", at)
