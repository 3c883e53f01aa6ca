"""The shapes that operators and scripts read; stable surface, fields are only ever added.

Times are RFC 3339 text with offset and seconds. Importing this costs every command, so it holds
msgspec and nothing heavier.
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType, field

Timestamp = str
Severity = Literal["warning", "critical"]
MisfireRule = Literal["skip", "once", "all"]
OnOffRule = Literal["skip", "before", "after"]
ReminderState = Literal["active", "paused", "finished"]
RunKind = Literal["regular", "rehearsal", "follow_up"]
MediaKind = Literal["image", "document"]


class Attention(Struct, frozen=True, kw_only=True):
    """Something that needs a person: what, since when, and the command that mends it."""

    code: str
    severity: Severity
    since: Timestamp
    text: str
    fix: str


class Account(Struct, frozen=True, kw_only=True):
    """A WhatsApp identity that waremind runs; in a cluster `node` has it, if one does."""

    id: str
    label: str
    node: str | None = None
    status: str
    reason: str
    status_text: str
    actions: list[str]
    attention: list[Attention]
    jid: str | None
    phone: str | None
    push_name: str | None
    session: int
    created_at: Timestamp
    status_since: Timestamp
    last_connected_at: Timestamp | None
    phone_seen_at: Timestamp | None
    banned_until: Timestamp | None
    restricted_until: Timestamp | None


class Group(Struct, frozen=True, kw_only=True):
    """A WhatsApp group of an account, named by its label; `participants` counts its members."""

    id: str
    account: str
    account_id: str
    jid: str
    name: str
    participants: int
    announce_only: bool
    left: bool
    synced_at: Timestamp | None


class GroupName(Struct, frozen=True):
    """A group as reminders and deliveries refer to it."""

    id: str
    jid: str
    name: str


class MediaFile(Struct, frozen=True, kw_only=True):
    """An image or a document of a message: its name as phones show it, and its content's SHA-256.

    A run whose content is kept no longer has no `sha256`.
    """

    kind: MediaKind
    name: str
    sha256: str | None


class MemberReceipt(Struct, frozen=True, kw_only=True):
    """What a member of a group has said of a message; phone number and name may be unknown.

    The name is what the account's phone calls the member, or else what the member does.
    `joined_later` says that the member came to the group only after the message.
    """

    lid: str
    phone: str | None
    name: str | None = None
    status: Literal["read", "delivered", "nothing", "joined_later"]
    delivered_at: Timestamp | None
    read_at: Timestamp | None


class Delivery(Struct, frozen=True, kw_only=True):
    """One message of a run to one group.

    `members` counts whom it was for, `delivered` and `read` those who have got it and read it, by
    one device or several; `receipts` lists them, when asked for. `revoke_reason` and
    `revoke_text` say why a message that was to be deleted still stands. `node` is the node of a
    cluster that sent it last.
    """

    group: GroupName
    status: str
    reason: str | None
    revoke_reason: str | None = None
    revoke_text: str | None = None
    message_id: str | None
    attempts: int
    members: int
    delivered: int
    read: int
    node: str | None = None
    receipts: list[MemberReceipt] | UnsetType = UNSET


class Run(Struct, frozen=True, kw_only=True):
    """One occurrence, or a stretch of `count` occurrences that did not fire, up to `until`.

    `reminder` is the reminder's name as it is now, None for a message of `waremind send`. A
    `rehearsal` of it went to other groups than its own; a `follow_up` says what the run
    `follows` has said, to groups where too few had read it. `node` is the node of a cluster that
    last began to send something of it.
    """

    id: str
    kind: RunKind = "regular"
    follows: str | None = None
    reminder: str | None
    reminder_id: str | None
    account: str
    account_id: str
    occurs_at: Timestamp
    status: str
    reason: str | None
    reason_text: str | None
    count: int
    until: Timestamp | None
    started_at: Timestamp | None
    finished_at: Timestamp | None
    deliveries: list[Delivery]
    node: str | None = None
    media: MediaFile | None = None


class Moved(Struct, frozen=True):
    """An occurrence that an operator has moved: its own local time, and that which it has now."""

    own: str
    to: str


class Reminder(Struct, frozen=True, kw_only=True):
    """Text, groups, rule and account; times are in the reminder's own zone.

    Occurrences are named by their own local times. `next_turn` says whose turn it is at `next_at`,
    null where something that does not fire comes before it.
    """

    id: str
    name: str
    account: str
    account_id: str
    to: list[GroupName]
    text: str
    at: Timestamp | None
    rrule: str | None
    start: str | None
    tz: str
    misfire: MisfireRule
    grace_seconds: int
    mention_all: bool
    state: ReminderState
    next_at: Timestamp | None
    next_turn: str | None = None
    last_run: Run | None
    attention: list[Attention]
    except_: list[str] = field(default_factory=list, name="except")
    also: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    off: list[str] = field(default_factory=list)
    on_off: OnOffRule = "skip"
    workdays: list[str] = field(default_factory=list)
    before_seconds: list[int] = field(default_factory=list)
    quiet: str | None = None
    rotate: list[str] = field(default_factory=list)
    rotate_skipped: bool = False
    follow_up_seconds: int | None = None
    unless_read_percent: int | None = None
    fields: bool = False
    until_day: str | None = None
    media: MediaFile | None = None
    mention: list[str] = field(default_factory=list)


class Occurrence(Struct, frozen=True):
    """One time at which a reminder fires; `note` says what is special about it.

    `recurrence_id` is the own local time of its occurrence, by which an operator names it, `n` and
    `turn` are what fields show, `text` is what is sent.
    """

    at: Timestamp
    note: str | None = None
    recurrence_id: str | None = None
    n: int | None = None
    turn: str | None = None
    text: str | None = None


class OperatorName(Struct, frozen=True):
    """Who asked, as the kernel says."""

    uid: int
    name: str | None


class Operator(OperatorName, frozen=True):
    """Who asked, and on which node of a cluster: a uid means something on one machine only."""

    node: str | None = None


class Target(Struct, frozen=True):
    """What was acted on; the name stays readable when the object is gone."""

    kind: str
    id: str | None
    name: str | None


class AuditEntry(Struct, frozen=True, kw_only=True):
    """Who did what, when; in a cluster also on which `node`, where the uid means something."""

    id: int
    at: Timestamp
    operator: OperatorName
    node: str | None = None
    action: str
    target: Target
    detail: dict[str, object]


class DaemonState(Struct, frozen=True):
    """The running daemon; `database` is "embedded" or the DSN without its password."""

    pid: int
    started_at: Timestamp
    database: str


class Freeze(Struct, frozen=True):
    """Since when, by whom and why no message leaves."""

    since: Timestamp
    by: str
    reason: str | None


class RunCounts(Struct, frozen=True):
    """How many deliveries are due, held, failed in the last 24 h, or of unknown outcome."""

    due: int = 0
    held: int = 0
    failed_24h: int = 0
    unknown: int = 0


class StatusAttention(Attention, frozen=True, kw_only=True):
    """What needs a person, with the object it belongs to."""

    kind: str
    id: str | None
    name: str | None


class CheckResult(Struct, frozen=True, kw_only=True):
    """What one check of the doctor has found; `fix` is the cure where not all is well."""

    check: str
    status: Literal["ok", "warning", "critical"]
    text: str
    fix: str | None


class NextReminder(Struct, frozen=True):
    """The reminder that fires next, and its zone."""

    id: str
    name: str
    tz: str


class NodeState(Struct, frozen=True):
    """A node of a cluster, and how many accounts it has.

    It is `speaking` for them; `mute`, as it has shown no sign of life lately; `draining`: it gives
    them to the others; or `lost`: the others take them. A `note` says why some cannot go elsewhere.
    """

    name: str
    state: Literal["speaking", "mute", "draining", "lost"]
    accounts: int
    version: str
    engine: str
    beat_at: Timestamp
    note: str | None = None


class StatusReport(Struct, frozen=True, kw_only=True):
    """The whole of waremind at one glance; `next_at` is in the zone of `next_reminder`.

    While the database is away `runs` and `next_at` are null: nobody knows.
    """

    ok: bool
    version: str
    daemon: DaemonState
    frozen: Freeze | None
    accounts: dict[str, int]
    runs: RunCounts | None
    next_at: Timestamp | None
    next_reminder: NextReminder | None = None
    attention: list[StatusAttention] = field(default_factory=list)
    nodes: list[NodeState] = field(default_factory=list)
