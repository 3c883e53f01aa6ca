"""Runs as operators read them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from operator import itemgetter
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from waremind.domain.wall_time import optional_rfc3339, rfc3339
from waremind.objects import Delivery, GroupName, MediaFile, MemberReceipt, Run
from waremind.store import delivery_rows
from waremind.store.database import Connection
from waremind.store.delivery_rows import DeliveryRow, RecipientRow
from waremind.store.reminder_row import ReminderRow
from waremind.store.runs import SeenRun

# Why a delivery, or a stretch of occurrences, stands as it does.
REASONS = {
    "late": "Nothing could be claimed or sent, and it is late by more than the grace.",
    "down": "The daemon was not running when it was due, or was to be sent.",
    "capped": "More of them were late than are sent afterwards.",
    "paused": "The reminder was paused when it was due, or while it was held.",
    "by_operator": "An operator has skipped it.",
    "quiet": "It fell into quiet hours, and was too late at their end.",
    "frozen": "An operator has frozen outgoing messages.",
    "unpaired": "The account is not paired.",
    "banned": "WhatsApp has banned the account.",
    "restricted": "WhatsApp refuses to send for the account for now.",
    "group_left": "The account is no longer in the group.",
    "announce_only": "Only admins may write to the group, and the account is none.",
    "not_connected": "The account was not connected until the grace had ended.",
    "not_uploaded": "Its file could not be handed to WhatsApp until the grace had ended.",
    "interrupted": "The session ended, or fell silent, in mid-send.",
    "crashed": "The daemon ended in mid-send.",
    "resolved": "An operator has said how it ended.",
    "revoked": "An operator has revoked its run.",
}
# Why a message that was to be deleted for everyone still stands, where it is not one of the above.
REVOKE_REASONS = {
    "too_old": "It is older than two days: WhatsApp no longer lets it be deleted.",
    "other_device": "A device sent it that was linked before the account was paired anew.",
    "no_message_id": "Nobody knows its id: an operator has said that it was sent.",
    "interrupted": "The session ended, or fell silent, in mid-deletion: it may be gone.",
}
_REFUSED = "refused_"


async def runs_of(connection: Connection, rows: Sequence[SeenRun]) -> list[Run]:
    """Show runs with their deliveries."""
    deliveries: defaultdict[str, list[DeliveryRow]] = defaultdict(list)
    for delivery in await delivery_rows.of_runs(connection, [row.id for row in rows]):
        deliveries[delivery.run_id].append(delivery)
    return [run_of(row, deliveries[row.id]) for row in rows]


def run_of(row: SeenRun, deliveries: Sequence[DeliveryRow]) -> Run:
    """Show a run; its reason is that of the deliveries whose status it has."""
    zone = ZoneInfo(row.zone)
    telling = next((d for d in deliveries if d.status == row.status and d.reason), None)
    reason = row.reason or (telling.reason if telling else None)
    begun = [(each.started_at, each.node) for each in deliveries if each.started_at]
    return Run(
        id=row.id,
        kind=row.kind,
        follows=row.follows,
        reminder=row.reminder,
        reminder_id=row.reminder_id,
        account=row.account,
        account_id=row.account_id,
        occurs_at=rfc3339(row.occurs_at, zone),
        status=row.status,
        reason=reason,
        reason_text=reason_text(reason, telling.detail if telling else ""),
        count=row.count,
        until=optional_rfc3339(row.until, zone),
        started_at=optional_rfc3339(row.started_at, zone),
        finished_at=optional_rfc3339(row.finished_at, zone),
        deliveries=[_delivery(delivery) for delivery in deliveries],
        node=max(begun, key=itemgetter(0))[1] if begun else None,
        media=media_file(row),
    )


def media_file(row: ReminderRow | SeenRun) -> MediaFile | None:
    """Show what a message carries, or carried."""
    if not (row.media_kind and row.media_name):
        return None
    return MediaFile(kind=row.media_kind, name=row.media_name, sha256=row.media)


def reason_text(reason: str | None, detail: str) -> str | None:
    """Say a reason in a sentence, with what WhatsApp or the session said."""
    if reason is None:
        return None
    code = reason.removeprefix(_REFUSED)
    sentence = REASONS.get(reason, f"WhatsApp refused it with error {code}.")
    return f"{sentence.removesuffix('.')} ({detail})." if detail else sentence


def revoke_text(reason: str) -> str:
    """Say in a sentence why a message was not deleted."""
    return REVOKE_REASONS.get(reason) or reason_text(reason, "") or reason


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        group=GroupName(row.group_id, row.jid, row.name),
        status=row.status,
        reason=row.reason,
        revoke_reason=row.revoke_reason,
        revoke_text=row.revoke_reason and revoke_text(row.revoke_reason),
        message_id=row.message_id,
        attempts=row.attempts,
        members=row.members,
        delivered=row.delivered,
        read=row.read,
        node=row.node,
    )


async def with_receipts(connection: Connection, run: Run, zone: tzinfo) -> Run:
    """Show of each delivery of a run what every member has said."""
    said: defaultdict[str, list[RecipientRow]] = defaultdict(list)
    for row in await delivery_rows.recipients(connection, run.id):
        said[row.group_id].append(row)
    deliveries = [
        replace(each, receipts=list(_receipts(said[each.group.id], zone)))
        for each in run.deliveries
    ]
    return replace(run, deliveries=deliveries)


def _receipts(rows: Iterable[RecipientRow], zone: tzinfo) -> Iterable[MemberReceipt]:
    for row in rows:
        yield MemberReceipt(
            lid=row.lid,
            phone=row.phone,
            name=row.name,
            status=_said(row),
            delivered_at=optional_rfc3339(row.delivered_at, zone),
            read_at=optional_rfc3339(row.read_at, zone),
        )


def _said(row: RecipientRow) -> Literal["read", "delivered", "nothing", "joined_later"]:
    if row.later:
        return "joined_later"
    if row.read_at:
        return "read"
    return "delivered" if row.delivered_at else "nothing"
