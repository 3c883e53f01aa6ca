"""A step of the life cycle as a change of the account's row, and how long each state waits.

Pure but for the row's type.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from waremind.daemon.accounts.inbox import PairingOptions
from waremind.domain.backoff import delay_seconds
from waremind.domain.lifecycle import COMMANDS, MEANINGS, Cause, Effect, State, Step
from waremind.settings import Sessions
from waremind.store.accounts import AccountRow
from waremind.whatsapp.reports import Identity, LifeReport

# One retry after a takeover; a second takeover within this time needs a person.
REPLACED_AGAIN_WITHIN = timedelta(hours=1)

# What stood as long before it failed is tried again as soon as if it had never failed.
STABLE = timedelta(minutes=1)

# The phone tells of each message that it gets: a row is not written for each.
SEEN_WITHIN = timedelta(hours=1)


def cause_of(report: LifeReport, row: AccountRow, expected: str | None, now: datetime) -> Cause:
    """Say which cause a report is, seen against the row.

    `expected` is the phone number that may pair; None: any.
    """
    if report.cause is Cause.PAIRED and expected and report.identity:
        return Cause.PAIRED if report.identity.phone == expected else Cause.PAIRED_OTHER
    if report.cause is Cause.REPLACED and row.replaced_at:
        recently = now - row.replaced_at < REPLACED_AGAIN_WITHIN
        return Cause.REPLACED_AGAIN if recently else Cause.REPLACED
    return report.cause


def expected_phone(options: PairingOptions, row: AccountRow) -> str | None:
    """Say which phone alone may pair; None: any."""
    return options.expect or (None if options.new_number else row.phone)


def kept_devices(row: AccountRow) -> set[int]:
    """Name the devices whose keys must stay: the linked one, and that of a pairing under way."""
    if row.state is State.PAIRING:
        return {row.session}
    return {row.device} if row.device and row.state is not State.UNPAIRING else set()


def identity_of(news: LifeReport | Identity | None) -> Identity | None:
    """Say whose the keys are, where a report or an import does."""
    return news.identity if isinstance(news, LifeReport) else news


def next_row(
    row: AccountRow,
    step: Step,
    cause: Cause,
    now: datetime,
    news: LifeReport | Identity | None = None,
) -> AccountRow:
    """Compute the row after a step.

    `news` is what a session has reported, or whose the keys are that an import brings.
    """
    report = news if isinstance(news, LifeReport) else None
    seen = identity_of(news)
    changes: dict[str, Any] = {
        "state": step.state,
        "state_since": now,
        "detail": report.detail if report else "",
        "session": row.session + step.fences,
        "banned_until": report.until if report and step.state is State.TEMPORARY_BAN else None,
    }
    if step.state == row.state:  # only its effects are due again
        changes = {"session": changes["session"]}
    elif MEANINGS[step.state].status != MEANINGS[row.state].status:
        changes["status_since"] = now
    changes |= _device(row, step, cause, now)
    changes |= _history(row, step, cause, now)
    if seen and MEANINGS[step.state].device:
        changes |= _identity(row, seen)
    return replace(row, **changes)


def with_phone_seen(row: AccountRow, at: datetime) -> AccountRow:
    """Compute the row after the phone was seen: the same one as long as it says so well enough."""
    is_news = row.phone_seen_at is None or at - row.phone_seen_at >= SEEN_WITHIN
    return replace(row, phone_seen_at=at) if is_news else row


def _device(row: AccountRow, step: Step, cause: Cause, now: datetime) -> dict[str, Any]:
    if not MEANINGS[step.state].device:
        return {"device": None}
    if cause is Cause.PAIRED:
        return {"device": row.session, "linked_at": now, "phone_seen_at": now}
    if cause is Cause.IMPORT:  # nobody knows when its phone was seen
        return {"device": row.session + step.fences, "linked_at": now, "phone_seen_at": None}
    return {}


def _history(row: AccountRow, step: Step, cause: Cause, now: datetime) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if row.state is State.CONNECTED and now - row.state_since >= STABLE:
        changes["retries"] = 0
    if Effect.RETRY in step.effects and cause not in {Cause.STARTED, Cause.CLAIMED}:
        changes["retries"] = changes.get("retries", row.retries) + 1
    if cause is Cause.REPLACED:
        changes["replaced_at"] = now
    if cause in COMMANDS:  # a person has taken care
        changes |= {"replaced_at": None, "retries": 0}
    if step.state is State.CONNECTED:
        changes["last_connected_at"] = now
    return changes


def _identity(row: AccountRow, seen: Identity) -> dict[str, Any]:
    return {
        "jid": seen.jid,
        "phone": seen.phone,
        "lid": seen.lid or row.lid,
        "push_name": seen.push_name or row.push_name,
    }


def patience_seconds(state: State, settings: Sessions, pairing_left: float) -> float:
    """Say how long a state may last; `pairing_left` is what is left of the pairing's timeout."""
    return {
        State.PAIRING: pairing_left,
        State.LINKED: pairing_left,
        State.RESUMING: min(pairing_left, settings.resume_seconds),
    }.get(state, settings.watch_seconds)


def retry_seconds(row: AccountRow, settings: Sessions, now: datetime, chance: float) -> float:
    """Say how long to wait before the next try; `chance` in [0, 1) spreads many accounts."""
    first, most = settings.retry_first_seconds, settings.retry_max_seconds
    delay = delay_seconds(max(1, row.retries), first, most, chance)
    if row.state is State.REPLACED:
        return settings.retry_replaced_seconds * (1 + chance)
    if row.state is State.REFUSED:
        return settings.retry_refused_seconds
    if row.state is State.TEMPORARY_BAN and row.banned_until:
        left = (row.banned_until - now).total_seconds()
        return max(0.0, left) + delay  # a ban that has not ended is asked ever more slowly
    return delay
