"""What a daemon that is no node of a cluster does without."""

from __future__ import annotations

from delivery.conftest import Staging

LISTENING = (
    "SELECT query FROM pg_stat_activity"
    " WHERE datname = current_database() AND query ILIKE 'listen%%'"
)


def test_on_one_machine_nobody_listens_and_nobody_is_woken(staging: Staging) -> None:
    stage = staging(1)
    stage.send("alone")
    assert stage.sql(LISTENING) == []
    assert stage.sql("SELECT sum(wakes) FROM nodes") == [(0,)]
    assert stage.sql("SELECT count(*) FROM commands") == [(0,)]
