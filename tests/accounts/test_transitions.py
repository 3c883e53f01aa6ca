"""What a step makes of an account's row."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from domain.lifecycle_machine import EPOCH as NOW
from domain.lifecycle_machine import new_account

from waremind.daemon.accounts.pairing import ENDS
from waremind.daemon.accounts.transitions import cause_of, next_row
from waremind.domain.lifecycle import PENDING, TABLE, Cause, State, step
from waremind.store.accounts import AccountRow
from waremind.whatsapp.reports import Identity, LifeReport

PHONE = Identity(jid="628111@s.whatsapp.net", phone="+628111", push_name="Budi")


def row(state: State, **fields: object) -> AccountRow:
    device = {"device": 3, "session": 3} if state is State.CONNECTED else {}
    return new_account(state, **{**device, **fields})


def after(
    before: AccountRow, cause: Cause, report: LifeReport | None = None, **later: float
) -> AccountRow:
    to = step(before.state, cause)
    assert to
    return next_row(before, to, cause, NOW + timedelta(**later), report)


def said(cause: Cause, identity: Identity | None = None, **fields: object) -> LifeReport:
    return LifeReport(session=3, cause=cause, identity=identity, **fields)


def test_every_way_out_of_pending_is_told_by_a_code_of_its_own() -> None:
    ways = {TABLE[key].state for key in TABLE if key[0] in PENDING}
    assert ways - PENDING - {State.CONNECTED} <= set(ENDS)


def test_a_phone_that_is_not_expected_is_another() -> None:
    paired = said(Cause.PAIRED, PHONE)
    assert cause_of(paired, row(State.PAIRING), "+628111", NOW) is Cause.PAIRED
    assert cause_of(paired, row(State.PAIRING), None, NOW) is Cause.PAIRED
    assert cause_of(paired, row(State.PAIRING), "+628222", NOW) is Cause.PAIRED_OTHER


@pytest.mark.parametrize(
    ("minutes", "cause"),
    [(None, Cause.REPLACED), (5, Cause.REPLACED_AGAIN), (90, Cause.REPLACED)],
)
def test_a_second_takeover_within_the_hour_needs_a_person(
    minutes: int | None, cause: Cause
) -> None:
    replaced_at = NOW - timedelta(minutes=minutes) if minutes else None
    before = row(State.CONNECTED, replaced_at=replaced_at)
    assert cause_of(said(Cause.REPLACED), before, None, NOW) is cause


def test_a_takeover_is_counted_in_the_row_until_an_operator_acts() -> None:
    replaced = after(row(State.CONNECTED), Cause.REPLACED)
    assert replaced.replaced_at == NOW
    assert after(replaced, Cause.RETRY_DUE).replaced_at == NOW
    assert after(replaced, Cause.RECONNECT).replaced_at is None


def test_what_failed_again_and_again_is_tried_ever_more_slowly() -> None:
    failed = after(row(State.CONNECTED), Cause.ENDED)
    again = after(after(failed, Cause.RETRY_DUE), Cause.CONNECT_FAILED)
    assert (failed.retries, again.retries) == (1, 2)


def test_what_stood_for_a_minute_begins_to_count_anew() -> None:
    before = row(State.CONNECTED, retries=7)
    assert after(before, Cause.ENDED, seconds=59).retries == 8
    assert after(before, Cause.ENDED, seconds=60).retries == 1
    cut = after(before, Cause.DISCONNECTED, seconds=60)
    assert after(cut, Cause.OVERDUE).retries == 1


def test_an_operator_s_command_begins_to_count_anew() -> None:
    assert after(row(State.CONNECTED, retries=7), Cause.RECONNECT).retries == 0


def test_a_ban_s_end_is_kept_while_it_lasts() -> None:
    until = NOW + timedelta(hours=1)
    banned = after(
        row(State.CONNECTED), Cause.TEMPORARY_BAN, said(Cause.TEMPORARY_BAN, until=until)
    )
    assert banned.banned_until == until
    assert after(banned, Cause.STARTED).banned_until == until
    assert after(banned, Cause.RETRY_DUE).banned_until is None


def test_the_device_is_named_by_the_session_that_paired_it() -> None:
    pairing = row(State.PAIRING, session=3)
    linked = after(pairing, Cause.PAIRED, said(Cause.PAIRED, PHONE))
    assert (linked.device, linked.jid, linked.phone) == (3, PHONE.jid, PHONE.phone)
    assert after(linked, Cause.CONNECTED).device == 3
    assert after(linked, Cause.UNPAIR).device == 3  # its keys are needed for the logout
    assert after(after(linked, Cause.UNPAIR), Cause.CLEANED).device is None


def test_another_phone_s_identity_is_not_taken_over() -> None:
    known = row(State.PAIRING, session=3, phone="+628222", jid="628222@s.whatsapp.net")
    refused = after(known, Cause.PAIRED_OTHER, said(Cause.PAIRED, PHONE))
    assert (refused.phone, refused.jid) == (known.phone, known.jid)


def test_a_status_keeps_its_time_while_only_the_reason_changes() -> None:
    cut = after(row(State.CONNECTED), Cause.DISCONNECTED, minutes=1)
    failed = after(cut, Cause.OVERDUE, minutes=6)
    assert failed.status_since == cut.status_since == NOW + timedelta(minutes=1)
    assert failed.state_since == NOW + timedelta(minutes=6)


def test_asking_again_for_what_is_under_way_only_takes_the_next_number() -> None:
    starting = after(row(State.CONNECTED), Cause.RECONNECT)
    again = after(starting, Cause.RECONNECT, minutes=1)
    assert again == replace(starting, session=starting.session + 1)
