"""From GROUP as operators write it, an id, a name or a JID, to the groups of one account."""

import re
from collections.abc import Sequence
from datetime import datetime

from waremind.domain.ids import Reference, near_misses, new_id, parse_reference, shown, suggesting
from waremind.domain.quoting import quoted
from waremind.errors import ErrorCode, WaremindError
from waremind.store import groups as table
from waremind.store.accounts import AccountRow
from waremind.store.database import Connection
from waremind.store.groups import GroupRow

MOST_GROUPS = 1_000
_JID = re.compile(r"[0-9]{5,25}(-[0-9]{5,15})?@g\.us", re.ASCII)


async def groups_for(
    connection: Connection, account: AccountRow, keys: Sequence[str]
) -> tuple[GroupRow, ...]:
    """Find the groups that `keys` name, in order, each once; a JID may be one not seen yet.

    Raises WaremindError `invalid_input`, `not_found`, or `ambiguous` with the candidates.
    """
    if not keys:
        message = "cannot choose the groups: none is named"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="add: --to GROUP")
    if len(keys) > MOST_GROUPS:  # so many would make everybody else wait
        message = f"cannot choose the groups: {len(keys)} are named, more than {MOST_GROUPS}"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint="spread them over several")
    known = await table.select(connection, account.id)
    found: dict[str, GroupRow] = {}
    for reference in map(parse_reference, keys):
        group = _known(known, reference) or _unseen(account, reference)
        if group is None:
            elsewhere = await table.select(connection, reference=reference)
            raise _absent(account, reference.text, known, elsewhere)
        found.setdefault(group.jid, group)
    return tuple(found.values())


def _known(groups: Sequence[GroupRow], reference: Reference) -> GroupRow | None:
    """Find the group that is meant; of several, those that the account has left come last."""
    found = table.meant(groups, reference)
    found = [group for group in found if group.left_at is None] or found
    if len(found) > 1:
        raise ambiguous(reference.text, found)
    return found[0] if found else None


def ambiguous(key: str, groups: Sequence[GroupRow]) -> WaremindError:
    """Say that `key` names several groups, and which."""
    message = f"cannot tell which group {shown(key)} is: {len(groups)} have this name"
    ids = ", ".join(group.id for group in groups)
    candidates = [
        {"id": group.id, "name": group.name, "account": group.account, "jid": group.jid}
        for group in groups
    ]
    return WaremindError(
        ErrorCode.AMBIGUOUS, message, hint=f"use one of the ids: {ids}", candidates=candidates
    )


def _unseen(account: AccountRow, reference: Reference) -> GroupRow | None:
    """Make the row of a group that is only known by its JID."""
    if not _JID.fullmatch(reference.text):
        return None
    return GroupRow(
        id=new_id("grp"),
        account_id=account.id,
        account=account.label,
        jid=reference.text,
        name="",
        announce_only=False,
        admin=False,
        participants=0,
        left_at=None,
        synced_at=None,
    )


def _absent(
    account: AccountRow, key: str, known: Sequence[GroupRow], elsewhere: Sequence[GroupRow]
) -> WaremindError:
    """Say that the account has no such group, and where there is one."""
    label = quoted(account.label)
    if elsewhere:
        owner = elsewhere[0].account
        message = f"cannot use group {shown(key)}: it is one of account {owner!r}"
        hint = f"choose one of: waremind group list --account {label}"
        return WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)
    if "@" in key:
        message = f"cannot use group {shown(key)}: a group's JID is digits@g.us"
        hint = f"waremind group list --account {label} shows the JIDs"
        return WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)
    message = f"cannot find group {shown(key)}: {account.label!r} has none with this id or name"
    hint = f"waremind group list --account {label}; or fetch them: waremind account sync {label}"
    return WaremindError(ErrorCode.NOT_FOUND, message, hint=suggesting(near(key, known), hint))


def near(key: str, groups: Sequence[GroupRow]) -> list[str]:
    """List which groups' names come near, each with its id: a name may be anybody's."""
    names = near_misses(key, (group.name for group in groups))
    return [f"{shown(g.name)} ({g.id})" for name in names for g in groups if g.name == name]


def obstacle(group: GroupRow) -> str | None:
    """Say why nothing can be sent to a group, or that nobody knows yet."""
    if group.left_at is not None:
        return "group_left"
    if group.synced_at is None:
        return "group_not_seen"
    return "announce_only" if group.announce_only and not group.admin else None


def named(group: GroupRow) -> str:
    """Call a group by its name; by its JID while that is all we know."""
    return repr(group.name) if group.name else group.jid


def obstacle_since(group: GroupRow, otherwise: datetime) -> datetime:
    """Say since when the account knows of an obstacle."""
    return group.left_at or group.synced_at or otherwise
