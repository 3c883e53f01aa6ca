"""Rows as the objects that operators read."""

from datetime import datetime

from waremind.domain.lifecycle import MEANINGS, State, actions
from waremind.domain.quoting import quoted
from waremind.domain.standing import STANDINGS, Need, told
from waremind.domain.wall_time import optional_rfc3339, rfc3339
from waremind.objects import Account, Attention, AuditEntry, Freeze, Group, OperatorName, Target
from waremind.store.accounts import AccountRow
from waremind.store.audit import AuditRow
from waremind.store.groups import GroupRow
from waremind.store.holds import FreezeRow

RESTRICTED = Need("restricted", "warning", "send less; the held deliveries go on by themselves")


def is_restricted(row: AccountRow, now: datetime) -> bool:
    """Tell whether WhatsApp lets the account send no more for now."""
    until = row.restricted_until
    return row.state is State.CONNECTED and until is not None and until > now


def account_of(
    row: AccountRow, now: datetime, freeze: FreezeRow | None, node: str | None = None
) -> Account:
    """Show an account on a node (its name); `freeze` is its own, not that of everything."""
    meaning = MEANINGS[row.state]
    restricted = is_restricted(row, now)
    return Account(
        id=row.id,
        label=row.label,
        node=node,
        status=meaning.status,
        reason="restricted" if restricted else meaning.reason,
        status_text=status_text(row, restricted=restricted),
        actions=actions(row.state),
        attention=attention_of(row, freeze, restricted=restricted),
        jid=row.jid,
        phone=row.phone,
        push_name=row.push_name,
        session=row.session,
        created_at=rfc3339(row.created_at),
        status_since=rfc3339(row.status_since),
        last_connected_at=optional_rfc3339(row.last_connected_at),
        phone_seen_at=optional_rfc3339(row.phone_seen_at),
        banned_until=optional_rfc3339(row.banned_until),
        restricted_until=optional_rfc3339(row.restricted_until) if restricted else None,
    )


def status_text(row: AccountRow, *, restricted: bool) -> str:
    """Say in a sentence how the account is, with what WhatsApp or the session said of it."""
    if restricted:
        return "Connected, but WhatsApp refuses to send for now."
    return told(row.state, row.detail)


def attention_of(row: AccountRow, freeze: FreezeRow | None, *, restricted: bool) -> list[Attention]:
    """List what needs a person."""
    found: list[Attention] = []
    if need := RESTRICTED if restricted else STANDINGS[row.state].need:
        found.append(
            Attention(
                code=need.code,
                severity=need.severity,
                since=rfc3339(row.state_since),
                text=status_text(row, restricted=restricted),
                fix=need.fix.format(label=quoted(row.label)),
            )
        )
    if freeze:
        fix = f"waremind thaw --account {quoted(row.label)}"
        found.append(frozen(freeze, "its outgoing messages are", fix))
    return found


def frozen(freeze: FreezeRow, what: str, fix: str) -> Attention:
    """Say that a freeze needs a person to end it."""
    reason = f": {freeze.reason}" if freeze.reason else ""
    return Attention(
        code="frozen",
        severity="warning",
        since=rfc3339(freeze.since),
        text=f"{what} frozen by {freeze.operator}{reason}",
        fix=fix,
    )


def group_of(row: GroupRow) -> Group:
    """Show a group."""
    return Group(
        id=row.id,
        account=row.account,
        account_id=row.account_id,
        jid=row.jid,
        name=row.name,
        participants=row.participants,
        announce_only=row.announce_only,
        left=row.left_at is not None,
        synced_at=optional_rfc3339(row.synced_at),
    )


def audit_entry_of(row: AuditRow) -> AuditEntry:
    """Show an entry of the audit log."""
    return AuditEntry(
        id=row.id,
        at=rfc3339(row.at),
        operator=OperatorName(row.uid, row.operator),
        node=row.node,
        action=row.action,
        target=Target(row.target_kind, row.target_id, row.target_name),
        detail=row.detail,
    )


def freeze_of(row: FreezeRow) -> Freeze:
    """Show a freeze."""
    return Freeze(rfc3339(row.since), row.operator, row.reason)
