"""Whatever is asked of the node that has not the account is done as on the one that has it."""

from __future__ import annotations

from typing import Any

import psycopg
from cluster.node import Node
from daemon_process import until
from delivery.stage import Stage
from whatsapp_server.harness import PlayedWhatsApp

from waremind.requests.account import AccountDelete, AccountList, AccountMove, AccountRename
from waremind.requests.daemon import AuditList, FreezeSet, Status, Thaw
from waremind.requests.reminder import ReminderList
from waremind.requests.run import ReminderRun, RunRevoke

PHONE = "628110000002"


def test_every_command_works_on_the_node_that_has_not_the_account(
    nodes: tuple[Node, Node], played_whatsapp: PlayedWhatsApp, dsn: str
) -> None:
    first, second = nodes
    second.add("dev")
    second.call(AccountMove(account="dev", node="first"))
    until(lambda: first.has("dev"), "the account to go over")
    dev = Stage(second, played_whatsapp, dsn, "dev", PHONE)
    dev.group()
    with second.pairing("dev") as left:
        left.qr()
    # It goes on when its terminal is gone. The QR comes to whoever joins where, and the end too.
    with second.pairing("dev") as shown, first.pairing("dev") as joined:
        code = shown.qr()
        assert joined.qr() == code
        played_whatsapp.scan(code, PHONE)
        assert shown.connected().id == joined.connected().id
    dev.sync()
    assert not rows(dsn, "SELECT event FROM command_events")
    cut_off(dsn)  # what listens begins anew, and misses nothing
    assert dev.send("one").status == "sent"
    reminder = dev.remind(text="two")
    dev.arrived(2)
    ran = second.call(ReminderRun(reminder=reminder.id)).run
    assert ran is not None
    assert ran.status == "sent"
    second.call(FreezeSet(account="dev"))
    assert frozen(first) == frozen(second) == {"dev"}
    dev.remind(text="three")
    dev.has("held")
    assert second.call(Thaw(account="dev", held="all")).released == 1
    dev.arrived(4)
    revoked = second.call(RunRevoke(run=ran.id)).run
    assert revoked is not None
    assert revoked.status == "revoked"
    second.call(AccountRename(account="dev", label="prod"))
    assert first.show("prod") == second.show("prod")
    assert first.call(ReminderList()) == second.call(ReminderList())
    assert second.unpair("prod").device_removed
    assert second.call(AccountDelete(account="prod")).runs == 4
    assert first.call(AccountList()).accounts == second.call(AccountList()).accounts == []
    assert first.call(AuditList(limit=0)) == second.call(AuditList(limit=0))
    until(lambda: not rows(dsn, "SELECT id FROM commands"), "the last answer to be read")


def frozen(node: Node) -> set[str | None]:
    """Say what a node shows as frozen, once it shows anything."""

    def found() -> set[str | None]:
        return {each.name for each in node.call(Status()).attention if each.code == "frozen"}

    return until(found, f"{node.name} to hear of a freeze")


def cut_off(dsn: str) -> None:
    """Cut the connections on which nodes listen."""
    query = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
    )
    assert len(rows(dsn, query)) == 2


def rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()
