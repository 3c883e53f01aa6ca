"""What is in a whatsmeow store: devices, of which one is chosen, checked, and kept alone."""

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from waremind.device_store import files
from waremind.domain.ids import shown
from waremind.errors import ErrorCode, WaremindError

# The newest schema that the engine reads (`compat` of whatsmeow_version); it brings older ones
# up to date itself. tests/device_store compares it with what neonize writes.
ENGINE_SCHEMA = 15

# Keys that move on with every message: in a copy that is one message behind they make
# everybody unable to read, and without them the engine makes new ones.
RATCHETS = ("whatsmeow_sessions", "whatsmeow_sender_keys")
# What the engine fetches again, or what only tells of messages that were.
FETCHED = (
    "whatsmeow_app_state_mutation_macs",
    "whatsmeow_app_state_version",
    "whatsmeow_chat_settings",
    "whatsmeow_event_buffer",
    "whatsmeow_message_secrets",
    "whatsmeow_retry_buffer",
)

SIGNED_TYPE = b"\x05"  # goes before a Curve25519 key where it is signed

_MARK = "waremind_export"
_COLUMNS = "jid, lid, push_name, identity_key, signed_pre_key, signed_pre_key_sig"
_HINT = "name the file in which the other program keeps its keys"


@dataclass(frozen=True, slots=True)
class Device:
    """A device as it stands in a store; `name` is its whole JID, with its number."""

    name: str
    lid: str
    push_name: str
    identity_key: bytes
    signed_pre_key: bytes
    signature: bytes

    @property
    def user(self) -> str:
        """The digits of the phone number whose device it is."""
        return self.name.partition("@")[0].partition(":")[0].partition(".")[0]

    @property
    def number(self) -> str:
        """Which of the phone's devices it is."""
        return self.name.partition("@")[0].partition(":")[2]

    @property
    def phone(self) -> str:
        """The phone number whose device it is."""
        return f"+{self.user}"

    @property
    def jid(self) -> str:
        """The account's JID, without the device."""
        return f"{self.user}@{self.name.partition('@')[2]}"

    @property
    def account_lid(self) -> str | None:
        """The account's LID, without the device, where it is known."""
        user, _, server = self.lid.partition("@")
        return f"{user.partition(':')[0]}@{server}" if server else None


@dataclass(frozen=True, slots=True)
class Mark:
    """What an export by waremind says of itself: whose it is, when, and whether it was moved."""

    account: str
    label: str
    at: str
    moved: bool


def devices(store: sqlite3.Connection) -> list[Device]:
    """List the devices in a store. Raises WaremindError `invalid_input` for one that is none."""
    try:
        _refuse_other_schema(store)
        rows = store.execute(f"SELECT {_COLUMNS} FROM whatsmeow_device ORDER BY jid").fetchall()  # noqa: S608 - ours
    except sqlite3.DatabaseError as error:
        raise _not_ours(error) from None
    return [
        Device(str(jid), str(lid or ""), str(name or ""), *keys) for jid, lid, name, *keys in rows
    ]


def _not_ours(error: sqlite3.DatabaseError) -> WaremindError:
    if isinstance(error, sqlite3.OperationalError) and "no such" in str(error):
        return files.unreadable(f"it is of another program: {error}", _HINT)
    return files.damaged(error)


def _refuse_other_schema(store: sqlite3.Connection) -> None:
    """Refuse what no program on whatsmeow has written, or a newer one than our engine reads."""
    store.execute("SELECT jid FROM whatsmeow_device LIMIT 0")
    found = store.execute("SELECT * FROM whatsmeow_version").fetchone() or (0,)
    schema = found[-1] or found[0]
    if not isinstance(schema, int) or schema > ENGINE_SCHEMA:
        reason = f"its schema is {schema}, and this engine reads up to {ENGINE_SCHEMA}"
        raise files.unreadable(reason, "upgrade waremind, whose engine is older than the program")


def chosen(store: sqlite3.Connection, name: str | None) -> Device:
    """Choose the one device in a store, or that of `name`: its phone number, JID or number.

    Raises WaremindError `ambiguous`, `not_found`, or as `devices` does.
    """
    there = devices(store)
    found = [device for device in there if name is None or _is_meant(device, name)]
    if not there:
        raise files.unreadable("no device is linked in it", _HINT)
    if not found:
        message = f"cannot find device {shown(name or '')} in the store"
        names = " or ".join(device.name for device in there)
        raise WaremindError(ErrorCode.NOT_FOUND, message, hint=f"there is {names}")
    if len(found) > 1:
        message = f"cannot choose a device: {len(found)} are in the store"
        candidates = [{"jid": device.name, "name": device.push_name} for device in found]
        hint = "name one: --device JID"
        raise WaremindError(ErrorCode.AMBIGUOUS, message, hint=hint, candidates=candidates)
    return found[0]


