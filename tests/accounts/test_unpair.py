"""Unpair, in whatever the account is doing: it is unpaired within 5 s, and stays so."""

from __future__ import annotations

import os
import signal
import time

import pytest
from accounts.stage import Stage
from daemon_process import steady, until

from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import AccountDelete, AccountPair, AccountUnpair, AccountUnpaired


def unpair(stage: Stage) -> AccountUnpaired:
    """Unpair within 5 s; the files are gone then, and the process too."""
    start = time.monotonic()
    unpaired = stage.daemon.unpair(stage.label)
    assert time.monotonic() - start < 5
    assert unpaired.account.status == "unpaired"
    assert stage.files == []
    return unpaired


def test_unpair_while_connected_unlinks_the_device_on_the_phone(shared: Stage) -> None:
    shared.pair()
    unpaired = unpair(shared)
    assert unpaired.changed
    assert unpaired.device_removed
    shared.wait("unpaired", "unpaired")
    shared.whatsapp.wait_unlinked(shared.phone)


def test_unpair_again_changes_nothing(shared: Stage) -> None:
    shared.pair()
    unpair(shared)
    again = unpair(shared)
    assert not again.changed
    assert again.device_removed


def test_unpair_of_what_was_never_paired_changes_nothing(shared: Stage) -> None:
    unpaired = unpair(shared)
    assert not unpaired.changed
    assert unpaired.account.reason == "new"


def test_unpair_while_the_qr_is_showing_ends_the_waiting_pair_at_once(shared: Stage) -> None:
    with shared.daemon.pairing(shared.label) as pairing:
        pairing.qr()
        unpaired = unpair(shared)
        with pytest.raises(WaremindError) as cancelled:
            pairing.connected()
    assert cancelled.value.code is ErrorCode.PAIRING_CANCELLED
    assert unpaired.account.reason == "pairing_cancelled"
    assert unpaired.device_removed
    shared.whatsapp.wait_pairings(0)


def test_unpair_before_the_child_has_even_started_leaves_nothing(shared: Stage) -> None:
    with shared.daemon.pairing(shared.label):
        assert unpair(shared).account.reason == "pairing_cancelled"
    shared.whatsapp.wait_pairings(0)


def test_unpair_when_the_phone_has_accepted_and_the_login_never_comes(shared: Stage) -> None:
    with (
        shared.behaving(restart_after_pairing=False),
        shared.daemon.pairing(shared.label) as pairing,
    ):
        shared.whatsapp.scan(pairing.qr(), shared.phone)
        until(lambda: "accepted" in shared.account.status_text, "the phone's yes to be written")
        assert unpair(shared).account.reason == "unpaired"
        with pytest.raises(WaremindError) as cancelled:
            pairing.connected()
    assert cancelled.value.code is ErrorCode.PAIRING_CANCELLED


def test_unpair_while_dialing_a_black_hole_says_that_the_phone_still_lists_the_device(
    shared: Stage,
) -> None:
    shared.pair()
    with shared.behaving(answer_handshake=False):
        shared.reconnect()
        shared.daemon.child(shared.account.id)
        assert shared.account.reason == "starting"
        assert not unpair(shared).device_removed
    assert steady(lambda: shared.account.status) == "unpaired"


def test_unpair_while_the_engine_reconnects(shared: Stage) -> None:
    shared.pair()
    shared.whatsapp.refuse(shared.phone, 503)
    shared.whatsapp.drop(shared.phone)
    shared.wait("disconnected", "network")
    assert not unpair(shared).device_removed
    shared.whatsapp.admit(shared.phone)
    assert steady(lambda: shared.account.status) == "unpaired"


def test_unpair_while_a_retry_is_due_stops_the_retries(shared: Stage) -> None:
    shared.pair()
    with shared.behaving(refuse_websocket=True):
        shared.reconnect()
        shared.wait("disconnected", "connect_failed")
        assert not unpair(shared).device_removed
    assert steady(lambda: (shared.account.status, shared.account.session))[0] == "unpaired"


def test_unpair_while_banned(shared: Stage) -> None:
    shared.pair()
    shared.whatsapp.ban(shared.phone)
    shared.wait("banned", "temporary_ban")
    assert unpair(shared).account.reason == "unpaired"


def test_unpair_of_a_child_that_hangs_kills_it(shared: Stage) -> None:
    account = shared.pair()
    child = shared.daemon.child(account.id)
    os.kill(child, signal.SIGSTOP)

    assert not unpair(shared).device_removed


def test_unpair_then_pair_at_once_shows_a_fresh_qr_and_keeps_its_files(shared: Stage) -> None:
    account = shared.pair()
    with shared.daemon.tell(AccountUnpair(account=shared.label)):
        paired = shared.pair()
    shared.whatsapp.wait_online(shared.phone)
    assert paired.session > account.session + 1
    assert shared.files == [str(paired.session)]


def test_pair_unpair_pair_unpair_without_waiting_ends_unpaired(shared: Stage) -> None:
    shared.pair()
    requests = [AccountUnpair(account=shared.label), AccountPair(account=shared.label)] * 3
    clients = [shared.daemon.tell(request) for request in requests]
    unpair(shared)
    for client in clients:
        client.close()
    shared.whatsapp.wait_pairings(0)
    assert steady(lambda: (shared.account.status, shared.files)) == ("unpaired", [])


def test_delete_while_pairing_ends_the_pairing_and_leaves_nothing(shared: Stage) -> None:
    account = shared.account.id
    with shared.daemon.pairing(shared.label) as pairing:
        pairing.qr()
        deleted = shared.daemon.call(AccountDelete(account=shared.label))
        with pytest.raises(WaremindError) as cancelled:
            pairing.connected()
    assert cancelled.value.code is ErrorCode.PAIRING_CANCELLED
    assert deleted.device_removed
    assert shared.daemon.directories(account) == []
    shared.whatsapp.wait_pairings(0)
    with pytest.raises(WaremindError, match="there is none"):
        assert shared.account


def test_delete_while_connected_unlinks_the_device(shared: Stage) -> None:
    account = shared.pair().id
    assert shared.daemon.call(AccountDelete(account=shared.label)).device_removed
    shared.whatsapp.wait_unlinked(shared.phone)
    assert shared.daemon.directories(account) == []
