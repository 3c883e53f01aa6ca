"""Groups as WhatsApp tells them, with the real neonize and a played WhatsApp."""

from __future__ import annotations

import pytest
from whatsapp.stages import FRIEND, RealStage

from waremind.errors import ErrorCode, WaremindError
from waremind.whatsapp.reports import (
    GroupChanged,
    GroupLeft,
    GroupStale,
)

pytestmark = pytest.mark.anyio


async def test_a_group_that_the_account_is_added_to_is_told_in_full(real: RealStage) -> None:
    ear = await real.link()
    added = real.whatsapp.group("New", [FRIEND], admins=[FRIEND])
    real.whatsapp.add_member(added, real.phone, by=FRIEND)
    report = await ear.next(GroupChanged)
    assert isinstance(report, GroupChanged)
    assert (report.group.jid, report.group.name) == (added, "New")
    assert {member.phone for member in report.group.members} == {f"+{real.phone}", f"+{FRIEND}"}


async def test_a_renamed_group_is_stale(real: RealStage) -> None:
    ear = await real.link()
    real.whatsapp.rename_group(real.group, "Renamed", by=FRIEND)
    assert await ear.next(GroupStale) == GroupStale(session=1, jid=real.group)


async def test_a_group_that_the_account_is_removed_from_is_left(real: RealStage) -> None:
    ear = await real.link()
    real.whatsapp.remove_member(real.group, real.phone, by=FRIEND)
    assert await ear.next(GroupLeft) == GroupLeft(session=1, jid=real.group)
    assert await real.session.group(real.group) is None


async def test_a_group_that_somebody_else_left_is_stale(real: RealStage) -> None:
    real.whatsapp.user("628777001")
    real.whatsapp.add_member(real.group, "628777001", by=FRIEND)
    ear = await real.link()
    real.whatsapp.remove_member(real.group, "628777001", by="628777001")
    assert await ear.next(GroupStale) == GroupStale(session=1, jid=real.group)


@pytest.mark.parametrize("addressing", ["lid", "pn"])
async def test_an_admin_of_an_announce_only_group_may_write_there(
    real: RealStage, addressing: str
) -> None:
    group = real.whatsapp.group(
        "News",
        [real.phone, FRIEND],
        admins=[real.phone],
        addressing=addressing,
        announce_only=True,
    )
    await real.link()
    snapshot = await real.session.group(group)
    assert snapshot is not None
    assert (snapshot.announce_only, snapshot.admin) == (True, True)
    assert {member.phone for member in snapshot.members} == {f"+{real.phone}", f"+{FRIEND}"}
    assert all(member.lid.endswith("@lid") for member in snapshot.members)


async def test_members_whose_numbers_whatsapp_hides_have_none(real: RealStage) -> None:
    group = real.whatsapp.group("Strangers", [real.phone, FRIEND], hide_numbers=True)
    await real.link()
    snapshot = await real.session.group(group)
    assert snapshot is not None
    assert {member.phone for member in snapshot.members} == {None}


async def test_too_many_questions_about_groups_are_rate_limited(real: RealStage) -> None:
    await real.link()
    real.whatsapp.behave(real.phone, group_query_error=429)
    with pytest.raises(WaremindError) as caught:
        await real.session.groups()
    assert caught.value.code is ErrorCode.RATE_LIMITED
