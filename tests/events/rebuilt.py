"""What `account list` and `run list` say, rebuilt from nothing but events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from waremind.objects import Account, Run
from waremind.requests.events import Event
from waremind.store.runs import STATUSES

TOLD_OF_ACCOUNTS = (
    *("label", "status", "reason", "jid", "phone", "push_name", "session", "created_at"),
    *("status_since", "last_connected_at", "banned_until"),
)


class Rebuilt:
    """Accounts and runs by id, as the events tell."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.accounts: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        for event in events:
            self.hear(event)

    def hear(self, event: Event) -> None:
        match event.type.split("."):
            case ["account", "deleted"]:
                del self.accounts[str(event.account)]
                self._forget("account_id", event.account)
            case ["account", _]:
                told = {name: _instant(event.data[name]) for name in TOLD_OF_ACCOUNTS}
                self.accounts[str(event.account)] = told
            case ["reminder", "deleted"]:
                self._forget("reminder_id", event.reminder)
            case ["run", "created"]:
                ids = {"account_id": event.account, "reminder_id": event.reminder}
                self.runs[str(event.run)] = event.data | ids | {"deliveries": {}}
            case ["delivery", status]:
                delivery = event.data | {"status": status}
                self.runs[str(event.run)]["deliveries"][event.group] = delivery
            case _:
                pass

    def _forget(self, name: str, id_: str | None) -> None:
        self.runs = {run: each for run, each in self.runs.items() if each[name] != id_}

    def listed_runs(self) -> dict[str, Any]:
        return {id_: _run(each) for id_, each in self.runs.items()}


def _run(run: dict[str, Any]) -> Any:
    deliveries = run["deliveries"].values()
    statuses = {each["status"] for each in deliveries} or {run["outcome"] or "missed"}
    started = [_instant(each["started_at"]) for each in deliveries if each["started_at"]]
    return (
        run["account_id"],
        run["reminder_id"],
        _instant(run["occurs_at"]),
        next(status for status in STATUSES if status in statuses),
        run["count"],
        _instant(run["until"]),
        min(started, default=None),
        {
            group: (each["status"], each["reason"], each["message_id"], each["attempts"])
            for group, each in run["deliveries"].items()
        },
    )


def seen_runs(runs: Iterable[Run]) -> dict[str, Any]:
    """Read the same off `run list`."""
    return {
        run.id: (
            run.account_id,
            run.reminder_id,
            _instant(run.occurs_at),
            run.status,
            run.count,
            _instant(run.until),
            _instant(run.started_at),
            {
                each.group.id: (each.status, each.reason, each.message_id, each.attempts)
                for each in run.deliveries
            },
        )
        for run in runs
    }


def seen_accounts(accounts: Iterable[Account]) -> dict[str, Any]:
    """Read the same off `account list`."""
    return {
        each.id: {name: _instant(getattr(each, name)) for name in TOLD_OF_ACCOUNTS}
        for each in accounts
    }


def _instant(value: Any) -> Any:
    """Read what is a time as one, to the second; leave the rest as it is."""
    try:
        return datetime.fromisoformat(value).replace(microsecond=0)
    except (TypeError, ValueError):
        return value
