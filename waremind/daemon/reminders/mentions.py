"""`--mention`: members as operators name them, and whether somebody is there who can be meant."""

from collections.abc import Iterator, Sequence

from waremind.daemon.accounts.pairing import phone_digits
from waremind.daemon.reminders.group_lookup import named
from waremind.domain.ids import plain, shown
from waremind.domain.mentions import BY_ROTATION, Addresses, entry_of, is_member
from waremind.domain.plan_options import PlanOptions
from waremind.errors import ErrorCode, WaremindError
from waremind.store import members as table
from waremind.store.database import Connection
from waremind.store.groups import GroupRow

MOST = 100


def fixed_mention(texts: Sequence[str]) -> tuple[str, ...]:
    """Read whom a message of no reminder mentions. Raises WaremindError `invalid_input`."""
    mention = valid_mention(texts)
    check_rotation(PlanOptions(mention=mention))
    return mention


def valid_mention(texts: Sequence[str]) -> tuple[str, ...]:
    """Read whom to mention: numbers, LIDs, `{turn}`. Raises WaremindError `invalid_input`."""
    mention = tuple(dict.fromkeys(_valid(text) for text in texts))
    if len(mention) > MOST:
        raise _refused(f"{len(mention)} members", f"that is more than {MOST}", "use --mention-all")
    return mention


def _valid(text: str) -> str:
    key = plain(text)
    if key == BY_ROTATION or is_member(key):
        return key
    try:
        return f"+{phone_digits(text)}"
    except WaremindError:
        reason = "it is no phone number, no LID and not {turn}"
        hint = "write it like --mention +4915112345678, or --mention 123456789@lid"
        raise _refused(shown(text), reason, hint) from None


def valid_entry(entry: str) -> str:
    """Read an entry of a rotation; a member behind `=`, or alone, is written in one way only."""
    name, equals, member = entry.rpartition("=")
    if not (equals or member.startswith("+")):
        return entry
    try:
        return f"{name.strip()}{equals}{_valid(member)}"
    except WaremindError:
        return entry  # a name


def check_rotation(options: PlanOptions) -> None:
    """Refuse to mention whose turn it is where nobody knows. Raises `invalid_input`."""
    if BY_ROTATION not in options.mention:
        return
    if not options.rotate:
        raise _refused(BY_ROTATION, "there is no rotation", "add --rotate, or name a member")
    entries = map(entry_of, options.rotate)
    if unknown := next((one.name for one in entries if one.member is None), None):
        reason = f"nobody knows which member {shown(unknown)} is"
        hint = f"say it in the rotation: --rotate {shown(f'{unknown}=+4915112345678')}"
        raise _refused(BY_ROTATION, reason, hint)


async def addresses(
    connection: Connection, groups: Sequence[GroupRow], members: Sequence[str]
) -> Addresses:
    """Find by which addresses members are in these groups, as far as these have been seen.

    Raises WaremindError `invalid_input` for one who is in none of them.
    """
    found = await _found(connection, groups, members)
    ids = [group.id for group in groups]
    known = table.addresses_in(found, ids, members)
    for member in members:
        if member not in known and all(group.synced_at for group in groups):
            reason = "no member of the group" + ("s" if len(groups) > 1 else "")
            hint = (
                "a number must be one that WhatsApp shows, others are named by LID: "
                "waremind run show RUN --receipts"
            )
            raise _refused(member, f"there is {reason} with this address", hint)
    return known


async def missing(
    connection: Connection, groups: Sequence[GroupRow], members: Sequence[str]
) -> Iterator[str]:
    """Say who is not in some of the groups."""
    there = {(one.group_id, one.member) for one in await _found(connection, groups, members)}
    return (
        f"{member} is not in {named(group)}: not mentioned there"
        for member in members
        for group in groups
        if group.synced_at and (group.id, member) not in there
    )


async def _found(
    connection: Connection, groups: Sequence[GroupRow], members: Sequence[str]
) -> list[table.Address]:
    if not members:
        return []
    return await table.find(connection, [group.id for group in groups], members)


def _refused(what: str, reason: str, hint: str) -> WaremindError:
    return WaremindError(ErrorCode.INVALID_INPUT, f"cannot mention {what}: {reason}", hint=hint)
