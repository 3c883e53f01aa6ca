"""A name is found however it was typed, and an id or a JID is never taken for a name."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from delivery.clockwork import NOBODY, Engine, engine

from waremind.daemon.api.handlers import account as accounts
from waremind.daemon.api.handlers import group as groups
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Reminder
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
        found = [group async for page in listed.pages for group in page]
        assert [group.jid for group in found] == ["1@g.us"]
        reminder = await playing.add("daily", to=[typed], **DAILY)
        assert [group.jid for group in reminder.to] == ["1@g.us"]


# A name that somebody gives to a group is no address.

LEFT, RIGHT = "1@g.us", "2@g.us"
Use = Callable[[Engine, str], Awaitable[str]]


async def groups_are(playing: Engine, **names: str) -> None:
    """Let the account be in these groups only, by the number of the JID: `_1="Team"`."""
    playing.gateway.whatsapp.groups = [
        GroupSnapshot(f"{number[1:]}@g.us", name, announce_only=False, admin=False)
        for number, name in names.items()
    ]
    await accounts.sync(playing.daemon, NOBODY, AccountSync(account="ops"))


async def shown(playing: Engine, key: str) -> str:
    """Say by its JID which group is shown."""
    return (await groups.show(playing.daemon, NOBODY, GroupShow(group=key))).group.jid


async def told(playing: Engine, key: str) -> str:
    """Say by its JID to which group a reminder goes."""
    reminder: Reminder = await playing.add("daily", to=[key], **DAILY)
    return reminder.to[0].jid


async def refused(work: Awaitable[object]) -> WaremindError:
    with pytest.raises(WaremindError) as ended:
        await work
    return ended.value


@pytest.fixture(params=[shown, told])
def use(request: pytest.FixtureRequest) -> Use:
    """Give each way to refer to a group."""
    return request.param


async def test_a_jid_is_that_group_whoever_bears_it_as_a_name(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await groups_are(playing, _1="Team", _2=LEFT)
        assert await told(playing, LEFT) == await shown(playing, LEFT) == LEFT


async def test_a_group_that_was_left_is_not_the_one_that_took_its_jid_as_a_name(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await groups_are(playing, _1="Team")
        await groups_are(playing, _2=LEFT)
        assert await told(playing, LEFT) == await shown(playing, LEFT) == LEFT


async def test_a_jid_not_seen_yet_is_never_stored_as_another(dsn: str, tmp_path: Path) -> None:
    unseen = "120363000000000009@g.us"
    async with engine(dsn, tmp_path) as playing:
        await groups_are(playing, _2=unseen)
        assert (await refused(shown(playing, unseen))).code is ErrorCode.NOT_FOUND
        assert await told(playing, unseen) == unseen


async def test_an_id_is_that_group_whoever_bears_it_as_a_name(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await groups_are(playing, _1="Team")
        ((team,),) = await playing.sql("SELECT id FROM whatsapp_groups WHERE jid = %s", LEFT)
        await groups_are(playing, _1="Team", _2=team)
        assert await told(playing, team) == await shown(playing, team) == LEFT


async def test_an_id_that_nothing_has_is_not_found_and_who_bears_it_as_a_name_is_named(
    dsn: str, tmp_path: Path, use: Use
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await groups_are(playing, _2="grp_lunch")
        ((lunch,),) = await playing.sql("SELECT id FROM whatsapp_groups WHERE jid = %s", RIGHT)
        ended = await refused(use(playing, "grp_lunch"))
        assert ended.code is ErrorCode.NOT_FOUND
        assert f"'grp_lunch' ({lunch})" in ended.hint


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        ("Team\u200b", "Team"),
        (" Team\u00a0", "Team"),
        ("\u2067Team\u2069", "Team"),
        ("Team", "Team\u200b"),
        ("Team", " Team "),
        ("👩\u200d👧 Team", "👩\u200d👧 Team"),
    ],
)
async def test_what_nobody_sees_in_a_name_does_not_count(
    dsn: str, tmp_path: Path, given: str, typed: str
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await groups_are(playing, _2=given)
        assert await told(playing, typed) == await shown(playing, typed) == RIGHT


async def test_names_that_look_the_same_are_ambiguous(dsn: str, tmp_path: Path, use: Use) -> None:
    async with engine(dsn, tmp_path) as playing:
        await groups_are(playing, _1="Team", _2="Team\u200b")
        assert (await refused(use(playing, "Team"))).code is ErrorCode.AMBIGUOUS


async def test_a_near_miss_of_a_groups_name_is_named(dsn: str, tmp_path: Path, use: Use) -> None:
    async with engine(dsn, tmp_path) as playing:
        await groups_are(playing, _2="Team Berlin")
        ended = await refused(use(playing, "teem berlin"))
        assert ended.code is ErrorCode.NOT_FOUND
        assert ended.hint.startswith("did you mean 'Team Berlin' (grp_")


async def test_a_near_miss_of_a_label_or_a_reminders_name_is_named(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("daily report", **DAILY)
        ended = await refused(playing.show("Daily rapport"))
        assert ended.hint.startswith("did you mean 'daily report'?")
        ended = await refused(accounts.show(playing.daemon, NOBODY, AccountShow(account="OPS")))
        assert ended.hint.startswith("did you mean 'ops'?")


async def test_an_invisible_character_around_a_label_or_name_does_not_count(
    dsn: str, tmp_path: Path
) -> None:
    async with engine(dsn, tmp_path) as playing:
        await playing.add("daily", **DAILY)
        assert (await playing.show(" daily\u200b")).name == "daily"
        found = await accounts.show(playing.daemon, NOBODY, AccountShow(account="\u200eops "))
        assert found.account.label == "ops"
