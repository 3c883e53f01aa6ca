"""WhatsApp that answers no pings: the engine notices, and the watchdog ends what does not mend."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from accounts.stage import Stage, stage
from daemon_process import DaemonProcess, environment, until
from whatsapp_server.harness import PlayedWhatsApp

# The engine pings every 20 to 30 s, and waits 10 s for the answer.
NOTICED_SECONDS = 60.0
WATCHFUL = {"WAREMIND_SESSIONS__WATCH_SECONDS": "5"}


@pytest.fixture
def watched(dsn: str, played_whatsapp: PlayedWhatsApp) -> Iterator[Stage]:
    """Yield an account on a daemon that gives a lost connection five seconds to come back."""
    with DaemonProcess(environment(played_whatsapp, dsn) | WATCHFUL) as daemon:
        yield stage(daemon, played_whatsapp)


@pytest.mark.timeout(180)
def test_a_session_whose_pings_nobody_answers_is_lost_and_the_next_one_takes_over(
    watched: Stage,
) -> None:
    session = watched.pair().session
    watched.whatsapp.behave(watched.phone, answer_pings=False)
    until(lambda: watched.account.reason == "network", "it to be noticed", NOTICED_SECONDS)
    lost = watched.wait("disconnected", "network")
    assert lost.session == session
    assert "does not answer pings" in lost.status_text
    watched.whatsapp.behave(watched.phone, answer_pings=True)
    assert watched.wait("connected", "ok").session > session
    assert len(watched.files) == 1
