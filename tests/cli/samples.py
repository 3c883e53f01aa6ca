"""Objects as a daemon would send them; a test names what matters to it."""

from __future__ import annotations

from typing import Any

from waremind.objects import (
    Account,
    Attention,
    DaemonState,
    Delivery,
    Group,
    GroupName,
    NextReminder,
    Reminder,
    Run,
    RunCounts,
    StatusReport,
)
from waremind.requests.calendar import Calendar

NOON = "2026-12-01T12:00:00+01:00"
NOON_IN_UTC = "2026-12-01T11:00:00+00:00"
TEAM = GroupName("grp_0123456789ab", "1203630@g.us", "Team")
OFFLINE = Attention(
    code="logged_out",
    severity="critical",
    since=NOON,
    text="the phone unlinked it",
    fix="waremind account pair ops",
)


def account(**differences: Any) -> Account:
    """Make a connected account called ops."""
    fields: dict[str, Any] = {
        "id": "acc_0123456789ab",
        "label": "ops",
        "status": "connected",
        "reason": "ok",
        "status_text": "Connected to WhatsApp.",
        "actions": ["Sync", "Unpair", "Delete"],
        "attention": [],
        "jid": "4915112345678@s.whatsapp.net",
        "phone": "+4915112345678",
        "push_name": "Ops",
        "session": 3,
        "created_at": NOON,
        "status_since": NOON,
        "last_connected_at": NOON,
        "phone_seen_at": NOON,
        "banned_until": None,
        "restricted_until": None,
    }
    return Account(**{**fields, **differences})


def group(**differences: Any) -> Group:
    """Make a group called Team."""
    fields: dict[str, Any] = {
        "id": TEAM.id,
        "account": "ops",
        "account_id": "acc_0123456789ab",
        "jid": TEAM.jid,
        "name": TEAM.name,
        "participants": 7,
        "announce_only": False,
        "left": False,
        "synced_at": NOON,
    }
    return Group(**{**fields, **differences})


def delivery(**differences: Any) -> Delivery:
    """Make a delivery to Team that was sent."""
    fields: dict[str, Any] = {
        "group": TEAM,
        "status": "sent",
        "reason": None,
        "message_id": "3EB0",
        "attempts": 1,
        "members": 7,
        "delivered": 6,
        "read": 2,
    }
    return Delivery(**{**fields, **differences})


def run(**differences: Any) -> Run:
    """Make a run of `waremind send` that was sent."""
    fields: dict[str, Any] = {
        "id": "run_0123456789ab",
        "reminder": None,
        "reminder_id": None,
        "account": "ops",
        "account_id": "acc_0123456789ab",
        "occurs_at": NOON,
        "status": "sent",
        "reason": None,
        "reason_text": None,
        "count": 1,
        "until": None,
        "started_at": NOON,
        "finished_at": NOON,
        "deliveries": [delivery(status=differences.get("status", "sent"))],
    }
    return Run(**{**fields, **differences})


def reminder(**differences: Any) -> Reminder:
    """Make an active daily reminder called standup."""
    fields: dict[str, Any] = {
        "id": "rem_0123456789ab",
        "name": "standup",
        "account": "ops",
        "account_id": "acc_0123456789ab",
        "to": [TEAM],
        "text": "Stand-up\nin 5 minutes",
        "at": None,
        "rrule": "FREQ=DAILY",
        "start": "2026-12-01T09:00:00",
        "tz": "Europe/Berlin",
        "misfire": "skip",
        "grace_seconds": 600,
        "mention_all": False,
        "state": "active",
        "next_at": NOON,
        "last_run": None,
        "attention": [],
    }
    return Reminder(**{**fields, **differences})


def status(**differences: Any) -> StatusReport:
    """Make the report of a daemon where all is well."""
    fields: dict[str, Any] = {
        "ok": True,
        "version": "0.1.0",
        "daemon": DaemonState(4711, NOON, "embedded"),
        "frozen": None,
        "accounts": {"connected": 3, "banned": 0, "unpaired": 1},
        "runs": RunCounts(due=2, held=0, failed_24h=1, unknown=0),
        "next_at": NOON,
        "next_reminder": NextReminder("rem_0123456789ab", "standup", "Europe/Berlin"),
        "attention": [],
    }
    return StatusReport(**{**fields, **differences})


def calendar() -> Calendar:
    return Calendar(
        id="cal_000000000000",
        name="bavaria",
        source="country",
        country="DE",
        subdivision="BY",
        ends_on="2036-12-31",
        changed_at=NOON,
    )
