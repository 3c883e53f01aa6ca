"""Pair: codes as they come, and each way in which a pairing can end."""

from __future__ import annotations

import pytest
from accounts.stage import Stage
from daemon_process import steady, until
from whatsapp_server.behaviour import Spoil
from whatsapp_server.harness import PlayedWhatsAppError

from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import AccountPair, PairConnected, PairPending


def ending(stage: Stage, code: ErrorCode, **terms: object) -> WaremindError:
    """Let a pairing run to an end that is an error."""
    with stage.daemon.pairing(stage.label, **terms) as pairing, pytest.raises(WaremindError) as end:
        pairing.connected()
    assert end.value.code is code, end.value
    return end.value


def is_outdated(stage: Stage) -> None:
    """Disconnect the account for good, with its keys kept."""
    stage.whatsapp.refuse(stage.phone, 405)
    stage.whatsapp.drop(stage.phone)
    stage.wait("disconnected", "client_outdated")
    stage.whatsapp.admit(stage.phone)


def test_a_pairing_streams_pending_then_a_qr_then_connected(shared: Stage) -> None:
    with shared.daemon.pairing(shared.label) as pairing:
        assert isinstance(pairing.first, PairPending)
        assert pairing.first.account.status == "pending"
        shared.whatsapp.scan(pairing.qr(), shared.phone)
        last = pairing.next(PairConnected)
    assert last.changed
    assert (last.account.status, last.account.reason) == ("connected", "ok")
    assert last.account.phone == f"+{shared.phone}"
    assert last.account.actions == ["sync", "unpair", "delete"]


def test_a_pairing_by_code_needs_no_qr(shared: Stage) -> None:
    with shared.daemon.pairing(shared.label, phone=f"+{shared.phone}") as pairing:
        shared.whatsapp.enter_code(pairing.code(), shared.phone)
        assert pairing.connected().status == "connected"


def test_pair_when_connected_changes_nothing(shared: Stage) -> None:
    session = shared.pair().session
    answer = shared.daemon.call(AccountPair(account=shared.label))
    assert isinstance(answer, PairConnected)
    assert not answer.changed
    assert shared.account.session == session


def test_a_second_pair_joins_and_sees_the_code_that_is_showing(shared: Stage) -> None:
    with shared.daemon.pairing(shared.label) as first:
        qr = first.qr()
        with shared.daemon.pairing(shared.label) as second:
            assert isinstance(first.first, PairPending)
            assert isinstance(second.first, PairPending)
            assert (first.first.changed, second.first.changed) == (True, False)
            assert second.qr() == qr
            shared.whatsapp.scan(qr, shared.phone)
            assert first.connected() == second.connected()


def test_a_pairing_goes_on_when_its_client_goes_away(shared: Stage) -> None:
    with shared.daemon.pairing(shared.label) as pairing:
        qr = pairing.qr()
    shared.whatsapp.scan(qr, shared.phone)
    shared.wait("connected", "ok")


def test_pair_without_waiting_answers_pending(shared: Stage) -> None:
    answer = shared.daemon.call(AccountPair(account=shared.label, wait=False))
    assert isinstance(answer, PairPending)
    with shared.daemon.pairing(shared.label) as joined:
        assert joined.qr()


def test_check_says_what_pair_would_do_and_does_nothing(shared: Stage) -> None:
    answer = shared.daemon.call(AccountPair(account=shared.label, check=True))
    assert isinstance(answer, PairConnected)
    assert (answer.changed, answer.check) == (True, True)
    assert (shared.account.status, shared.account.session) == ("unpaired", 0)


def test_two_accounts_pair_side_by_side(shared: Stage) -> None:
    other = shared.another()
    with (
        shared.daemon.pairing(shared.label) as first,
        shared.daemon.pairing(other.label) as second,
    ):
        shared.whatsapp.scan(second.qr(), other.phone)
        shared.whatsapp.scan(first.qr(), shared.phone)
        assert first.connected().phone == f"+{shared.phone}"
        assert second.connected().phone == f"+{other.phone}"
    shared.daemon.unpair(other.label)


# How a pairing ends otherwise: each way has its reason, and leaves nothing pending.


