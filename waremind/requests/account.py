"""Requests about accounts, and the events of a pairing."""

from msgspec import UNSET, Struct, UnsetType

from waremind.objects import Account
from waremind.requests.core import Changed, Mutation, Request


class AccountResult(Struct, frozen=True):
    """One account."""

    account: Account


class AccountChanged(Changed, frozen=True, kw_only=True):
    """The account that was asked to change."""

    account: Account


class AccountUnpaired(AccountChanged, frozen=True, kw_only=True):
    """After unpair: whether WhatsApp has dropped the device; if not, the phone still lists it."""

    device_removed: bool


class AccountDeleted(Changed, frozen=True, kw_only=True):
    """The account as it was (None: there was none), and what went with it."""

    account: Account | None
    groups: int = 0
    reminders: int = 0
    runs: int = 0
    device_removed: bool = True


class Exported(Struct, frozen=True):
    """What a store that waremind has exported says of itself: whose, when, and if it was moved."""

    account: str
    label: str
    at: str
    moved: bool


class AccountImported(AccountChanged, frozen=True, kw_only=True):
    """The account with the keys of `device`, a JID with its number.

    `exported` is null unless a waremind has exported them.
    """

    device: str
    exported: Exported | None = None


class AccountExported(AccountChanged, frozen=True, kw_only=True):
    """The account whose keys were asked for; `device` is the number that they have here.

    `store` is a SQLite file; absent when nothing was handed out.
    """

    device: int
    store: bytes | UnsetType = UNSET


class Accounts(Struct, frozen=True):
    """Accounts by label."""

    accounts: list[Account]


class PairPending(Struct, frozen=True, tag="pending"):
    """The pairing goes on: the first event of the stream.

    `changed` is false for who joins one that had begun.
    `device_removed` is false if a pairing that begins afresh could not log the old device out.
    """

    account: Account
    changed: bool = True
    device_removed: bool = True


class PairQr(Struct, frozen=True, tag="qr"):
    """The payload to show as a QR until `expires_at`."""

    code: str
    expires_at: str


class PairCode(Struct, frozen=True, tag="pair_code"):
    """The letters to type into the phone."""

    code: str
    expires_at: str


class PairConnected(Struct, frozen=True, tag="connected", kw_only=True):
    """The end of a pairing that worked; with `check`, what it would change."""

    changed: bool
    account: Account
    check: bool | UnsetType = UNSET


PairEvent = PairPending | PairQr | PairCode | PairConnected


class AccountAdd(Mutation[AccountChanged], frozen=True, kw_only=True):
    method = "account.add"
    label: str
    exist_ok: bool = False


class AccountList(Request[Accounts], frozen=True, kw_only=True):
    method = "account.list"
    all: bool = False
    status: str | None = None


class AccountShow(Request[AccountResult], frozen=True, kw_only=True):
    method = "account.show"
    account: str


class AccountPair(Mutation[PairPending | PairConnected], frozen=True, kw_only=True):
    """Streams `PairEvent`s; the last one is the result. Without `wait`, `pending` is the result."""

    method = "account.pair"
    account: str
    phone: str | None = None
    expect: str | None = None
    new_number: bool = False
    fresh: bool = False
    timeout_seconds: float = 160
    wait: bool = True


class AccountUnpair(Mutation[AccountUnpaired], frozen=True, kw_only=True):
    method = "account.unpair"
    account: str


class AccountSync(Mutation[AccountChanged], frozen=True, kw_only=True):
    method = "account.sync"
    account: str


class AccountReconnect(Mutation[AccountChanged], frozen=True, kw_only=True):
    method = "account.reconnect"
    account: str


class AccountRename(Mutation[AccountChanged], frozen=True, kw_only=True):
    method = "account.rename"
    account: str
    label: str


class AccountMove(Mutation[AccountChanged], frozen=True, kw_only=True):
    """Put an account on a node of the cluster, until that one stops, is lost or drains.

    The answer does not wait: `account.node` is where it is now.
    """

    method = "account.move"
    account: str
    node: str


class AccountImport(Mutation[AccountImported], frozen=True, kw_only=True):
    """Take over a device that another program on whatsmeow has linked.

    `store` is the SHA-256 of its SQLite file, which was uploaded on this connection and has nothing
    left in a write-ahead log. `device` is a phone number or JID where it holds several. With
    `exclusive` the ratchets come along: only when nobody else uses the store ever again.
    """

    method = "account.import"
    account: str
    store: str = ""
    device: str | None = None
    exclusive: bool = False
    new_number: bool = False
    timeout_seconds: float = 60
    wait: bool = True


class AccountExport(Mutation[AccountExported], frozen=True, kw_only=True):
    """Hand out the account's keys, without ratchets: marked as a copy, or to `move` them away.

    Who moves them asks twice. The second request names in `arrived` the `device` of the first
    one's answer, and leaves the account unpaired here, still linked on the phone.
    """

    method = "account.export"
    account: str
    move: bool = False
    arrived: int | None = None


class AccountDelete(Mutation[AccountDeleted], frozen=True, kw_only=True):
    method = "account.delete"
    account: str
    missing_ok: bool = False
