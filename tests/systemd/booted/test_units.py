"""The units as systemd reads them, and what an installation leaves on the machine."""

import re
from pathlib import Path

import pytest
from systemd.machine import HOME, PROGRAM, Box, booted, until
from systemd.systems import System


def test_systemd_finds_nothing_to_say_about_the_units(box: Box) -> None:
    units = ("waremind.service", "waremind.socket", "waremind-read.socket")
    done = box.run("systemd-analyze", "verify", *units)
    assert done.stdout + done.stderr == ""


def test_the_daemon_is_confined(box: Box) -> None:
    said = box.run("systemd-analyze", "security", "--no-pager", "waremind.service").stdout
    exposure = re.search(r"Overall exposure level .*: ([\d.]+)", said)
    assert exposure
    assert float(exposure[1]) < 1.5


def test_memory_is_bounded_and_the_daemon_is_not_the_first_to_go(box: Box) -> None:
    high, most = int(box.show("MemoryHigh")), int(box.show("MemoryMax"))
    assert 0 < high < most
    assert int(box.show("OOMScoreAdjust")) < 0


def test_the_unit_runs_the_program_that_installed_it(box: Box) -> None:
    assert f"ExecStart={PROGRAM} daemon\n" in box.systemctl("cat", "waremind").stdout
    assert f"ExecPaths=/usr {HOME}\n" in box.systemctl("cat", "waremind").stdout


def test_installing_again_changes_nothing(box: Box) -> None:
    assert box.ask("systemd", "install") == {"changed": False, "files": []}
    assert box.waremind("systemd", "install", "--check", check=False).returncode == 0


def test_the_files_can_be_read_before_they_are_installed(box: Box) -> None:
    files = box.ask("systemd", "install", "--print")["files"]
    for place, text in files.items():
        assert box.run("cat", place).stdout == text
    printed = box.waremind("systemd", "install", "--print").stdout
    assert all(f"# {place}\n" in printed for place in files)


def test_a_changed_unit_is_put_right(box: Box) -> None:
    unit = Path("/etc/systemd/system/waremind.service")
    box.run("sed", "-i", "s/^WatchdogSec=.*/WatchdogSec=1h/", unit)
    assert box.waremind("systemd", "status", "--exit-status", check=False).returncode == 3
    assert box.waremind("systemd", "install", "--check", check=False).returncode == 10
    assert box.ask("systemd", "install") == {"changed": True, "files": [str(unit)]}
    assert box.waremind("systemd", "status", "--exit-status").returncode == 0


def test_systemd_status_says_what_the_daemon_says_of_itself(box: Box) -> None:
    until(lambda: box.show("StatusText"))
    state = box.ask("systemd", "status")
    assert (state["installed"], state["current"], state["active"]) == (True, True, "active")
    # The daemon may say something new between two looks.
    until(lambda: box.ask("systemd", "status")["status_text"] == box.show("StatusText"))
    assert str(state["pid"]) == box.show("MainPID")


def listing(box: Box) -> set[str]:
    """List what an installation could leave behind."""
    return set(box.run("find", "/etc", "/opt", "/var", "/run/waremind").stdout.split())


def test_uninstalling_leaves_the_data_and_nothing_else(wheel: Path, system: System) -> None:
    with booted(wheel, system) as box:
        box.run("mkdir", "/run/waremind")
        before = listing(box)
        box.run("rmdir", "/run/waremind")
        box.waremind("systemd", "install")
        box.systemctl("enable", "--now", "waremind.socket", "waremind.service")
        box.waremind("account", "add", "ops")
        assert box.ask("systemd", "uninstall")["changed"] is True
        assert box.ask("systemd", "uninstall") == {"changed": False, "files": []}
        assert box.run("pgrep", "-u", "waremind", check=False).stdout == ""
        assert box.run("test", "-e", "/run/waremind", check=False).returncode == 1
        box.run("mkdir", "/run/waremind")
        left = {path for path in listing(box) - before if not path.startswith("/var/lib/waremind")}
    assert {path for path in left if "__pycache__" not in path} <= {
        "/etc/waremind",
        "/etc/group-",
        "/etc/gshadow-",
        "/etc/passwd-",
        "/etc/shadow-",
    }


def test_it_installs_for_a_machine_that_does_not_run(box: Box) -> None:
    root = Path("/root/image")
    box.run("sh", "-c", f"mkdir -p {root}/etc && cp /etc/os-release {root}/etc")
    box.run("cp", "/etc/passwd", "/etc/group", root / "etc")
    box.waremind("systemd", "install", "--root", root, "--user", "alice")
    unit = box.run("cat", root / "etc/systemd/system/waremind.service").stdout
    assert "\nUser=alice\n" in unit
    assert "\nGroup=waremind\n" in unit
    assert box.ask("systemd", "uninstall", "--root", root)["changed"] is True
    left = box.run("find", root / "etc", "-name", "*waremind*").stdout.split()
    assert left == [f"{root}/etc/waremind"]


@pytest.mark.parametrize(("hidden", "home"), [("/home", "/home/alice"), ("/root", "/root")])
def test_a_program_that_the_unit_could_not_execute_is_refused_with_the_cure(
    box: Box, hidden: str, home: str
) -> None:
    venv = Path(home) / "venv"
    box.run(box.python, "-m", "venv", "--without-pip", venv)
    site_packages = next(line for line in box.run("find", HOME, "-name", "*.pth").stdout.split())
    installed = Path(site_packages).parent
    box.run("cp", "-r", installed, venv / "lib" / installed.parent.name)
    box.run("cp", PROGRAM, venv / "bin")
    box.run("sed", "-i", f"1s,.*,#!{venv}/bin/python,", venv / "bin/waremind")
    done = box.run(venv / "bin/waremind", "systemd", "install", check=False)
    assert done.returncode == 7
    assert f"lies below {hidden}, which the unit hides from the daemon" in done.stderr
    assert "hint: install waremind where every user can execute it" in done.stderr
