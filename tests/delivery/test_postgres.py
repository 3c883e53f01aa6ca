"""PostgreSQL goes away in mid-batch, or takes a commit and never says so: nothing is doubled."""

from __future__ import annotations

import os
import signal
import time

from daemon_process import DaemonProcess, environment, until
from delivery.stage import UNGOVERNED, Stage, moment, stage
from delivery.unheard import waiting_server
from whatsapp_server.harness import PlayedWhatsApp

from waremind.requests.daemon import Status

GROUPS = 6
READY = "database system is ready to accept connections"


def answers(stage: Stage) -> bool:
    """Tell whether the daemon has its PostgreSQL."""
    return stage.daemon.call(Status()).runs is not None


def everything_once(stage: Stage) -> None:
    """Check that each group has the message exactly once, and that the runs say so."""
    until(lambda: answers(stage), "PostgreSQL to be back")
    assert stage.settled() == {"sent": GROUPS}
    shown = stage.shown()
    assert len(shown) == GROUPS
    assert set(shown.values()) == {1}
    assert stage.run().count == 1


def test_a_postgres_that_is_killed_in_mid_batch_loses_and_doubles_nothing(
    played_whatsapp: PlayedWhatsApp,
) -> None:
    with DaemonProcess(environment(played_whatsapp) | UNGOVERNED) as daemon:
        made = stage(daemon, played_whatsapp, "", GROUPS)
        made.behave(ack_delay=0.1)
        made.remind()
        made.arrived(2)
        kill_postgres(daemon)
        everything_once(made)


def kill_postgres(daemon: DaemonProcess) -> None:
    """Kill the embedded server while it is ready."""
    os.kill(daemon.postgres(), signal.SIGKILL)


def restart_postgres(daemon: DaemonProcess) -> None:
    """Kill the embedded server, and wait until it is ready again."""
    starts = daemon.log.count(READY)
    kill_postgres(daemon)
    until(lambda: daemon.log.count(READY) > starts, "PostgreSQL to be back")


def test_what_falls_due_while_postgres_is_away_leaves_soon_after_it_is_back(
    played_whatsapp: PlayedWhatsApp,
) -> None:
    with DaemonProcess(environment(played_whatsapp) | UNGOVERNED) as daemon:
        made = stage(daemon, played_whatsapp, "", groups=1)
        for _ in range(2):  # each time it is started again later
            restart_postgres(daemon)
        until(lambda: answers(made), "the daemon to have noticed")
        made.remind(at=moment(seconds=2))
        restart_postgres(daemon)
        back_at = time.monotonic()
        made.arrived(1)
        assert time.monotonic() - back_at < 2


def test_commits_of_which_the_daemon_is_never_told_lose_and_double_nothing(
    played_whatsapp: PlayedWhatsApp,
) -> None:
    with (
        waiting_server() as server,
        DaemonProcess(environment(played_whatsapp, server.dsn) | UNGOVERNED) as daemon,
    ):
        made = stage(daemon, played_whatsapp, server.dsn, GROUPS)
        made.behave(ack_delay=0.1)
        with made.daemon.client() as client:
            made.remind()
            made.arrived(1)
            with server.waiting():
                for _ in range(4):
                    until(server.cut, "a commit that waits")
            client.call(Status())
        everything_once(made)
