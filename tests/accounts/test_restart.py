"""The daemon stops, is killed and starts: the table decides how each account goes on."""

from __future__ import annotations

import os
import signal
import time

import pytest
from accounts.stage import Stage
from daemon_process import DaemonProcess, steady, until

from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import AccountUnpair
from waremind.requests.daemon import Status


def gone(daemon: DaemonProcess) -> None:
    """Wait until nothing is left of a daemon that has ended."""
    until(lambda: not daemon.processes(), f"{daemon.processes()} to end", 5)


def test_a_daemon_that_stops_leaves_no_process_and_comes_back_connected(alone: Stage) -> None:
    account = alone.pair()
    assert alone.daemon.stop() == 0
    assert alone.daemon.processes() == {}
    assert not alone.daemon.socket.exists()
    alone.daemon.start()
    assert alone.wait("connected", "ok").session > account.session
    assert alone.files == [str(account.session)]


def test_a_daemon_that_is_killed_leaves_no_process_and_comes_back_connected(alone: Stage) -> None:
    alone.pair()
    alone.daemon.kill()
    gone(alone.daemon)
    alone.daemon.start()
    alone.wait("connected", "ok")


def test_what_an_operator_unpaired_stays_unpaired_after_a_restart(alone: Stage) -> None:
    alone.pair()
    alone.daemon.unpair(alone.label)
    alone.daemon.stop()
    alone.daemon.start()
    assert steady(lambda: (alone.account.status, alone.account.reason)) == ("unpaired", "unpaired")
    assert alone.whatsapp.state().online == []


def test_an_interrupted_pairing_is_unpaired_again(alone: Stage) -> None:
    with alone.daemon.pairing(alone.label) as pairing:
        pairing.qr()
        alone.daemon.kill()
        with pytest.raises(WaremindError) as end:
            pairing.connected()
    assert end.value.code is ErrorCode.DAEMON_UNREACHABLE
    gone(alone.daemon)
    alone.daemon.start()
    account = alone.wait("unpaired", "pairing_failed")
    assert account.attention[0].code == "pairing_failed"
    until(lambda: alone.files == [], "the files to go")
    alone.whatsapp.wait_pairings(0)


def test_an_unpair_killed_between_the_write_and_the_stop_is_finished_at_the_next_start(
    alone: Stage,
) -> None:
    account = alone.pair()
    alone.daemon.signal_child(account.id, signal.SIGSTOP)  # it cannot log the device out
    alone.daemon.tell(AccountUnpair(account=alone.label)).close()
    alone.wait("unpaired", "unpaired")
    alone.daemon.kill()
    gone(alone.daemon)
    assert alone.listed
    assert alone.daemon.directories(account.id) == [str(account.session)]
    alone.daemon.start()
    alone.whatsapp.wait_unlinked(alone.phone)
    until(lambda: alone.files == [], "the files to go")
    assert steady(lambda: (alone.account.status, alone.account.reason)) == ("unpaired", "unpaired")


def test_files_that_no_row_names_are_swept_at_the_start(alone: Stage) -> None:
    account = alone.pair()
    alone.daemon.stop()
    sessions = alone.daemon.state / "sessions"
    for leftover in (f"{account.id}/77", "acc_0123456789ab/1"):
        (sessions / leftover).mkdir(parents=True)
        (sessions / leftover / "device.sqlite3").touch()
    alone.daemon.start()
    assert [entry.name for entry in sessions.iterdir()] == [account.id]
    assert alone.files == [str(account.session)]


def test_an_outdated_engine_is_tried_again_after_the_upgrade_that_restarts_it(
    alone: Stage,
) -> None:
    alone.pair()
    alone.whatsapp.refuse(alone.phone, 405)
    alone.whatsapp.drop(alone.phone)
    alone.wait("disconnected", "client_outdated")
    alone.daemon.stop()
    alone.whatsapp.admit(alone.phone)
    alone.daemon.start()
    alone.wait("connected", "ok")


def test_many_accounts_in_every_state_are_stopped_within_ten_seconds(alone: Stage) -> None:
    connected, pairing, retrying, hanging = (alone.another() for _ in range(4))
    for stage in (connected, retrying, hanging):
        stage.pair()
    with alone.daemon.pairing(pairing.label) as showing:
        showing.qr()
    alone.whatsapp.behave(answer_handshake=False)
    retrying.reconnect()
    alone.daemon.signal_child(hanging.account.id, signal.SIGSTOP)
    start = time.monotonic()
    alone.daemon.process.send_signal(signal.SIGTERM)
    assert alone.daemon.stop() == 0  # a second signal disturbs nothing
    assert time.monotonic() - start < 10
    assert alone.daemon.processes() == {}
    alone.whatsapp.behave(answer_handshake=True)
    alone.daemon.start()
    for stage in (connected, retrying, hanging):
        stage.wait("connected", "ok")
    pairing.wait("unpaired", "pairing_failed")


def test_ctrl_c_ends_it_as_sigterm_does(alone: Stage) -> None:
    alone.pair()
    assert alone.daemon.stop(signal.SIGINT) == 0
    assert alone.daemon.processes() == {}


def test_the_embedded_postgres_ends_with_the_daemon_however_it_ends(
    embedded: DaemonProcess,
) -> None:
    assert embedded.call(Status()).daemon.database == "embedded"
    embedded.add("ops")
    for end in (embedded.kill, embedded.stop):
        assert any("postgres" in command for command in embedded.processes().values())
        end()
        gone(embedded)
        embedded.start()
    assert embedded.show("ops").status == "unpaired"


def test_an_embedded_postgres_that_dies_is_started_again(embedded: DaemonProcess) -> None:
    embedded.add("ops")
    [postgres] = [pid for pid, command in embedded.processes().items() if "/postgres -D" in command]
    os.kill(postgres, signal.SIGKILL)
    until(lambda: is_written(embedded), "postgres to be back")
    assert embedded.show("written").status == "unpaired"


def is_written(daemon: DaemonProcess) -> bool:
    """Tell whether the database takes writes."""
    try:
        daemon.add("written")
    except WaremindError as error:
        return error.code is not ErrorCode.DATABASE_UNAVAILABLE
    return True
