"""What tells others how all is, in the units' confinement: the metrics' timer and hooks."""

import json
from pathlib import Path

from systemd.machine import CONFIG, Box, until

COLLECTOR = Path("/var/lib/prometheus/node-exporter")
METRICS = COLLECTOR / "waremind.prom"
HOOK = Path("/usr/local/bin/tell-me")
TOLD = Path("/var/lib/waremind/told")


def test_systemd_finds_nothing_to_say_about_the_metrics_units(box: Box) -> None:
    done = box.run("systemd-analyze", "verify", "waremind-metrics.timer")
    assert done.stdout + done.stderr == ""


def test_the_collector_s_directory_gets_a_file_that_others_may_read(box: Box) -> None:
    box.run("install", "-d", "-o", "nobody", "-m", "755", COLLECTOR)
    box.systemctl("start", "waremind-metrics.service")
    assert "\nwaremind_up 1.0\n" in box.run("cat", METRICS).stdout
    assert box.run("stat", "--format=%a", METRICS).stdout == "644\n"
    assert box.run("ls", "-A", COLLECTOR).stdout == "waremind.prom\n"


def test_a_hook_runs_as_the_daemon_s_user_and_can_do_no_more_than_the_daemon(box: Box) -> None:
    script = f"#!/bin/sh\ncat >> {TOLD}\nid -un >> {TOLD}.user\ntouch /etc/hacked 2>/dev/null\n"
    box.write(HOOK, script, "755")
    box.write(CONFIG, f'[hooks]\nattention = ["{HOOK}"]\n')
    box.systemctl("restart", "waremind")
    box.waremind("freeze")
    until(lambda: "attention.begun" in box.run("cat", TOLD, check=False).stdout)
    box.waremind("thaw")
    until(lambda: "attention.ended" in box.run("cat", TOLD).stdout)
    types = [json.loads(line)["type"] for line in box.run("cat", TOLD).stdout.splitlines()]
    assert types == ["attention.begun", "attention.ended"]
    assert set(box.run("cat", f"{TOLD}.user").stdout.split()) == {"waremind"}
    assert box.run("test", "-e", "/etc/hacked", check=False).returncode == 1
