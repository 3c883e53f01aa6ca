"""What about a reminder needs a person: since when, why, and the command that mends it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from waremind.daemon.reminders.group_lookup import named, obstacle, obstacle_since
from waremind.domain.lifecycle import MEANINGS
from waremind.domain.quoting import quoted
from waremind.domain.standing import Severity
from waremind.domain.wall_time import rfc3339
from waremind.objects import Attention, Run
from waremind.store.accounts import AccountRow
from waremind.store.groups import GroupRow
from waremind.store.reminder_row import ReminderRow
from waremind.store.silence import Silence


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that may be wrong: how bad it is, in words, and the cure.

    `{name}`, `{label}`, `{group}` and `{run}` are filled in.
    """

    severity: Severity
    text: str
    fix: str


TROUBLES = {
    "account_not_paired": Trouble(
        "critical", "account {label} is not paired", "waremind account pair {label}"
    ),
    "account_banned": Trouble(
        "critical", "account {label} is banned by WhatsApp", "waremind account show {label}"
    ),
    "group_left": Trouble(
        "critical",
        "account {label} is no longer in group {group}",
        "have it added to the group again, or: waremind reminder edit {name} --to GROUP",
    ),
    "group_not_seen": Trouble(
        "warning",
        "account {label} has not seen group {group} yet",
        "waremind account sync {label}; if it stays so, have it added to the group",
    ),
    "announce_only": Trouble(
        "critical",
        "only admins may write to group {group}, and account {label} is none",
        "make it an admin on the phone, or: waremind reminder edit {name} --to GROUP",
    ),
    "rule_too_slow": Trouble(
        "critical",
        "its rule cannot be computed within 100 ms of CPU, so it does not fire",
        "waremind reminder edit {name} --rrule RULE",
    ),
    "last_run_failed": Trouble(
        "warning",
        "its last run was not sent everywhere",
        "waremind run show {run}; then: waremind reminder run {name}",
    ),
    "last_run_unknown": Trouble(
        "warning",
        "nobody can know whether its last run was sent",
        "look at the phone, then: waremind run resolve {run} --as sent|failed",
    ),
    "nobody_received": Trouble(
        "critical",
        "WhatsApp has accepted its message to group {group}, and nobody has received it",
        "look into the group on the phone, then: waremind run acknowledge {run}",
    ),
}

# An account's status → what it means for its reminders.
ACCOUNT_TROUBLES = {"unpaired": "account_not_paired", "banned": "account_banned"}
_RUN_TROUBLES = {"failed": "last_run_failed", "unknown": "last_run_unknown"}


def attention_of(
    row: ReminderRow,
    account: AccountRow,
    groups: Sequence[GroupRow],
    last_run: Run | None,
    silence: Silence | None,
) -> list[Attention]:
    """List what needs a person; what cannot be sent matters while the reminder is active."""
    words = {"name": quoted(row.name), "label": quoted(account.label)}
    found: list[Attention] = []
    if row.state == "active":
        found += _cannot_send(row, account, groups, words)
    if last_run and (code := _RUN_TROUBLES.get(last_run.status)):
        since = last_run.finished_at or last_run.occurs_at
        found.append(_attention(code, since, **words, run=last_run.id))
    if silence:
        found.append(nobody_received(silence))
    return found


def nobody_received(silence: Silence) -> Attention:
    """Say that a message reached nobody, since it was sent."""
    group, run = quoted(silence.group), silence.run_id
    return _attention("nobody_received", silence.sent_at, group=group, run=run)


def _cannot_send(
    row: ReminderRow, account: AccountRow, groups: Sequence[GroupRow], words: dict[str, str]
) -> Iterator[Attention]:
    if code := ACCOUNT_TROUBLES.get(MEANINGS[account.state].status):
        yield _attention(code, account.status_since, **words)
    if row.too_slow_since:
        yield _attention("rule_too_slow", row.too_slow_since, **words)
    for group in groups:
        if code := obstacle(group):
            since = obstacle_since(group, row.created_at)
            yield _attention(code, since, **words, group=named(group))


def _attention(code: str, since: datetime | str, **words: str) -> Attention:
    trouble = TROUBLES[code]
    return Attention(
        code=code,
        severity=trouble.severity,
        since=since if isinstance(since, str) else rfc3339(since),
        text=trouble.text.format(**words),
        fix=trouble.fix.format(**words),
    )