def test_a_pairing_is_over_when_its_timeout_is(shared: Stage) -> None:
    ending(shared, ErrorCode.PAIRING_TIMED_OUT, timeout_seconds=1)
    assert (shared.account.status, shared.account.reason) == ("unpaired", "pairing_timed_out")
    shared.whatsapp.wait_pairings(0)
    until(lambda: shared.files == [], "the files to go")


def test_a_login_that_never_comes_after_the_scan_is_over_when_the_timeout_is(
    shared: Stage,
) -> None:
    with (
        shared.behaving(restart_after_pairing=False),
        shared.daemon.pairing(shared.label, timeout_seconds=5) as pairing,
    ):
        shared.whatsapp.scan(pairing.qr(), shared.phone)
        with pytest.raises(WaremindError) as end:
            pairing.connected()
    assert end.value.code is ErrorCode.TIMED_OUT
    assert (
        shared.wait("connected", "ok").phone == f"+{shared.phone}"
    )  # the keys are good: it goes on


@pytest.mark.parametrize("spoil", ["hmac", "signature"])
def test_a_phone_that_does_not_prove_itself_fails_the_pairing(shared: Stage, spoil: Spoil) -> None:
    with shared.daemon.pairing(shared.label) as pairing:
        with pytest.raises(PlayedWhatsAppError):
            shared.whatsapp.scan(pairing.qr(), shared.phone, spoil=spoil)
        with pytest.raises(WaremindError) as end:
            pairing.connected()
    assert end.value.code is ErrorCode.PAIRING_FAILED
    assert (shared.account.status, shared.account.reason) == ("unpaired", "pairing_failed")


def test_a_connection_cut_while_the_qr_shows_fails_the_pairing(shared: Stage) -> None:
    with shared.daemon.pairing(shared.label) as pairing:
        pairing.qr()
        shared.whatsapp.close_pairings()
        with pytest.raises(WaremindError) as end:
            pairing.connected()
    assert end.value.code is ErrorCode.PAIRING_FAILED
    assert shared.account.reason == "pairing_failed"


def test_whatsapp_out_of_reach_fails_the_pairing(shared: Stage) -> None:
    with shared.behaving(refuse_websocket=True):
        end = ending(shared, ErrorCode.PAIRING_FAILED)
    assert shared.account.reason == "pairing_failed"
    assert end.message.startswith(f"cannot pair account '{shared.label}': the pairing did not")
    assert end.hint == f"waremind account pair '{shared.label}' tries again"


def test_a_passkey_demanded_has_its_own_reason_and_cure(shared: Stage) -> None:
    shared.whatsapp.require_passkey(shared.phone)
    with shared.daemon.pairing(shared.label) as pairing:
        with pytest.raises(PlayedWhatsAppError):
            shared.whatsapp.scan(pairing.qr(), shared.phone)
        with pytest.raises(WaremindError) as end:
            pairing.connected()
    assert end.value.code is ErrorCode.PASSKEY_REQUIRED
    account = shared.account
    assert (account.status, account.reason) == ("unpaired", "passkey_required")
    assert "passkey" in account.attention[0].fix


def test_an_engine_too_old_to_pair_is_told_so(shared: Stage) -> None:
    with shared.behaving(registration_error=405):
        ending(shared, ErrorCode.CLIENT_OUTDATED)
    account = shared.account
    assert (account.status, account.reason) == ("unpaired", "pairing_failed")
    assert "upgrade" in account.attention[0].fix


# Which phone may pair.


def scan_with_another(stage: Stage, **terms: object) -> WaremindError:
    with stage.daemon.pairing(stage.label, **terms) as pairing:
        stage.whatsapp.scan(pairing.qr(), "628999999")
        with pytest.raises(WaremindError) as end:
            pairing.connected()
    stage.whatsapp.wait_unlinked("628999999")
    return end.value


def test_another_phone_than_expected_is_logged_out_again(shared: Stage) -> None:
    end = scan_with_another(shared, expect=f"+{shared.phone}")
    assert end.code is ErrorCode.DIFFERENT_NUMBER
    assert shared.account.status == "unpaired"