def _is_meant(device: Device, name: str) -> bool:
    return name in {device.name, device.jid, device.user, device.phone, device.number}


def refuse_foreign_keys(device: Device) -> None:
    """Raise WaremindError `invalid_input` unless its own identity has signed the device's key."""
    # Only who checks needs the library, and 30 ms for it.
    from waremind.device_store.signature import is_signed, public_of  # noqa: PLC0415

    try:
        message = SIGNED_TYPE + public_of(device.signed_pre_key)
        is_whole = is_signed(public_of(device.identity_key), message, device.signature)
    except (TypeError, ValueError, IndexError):  # not even of the right length
        is_whole = False
    if not is_whole:
        reason = "its keys do not belong together: the identity has not signed the pre-key"
        raise files.unreadable(reason, "copy it again from where it works")


def keep_only(store: sqlite3.Connection, device: Device, *, ratchets: bool) -> None:
    """Leave in a store what a session of `device` needs, and nothing else that was in it.

    Without `ratchets` those go, too. Raises WaremindError `invalid_input` for a damaged store.
    """
    emptied = {*FETCHED, *(() if ratchets else RATCHETS)}
    try:
        store.execute("PRAGMA foreign_keys = OFF")
        _drop_foreign(store)
        for table in _names(store, "table"):
            _delete_others(store, table, device, is_emptied=table in emptied)
        store.execute("VACUUM")  # else it would still be there, on pages that are free
        _refuse_damaged(store)
    except sqlite3.Error as error:
        raise files.damaged(error) from None


def drop_ratchets(store: sqlite3.Connection) -> None:
    """Take the ratchets out of a store. Raises WaremindError `invalid_input` for a damaged one."""
    try:
        _drop_foreign(store)
        for table in RATCHETS:
            store.execute(f"DELETE FROM {table}")  # noqa: S608 - ours
        store.execute("VACUUM")
        _refuse_damaged(store)
    except sqlite3.Error as error:
        raise files.damaged(error) from None


def _drop_foreign(store: sqlite3.Connection) -> None:
    for kind in ("trigger", "view"):
        for name in _names(store, kind):
            store.execute(f"DROP {kind} {_quoted(name)}")
    for name in _names(store, "table"):
        if not name.startswith("whatsmeow_") and name != _MARK:
            store.execute(f"DROP TABLE {_quoted(name)}")


def _delete_others(
    store: sqlite3.Connection, table: str, device: Device, *, is_emptied: bool
) -> None:
    columns = [row[1] for row in store.execute(f"PRAGMA table_info({_quoted(table)})")]
    owner = next((column for column in ("our_jid", "jid") if column in columns), None)
    if is_emptied:
        store.execute(f"DELETE FROM {_quoted(table)}")  # noqa: S608 - quoted
    elif owner:
        store.execute(f"DELETE FROM {_quoted(table)} WHERE {owner} IS NOT ?", [device.name])  # noqa: S608 - quoted


def _refuse_damaged(store: sqlite3.Connection) -> None:
    found = store.execute("PRAGMA quick_check(1)").fetchone()
    if found != ("ok",):
        raise files.damaged(*found)


def _names(store: sqlite3.Connection, kind: str) -> list[str]:
    rows = store.execute(
        "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        [kind],
    )
    return [str(name) for (name,) in rows]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# -- the mark of an export


def mark(store: sqlite3.Connection, export: Mark) -> None:
    """Write into a store who has exported it, for whoever imports it."""
    store.execute(f"CREATE TABLE {_MARK} (account, label, at, moved)")
    values = [export.account, export.label, export.at, export.moved]
    store.execute(f"INSERT INTO {_MARK} VALUES (?, ?, ?, ?)", values)  # noqa: S608 - ours


def take_mark(store: sqlite3.Connection) -> Mark | None:
    """Read who has exported a store, and take that out; None when it was no waremind."""
    try:
        found = store.execute(f"SELECT account, label, at, moved FROM {_MARK}").fetchone()  # noqa: S608 - ours
        store.execute(f"DROP TABLE {_MARK}")
    except sqlite3.DatabaseError:
        return None
    return Mark(str(found[0]), str(found[1]), str(found[2]), bool(found[3])) if found else None


# -- in memory


@contextmanager
def loaded(image: bytes) -> Generator[sqlite3.Connection]:
    """Open a store that came as bytes. Raises WaremindError `invalid_input` for what is none."""
    if files.is_logging(image[: files.HEADER_BYTES]):
        reason = "a part of it may be in a write-ahead log"
        raise files.unreadable(reason, "PRAGMA journal_mode = DELETE brings it into the file")
    files.refuse_truncated(image[: files.HEADER_BYTES], len(image))
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as store:
        store.deserialize(image)
        files.distrust(store)
        yield store
