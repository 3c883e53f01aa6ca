"""An account's sessions against a gateway that fails them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fake_gateway import FakeGateway, FakeSession

from waremind.daemon.accounts.sessions import OpeningGate, SessionPlace, Sessions
from waremind.domain.lifecycle import Cause, State
from waremind.store.accounts import AccountRow
from waremind.whatsapp.gateway import OnReport, Opening
from waremind.whatsapp.reports import AnyReport, LifeReport


class Failing(FakeGateway):
    """A gateway on a machine that can start no process."""

    async def open(self, opening: Opening, hear: OnReport) -> FakeSession:  # noqa: ARG002 - the port's
        raise OSError("there are no more processes")


@dataclass
class Ops:
    """Whose the sessions are."""

    row: AccountRow


async def test_what_cannot_be_opened_or_ended_is_logged_with_the_account_s_label(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[AnyReport] = []
    now = datetime.now(UTC)
    row = AccountRow(
        id="acc_1",
        label="ops",
        state=State.NEW,
        created_at=now,
        status_since=now,
        state_since=now,
    )
    keys = tmp_path / "acc_1" / "1"
    keys.mkdir(parents=True)
    async with asyncio.TaskGroup() as tasks:
        place = SessionPlace(Failing(), tmp_path, OpeningGate(lambda: 0.0), tasks)
        sessions = Sessions(Ops(row), place, heard.append)
        sessions.open(2, 1, None, gated=False)
        assert await sessions.opened() is None
        assert not await sessions.end(device=1, log_out_seconds=1.0, forget=True)
    detail = "the session's process did not start"
    assert heard == [LifeReport(session=2, cause=Cause.ENDED, detail=detail)]
    said = {record.getMessage(): vars(record)["fields"]["account"] for record in caplog.records}
    assert said == {"cannot open a session": "ops", "cannot end a session": "ops"}
    assert not keys.exists()