def test_another_phone_than_last_time_is_logged_out_again(shared: Stage) -> None:
    shared.pair()
    shared.daemon.unpair(shared.label)
    assert scan_with_another(shared).code is ErrorCode.DIFFERENT_NUMBER
    assert shared.account.phone == f"+{shared.phone}"
    assert shared.account.attention[0].code == "different_number"


def test_another_phone_than_last_time_may_pair_with_new_number(shared: Stage) -> None:
    shared.pair()
    shared.daemon.unpair(shared.label)
    shared.phone = shared.phone.replace("628", "629")
    assert shared.pair(new_number=True).phone == f"+{shared.phone}"


# The keys that are there.


def test_pair_of_a_disconnected_account_needs_no_qr_while_its_keys_are_good(
    shared: Stage,
) -> None:
    session = shared.pair().session
    is_outdated(shared)
    with shared.daemon.pairing(shared.label) as pairing:
        assert pairing.next(PairConnected).account.status == "connected"
    assert shared.files == [str(session)]


def test_pair_of_a_disconnected_account_shows_a_qr_when_its_keys_are_refused(
    shared: Stage,
) -> None:
    session = shared.pair().session
    is_outdated(shared)
    shared.whatsapp.unlink(shared.phone)
    paired = shared.pair()
    assert paired.status == "connected"
    assert shared.files != [str(session)]
    assert len(shared.files) == 1


def test_pair_fresh_shows_a_qr_although_the_keys_are_good_and_logs_their_device_out(
    shared: Stage,
) -> None:
    shared.pair()
    old = shared.listed
    is_outdated(shared)
    with shared.daemon.pairing(shared.label, fresh=True) as pairing:
        assert isinstance(pairing.first, PairPending)
        assert pairing.first.device_removed
        assert shared.listed == []
        shared.whatsapp.scan(pairing.qr(), shared.phone)
        session = pairing.connected().session
    assert len(shared.listed) == 1
    assert shared.listed != old
    assert shared.files == [str(session)]


def test_pair_fresh_goes_on_and_says_so_when_the_old_device_cannot_be_logged_out(
    shared: Stage,
) -> None:
    shared.pair()
    [old] = shared.listed
    shared.whatsapp.refuse(shared.phone, 503)
    shared.whatsapp.drop(shared.phone)
    shared.wait("disconnected", "network")
    with shared.daemon.pairing(shared.label, fresh=True) as pairing:
        assert isinstance(pairing.first, PairPending)
        assert not pairing.first.device_removed
        shared.whatsapp.admit(shared.phone)
        shared.whatsapp.scan(pairing.qr(), shared.phone)
        assert pairing.connected().status == "connected"
    assert len(shared.listed) == 2
    assert old in shared.listed
    assert len(shared.files) == 1


def test_keys_that_lead_nowhere_are_given_up_within_the_timeout(shared: Stage) -> None:
    shared.pair()
    is_outdated(shared)
    with shared.behaving(answer_handshake=False):
        ending(shared, ErrorCode.TIMED_OUT, timeout_seconds=1)
    assert shared.wait("connected", "ok")


def test_the_qr_of_a_pairing_that_ended_does_not_come_back(shared: Stage) -> None:
    ending(shared, ErrorCode.PAIRING_TIMED_OUT, timeout_seconds=1)
    assert steady(lambda: shared.account.status) == "unpaired"
    shared.whatsapp.wait_pairings(0)


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({"phone": "12"}, "cannot read the phone number '12'"),
        ({"expect": "call me"}, "cannot read the phone number 'call me'"),
        ({"timeout_seconds": 0}, "cannot wait that long"),
        ({"timeout_seconds": 1e9}, "cannot wait that long"),
    ],
)
def test_terms_that_make_no_sense_are_refused_and_nothing_begins(
    shared: Stage, terms: dict[str, object], sentence: str
) -> None:
    with pytest.raises(WaremindError, match=sentence) as refused:
        shared.daemon.pairing(shared.label, **terms)
    assert refused.value.code is ErrorCode.INVALID_INPUT
    assert shared.account.status == "unpaired"
