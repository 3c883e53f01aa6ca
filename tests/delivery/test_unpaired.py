"""Accounts that are unpaired or deleted with reminders due: nothing is lost, or all of it gone."""

from __future__ import annotations

from delivery.conftest import Staging
from delivery.stage import moment

from waremind.requests.account import AccountDelete
from waremind.requests.daemon import AuditList
from waremind.requests.reminder import ReminderList


def test_what_falls_due_while_unpaired_is_held_and_sent_after_pairing(staging: Staging) -> None:
    stage = staging(2)
    stage.daemon.unpair(stage.label)
    stage.remind()
    stage.has("held", 2)
    assert stage.run().reason == "unpaired"
    stage.pair()
    assert stage.settled() == {"sent": 2}


def test_what_is_late_after_pairing_goes_by_the_misfire_rule(staging: Staging) -> None:
    stage = staging(1)
    stage.daemon.unpair(stage.label)
    reminders = {rule: stage.remind(misfire=rule) for rule in ("skip", "once", "all")}
    stage.has("held", 3)
    stage.sql(
        "UPDATE runs SET occurs_at = occurs_at - interval '1 day'"
        " WHERE account_id = (SELECT id FROM accounts WHERE label = %s)",
        stage.label,
    )
    stage.pair()
    assert stage.settled() == {"missed": 1, "sent": 2}
    became = {run.reminder: (run.status, run.reason) for run in stage.runs()}
    assert became[reminders["skip"].name] == ("missed", "unpaired")


def test_an_unpair_in_mid_batch_holds_the_rest_and_pairing_sends_it_once(staging: Staging) -> None:
    stage = staging(6)
    stage.behave(ack_delay=0.1)
    stage.remind()
    stage.arrived(2)
    stage.daemon.unpair(stage.label)
    stage.has("held", 3)
    before = len(stage.messages())
    stage.pair()
    statuses = stage.settled()
    assert set(statuses) <= {"sent", "unknown"}
    assert statuses["unknown"] <= 1
    assert len(stage.messages()) > before
    assert set(stage.shown().values()) == {1}


def test_what_the_phone_unlinks_is_held_as_well(staging: Staging) -> None:
    stage = staging(2)
    stage.whatsapp.unlink(stage.phone)
    stage.wait("unpaired", "logged_out")
    stage.remind()
    stage.has("held", 2)
    assert stage.run().reason == "unpaired"


def test_a_deleted_account_takes_all_with_it_but_the_audit(staging: Staging) -> None:
    stage = staging(6)
    account = stage.daemon.show(stage.label).id
    stage.remind(at=moment(days=1))
    stage.behave(ack_delay=0.2)
    stage.remind()
    stage.arrived(1)
    stage.daemon.call(AccountDelete(account=stage.label))
    assert stage.sql(
        "SELECT (SELECT count(*) FROM reminders WHERE account_id = %s),"
        " (SELECT count(*) FROM whatsapp_groups WHERE account_id = %s),"
        " (SELECT count(*) FROM runs WHERE account_id = %s),"
        " (SELECT count(*) FROM deliveries WHERE account_id = %s)",
        *[account] * 4,
    ) == [(0, 0, 0, 0)]
    assert account not in {r.account for r in stage.daemon.call(ReminderList()).reminders}
    actions = {
        entry.action
        for entry in stage.daemon.call(AuditList(limit=0)).audit
        if stage.label == entry.target.name or entry.target.id == account
    }
    assert {"account.add", "account.pair", "account.delete"} <= actions
    other = staging(1)
    assert other.send("life goes on").status == "sent"
    assert len(stage.messages()) <= 2
