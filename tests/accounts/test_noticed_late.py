"""What only time tells: a child that hangs, codes that nobody uses, handshakes never answered."""

from __future__ import annotations

import signal

import pytest
from accounts.stage import Stage
from daemon_process import until

from waremind.errors import ErrorCode, WaremindError


def test_what_says_nothing_at_all_is_noticed_all_the_same(alone: Stage) -> None:
    """One test for three, so that their half minutes pass side by side."""
    hanging, unheard = alone.another(), alone.another()
    session = hanging.pair().session
    unheard.pair()
    alone.daemon.signal_child(hanging.account.id, signal.SIGSTOP)
    with (
        alone.behaving(qr_refs=2),
        alone.daemon.pairing(alone.label) as pairing,
    ):
        pairing.qr()
        with alone.behaving(answer_handshake=False):
            unheard.reconnect()
            # The library gives up a handshake after 20 s, and tells nobody.
            until(lambda: unheard.account.reason == "connect_failed", "the handshake to fail")
        # Its last code was good for 20 s; then no event comes.
        with pytest.raises(WaremindError) as end:
            pairing.connected()
    assert end.value.code is ErrorCode.PAIRING_TIMED_OUT
    assert alone.account.reason == "pairing_timed_out"
    unheard.wait("connected", "ok")
    until(lambda: hanging.account.session > session, "the hanging child to be killed", 45)
    hanging.wait("connected", "ok")
