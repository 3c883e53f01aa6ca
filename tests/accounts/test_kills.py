"""kill -9 of the daemon at any point of pair, unpair and delete leaves nothing half done."""

from __future__ import annotations

from campaigns.account_kills import DEEDS, round_
from daemon_process import DaemonProcess
from whatsapp_server.harness import PlayedWhatsApp

SEEDS = (3, 5, 8)


def test_after_a_kill_every_account_is_as_the_table_allows_and_nothing_is_left(
    embedded: DaemonProcess, played_whatsapp: PlayedWhatsApp
) -> None:
    for seed in SEEDS:
        ends = round_(embedded, played_whatsapp, seed)
        assert ends.total() == len(DEEDS)
