"""A name is found however its letters were typed: composed, or of a letter and its accent."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from delivery.clockwork import NOBODY, Engine, engine

from waremind.daemon.api.handlers import account as accounts
from waremind.daemon.api.handlers import group as groups
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import AccountAdd, AccountRename, AccountShow, AccountSync
from waremind.requests.group import GroupList, GroupShow
from waremind.whatsapp.reports import GroupSnapshot

COMPOSED = "caf\u00e9"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)
DAILY = {"rrule": "FREQ=DAILY", "start": "2026-04-01T09:00"}
either_way = pytest.mark.parametrize("typed", [COMPOSED, DECOMPOSED], ids=["composed", "not"])


@either_way
async def test_an_account_is_found_and_its_label_is_taken(
    dsn: str, tmp_path: Path, typed: str
) -> None:
    async with engine(dsn, tmp_path) as playing:
        daemon = playing.daemon
        made = await accounts.add(daemon, NOBODY, AccountAdd(label=DECOMPOSED))
        assert made.account.label == COMPOSED
        found = await accounts.show(daemon, NOBODY, AccountShow(account=typed))
        assert found.account.id == made.account.id
        with pytest.raises(WaremindError) as added:
            await accounts.add(daemon, NOBODY, AccountAdd(label=typed))
        with pytest.raises(WaremindError) as renamed:
            await accounts.rename(daemon, NOBODY, AccountRename(account="ops", label=typed))
        assert added.value.code is renamed.value.code is ErrorCode.ALREADY_EXISTS


@either_way
async def test_a_reminder_is_found_and_its_name_is_taken(
    dsn: str, tmp_path: Path, typed: str
) -> None:
    async with engine(dsn, tmp_path) as playing:
        made = await playing.add(DECOMPOSED, **DAILY)
        assert made.name == COMPOSED
        assert (await playing.show(typed)).id == made.id
        with pytest.raises(WaremindError) as taken:
            await playing.add(typed, **DAILY)
        assert taken.value.code is ErrorCode.ALREADY_EXISTS


async def called(playing: Engine, name: str) -> None:
    """Let WhatsApp call the first group so."""
    snapshot = GroupSnapshot("1@g.us", name, announce_only=False, admin=False)
    playing.gateway.whatsapp.groups = [snapshot]
    await accounts.sync(playing.daemon, NOBODY, AccountSync(account="ops"))


@either_way
@pytest.mark.parametrize("given", [COMPOSED, DECOMPOSED], ids=["given composed", "given not"])
async def test_a_group_is_found_however_whatsapp_writes_it(
    dsn: str, tmp_path: Path, typed: str, given: str
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await called(playing, given)
        shown = await groups.show(playing.daemon, NOBODY, GroupShow(group=typed))
        assert (shown.group.jid, shown.group.name) == ("1@g.us", COMPOSED)
        listed = await groups.list_(playing.daemon, NOBODY, GroupList(search=typed))
        assert [group.jid for group in listed.groups] == ["1@g.us"]
        reminder = await playing.add("daily", to=[typed], **DAILY)
        assert [group.jid for group in reminder.to] == ["1@g.us"]
