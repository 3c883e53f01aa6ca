"""An account's life: one table, state and cause to state and effects, and its interpreter.

Everything that depends on an account's state is read off here: the status and reason that
operators see, what may be done now, the diagram in docs/ and the database's check constraint.
"""

from collections.abc import Iterable
from enum import StrEnum
from itertools import product
from types import MappingProxyType
from typing import Literal, NamedTuple

Status = Literal["unpaired", "pending", "connected", "disconnected", "banned"]


class State(StrEnum):
    """Where an account is in its life; finer than the status that operators see."""

    NEW = "new"
    UNPAIRED = "unpaired"
    UNPAIRING = "unpairing"
    LOGGED_OUT = "logged_out"
    PAIRING_TIMED_OUT = "pairing_timed_out"
    PAIRING_FAILED = "pairing_failed"
    PAIRING_OUTDATED = "pairing_outdated"
    PAIRING_CANCELLED = "pairing_cancelled"
    DIFFERENT_NUMBER = "different_number"
    PASSKEY_REQUIRED = "passkey_required"
    PAIRING = "pairing"
    LINKED = "linked"
    RESUMING = "resuming"
    CONNECTED = "connected"
    STARTING = "starting"
    NETWORK = "network"
    CONNECT_FAILED = "connect_failed"
    CRASHED = "crashed"
    REPLACED = "replaced"
    REPLACED_AGAIN = "replaced_again"
    CLIENT_OUTDATED = "client_outdated"
    REFUSED = "refused"
    STOPPED = "stopped"
    TEMPORARY_BAN = "temporary_ban"
    BANNED = "banned"
    DELETED = "deleted"


class Cause(StrEnum):
    """What moves an account: a command, a session's report, or the daemon's own signal."""

    PAIR = "pair"
    PAIR_FRESH = "pair_fresh"
    UNPAIR = "unpair"
    RECONNECT = "reconnect"
    SYNC = "sync"
    IMPORT = "import"
    EXPORT = "export"
    DELETE = "delete"

    PAIRED = "paired"
    PAIRED_OTHER = "paired_other"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    LOGGED_OUT = "logged_out"
    TEMPORARY_BAN = "temporary_ban"
    BANNED = "banned"
    REFUSED = "refused"
    REPLACED = "replaced"
    REPLACED_AGAIN = "replaced_again"
    CLIENT_OUTDATED = "client_outdated"
    CONNECT_FAILED = "connect_failed"
    PAIRING_TIMED_OUT = "pairing_timed_out"
    PAIRING_FAILED = "pairing_failed"
    PASSKEY_REQUIRED = "passkey_required"
    ENDED = "ended"

    STARTED = "started"
    CLAIMED = "claimed"
    STOPPING = "stopping"
    RETRY_DUE = "retry_due"
    OVERDUE = "overdue"
    CLEANED = "cleaned"


COMMANDS = frozenset(
    {
        Cause.PAIR,
        Cause.PAIR_FRESH,
        Cause.UNPAIR,
        Cause.RECONNECT,
        Cause.SYNC,
        Cause.IMPORT,
        Cause.EXPORT,
        Cause.DELETE,
    }
)
SIGNALS = frozenset(
    {Cause.STARTED, Cause.CLAIMED, Cause.STOPPING, Cause.RETRY_DUE, Cause.OVERDUE, Cause.CLEANED}
)
REPORTS = frozenset(Cause) - COMMANDS - SIGNALS


class Effect(StrEnum):
    """What the daemon does after the new state is written, in this order."""

    FORGET = "forget"  # end the session, remove its files
    LOG_OUT = "log_out"  # end the session, log the device out within a bound, remove its files
    END = "end"  # end the session, keep its files
    OPEN = "open"  # open a session to log in; ends the one before
    OPEN_TO_PAIR = "open_to_pair"  # open a session to pair; ends the one before
    WATCH = "watch"  # signal OVERDUE unless the state is left in time
    RETRY = "retry"  # signal RETRY_DUE after the state's delay
    SYNC = "sync"  # fetch the groups


class Meaning(NamedTuple):
    """What a state means: to operators (status, reason), to the database (device), to sessions."""

    status: Status
    reason: str
    device: bool = False  # the account has keys that WhatsApp may still accept
    live: bool = False  # a session is open


MEANINGS = MappingProxyType(
    {
        State.NEW: Meaning("unpaired", "new"),
        State.UNPAIRED: Meaning("unpaired", "unpaired"),
        State.UNPAIRING: Meaning("unpaired", "unpaired", device=True),
        State.LOGGED_OUT: Meaning("unpaired", "logged_out"),
        State.PAIRING_TIMED_OUT: Meaning("unpaired", "pairing_timed_out"),
        State.PAIRING_FAILED: Meaning("unpaired", "pairing_failed"),
        State.PAIRING_OUTDATED: Meaning("unpaired", "pairing_failed"),
        State.PAIRING_CANCELLED: Meaning("unpaired", "pairing_cancelled"),
        State.DIFFERENT_NUMBER: Meaning("unpaired", "pairing_failed"),
        State.PASSKEY_REQUIRED: Meaning("unpaired", "passkey_required"),
        State.PAIRING: Meaning("pending", "pairing", live=True),
        State.LINKED: Meaning("pending", "pairing", device=True, live=True),
        State.RESUMING: Meaning("pending", "pairing", device=True, live=True),
        State.CONNECTED: Meaning("connected", "ok", device=True, live=True),
        State.STARTING: Meaning("disconnected", "starting", device=True, live=True),
        State.NETWORK: Meaning("disconnected", "network", device=True, live=True),
        State.CONNECT_FAILED: Meaning("disconnected", "connect_failed", device=True),
        State.CRASHED: Meaning("disconnected", "crashed", device=True),
        State.REPLACED: Meaning("disconnected", "replaced", device=True),
        State.REPLACED_AGAIN: Meaning("disconnected", "replaced", device=True),
        State.CLIENT_OUTDATED: Meaning("disconnected", "client_outdated", device=True),
        State.REFUSED: Meaning("disconnected", "refused", device=True),
        State.STOPPED: Meaning("disconnected", "stopped", device=True),
        State.TEMPORARY_BAN: Meaning("banned", "temporary_ban", device=True),
        State.BANNED: Meaning("banned", "banned"),
        State.DELETED: Meaning("unpaired", "unpaired"),  # there is no row any more
    }
)


class Step(NamedTuple):
    """Where a cause leads, and what has to be done then."""

    state: State
    effects: tuple[Effect, ...]

    @property
    def fences(self) -> bool:
        """Whether the session number advances: from here on the old session is not heard."""
        return bool(FENCING.intersection(self.effects))


FENCING = frozenset({Effect.FORGET, Effect.LOG_OUT, Effect.END, Effect.OPEN, Effect.OPEN_TO_PAIR})

STATES = frozenset(State) - {State.DELETED}
DEVICE = frozenset(s for s in STATES if MEANINGS[s].device)
LIVE = frozenset(s for s in STATES if MEANINGS[s].live)
LIVE_DEVICE = LIVE & DEVICE
PENDING = frozenset(s for s in STATES if MEANINGS[s].status == "pending")
UNPAIRED = frozenset(s for s in STATES if MEANINGS[s].status == "unpaired")
DISCONNECTED = frozenset(s for s in STATES if MEANINGS[s].status == "disconnected")
RETRYING = frozenset(
    {State.CONNECT_FAILED, State.CRASHED, State.REPLACED, State.REFUSED, State.TEMPORARY_BAN}
)

_START_PAIRING = (Effect.OPEN_TO_PAIR, Effect.WATCH)
_START_AFRESH = (Effect.LOG_OUT, *_START_PAIRING)
_START = (Effect.OPEN, Effect.WATCH)

_SAME = None  # the state stays as it is: what was asked for is so already

Row = tuple[Iterable[State], Cause, State | None, tuple[Effect, ...]]

# A pair that is not here is a conflict for a command, and changes nothing for a report.
ROWS: tuple[Row, ...] = (
    # Pair: with kept keys when there are some, else with a QR or a pairing code.
    (UNPAIRED | {State.BANNED}, Cause.PAIR, State.PAIRING, _START_PAIRING),
    (UNPAIRED | {State.BANNED}, Cause.PAIR_FRESH, State.PAIRING, _START_PAIRING),
    (DISCONNECTED | {State.TEMPORARY_BAN}, Cause.PAIR, State.RESUMING, _START),
    (DISCONNECTED | {State.TEMPORARY_BAN}, Cause.PAIR_FRESH, State.PAIRING, _START_AFRESH),
    (PENDING | {State.CONNECTED}, Cause.PAIR, _SAME, ()),
    ({State.PAIRING, State.LINKED, State.CONNECTED}, Cause.PAIR_FRESH, _SAME, ()),
    ({State.RESUMING}, Cause.PAIR_FRESH, State.PAIRING, _START_AFRESH),
    # Unpair: the row says so before the session ends, so that nothing late can contradict it.
    (DEVICE - {State.UNPAIRING}, Cause.UNPAIR, State.UNPAIRING, (Effect.LOG_OUT,)),
    ({State.PAIRING}, Cause.UNPAIR, State.PAIRING_CANCELLED, (Effect.LOG_OUT,)),
    ({State.BANNED}, Cause.UNPAIR, State.UNPAIRED, (Effect.FORGET,)),
    (UNPAIRED, Cause.UNPAIR, _SAME, ()),
    ({State.UNPAIRING}, Cause.CLEANED, State.UNPAIRED, ()),
    ({State.UNPAIRING}, Cause.STARTED, State.UNPAIRING, (Effect.LOG_OUT,)),
    # Keys that come from another program are put in place before; those that went to another one
    # are forgotten here, and stay linked on the phone.
    (UNPAIRED | {State.BANNED}, Cause.IMPORT, State.STARTING, _START),
    (DEVICE - {State.UNPAIRING}, Cause.EXPORT, State.UNPAIRED, (Effect.FORGET,)),
    # The other commands.
    (STATES, Cause.DELETE, State.DELETED, (Effect.LOG_OUT,)),
    ({State.CONNECTED}, Cause.SYNC, State.CONNECTED, (Effect.SYNC,)),
    (
        DISCONNECTED | {State.CONNECTED, State.TEMPORARY_BAN},
        Cause.RECONNECT,
        State.STARTING,
        _START,
    ),
    # A pairing, until the phone has accepted: each way it can end leaves the account unpaired.
    ({State.PAIRING}, Cause.PAIRED, State.LINKED, (Effect.WATCH,)),
    ({State.PAIRING}, Cause.PAIRED_OTHER, State.DIFFERENT_NUMBER, (Effect.LOG_OUT,)),
    ({State.PAIRING}, Cause.OVERDUE, State.PAIRING_TIMED_OUT, (Effect.LOG_OUT,)),
    ({State.PAIRING}, Cause.PAIRING_TIMED_OUT, State.PAIRING_TIMED_OUT, (Effect.FORGET,)),
    ({State.PAIRING}, Cause.PASSKEY_REQUIRED, State.PASSKEY_REQUIRED, (Effect.FORGET,)),
    ({State.PAIRING}, Cause.CLIENT_OUTDATED, State.PAIRING_OUTDATED, (Effect.FORGET,)),
    ({State.PAIRING}, Cause.PAIRING_FAILED, State.PAIRING_FAILED, (Effect.FORGET,)),
    ({State.PAIRING}, Cause.CONNECT_FAILED, State.PAIRING_FAILED, (Effect.FORGET,)),
    ({State.PAIRING}, Cause.REFUSED, State.PAIRING_FAILED, (Effect.FORGET,)),
    ({State.PAIRING}, Cause.LOGGED_OUT, State.PAIRING_FAILED, (Effect.FORGET,)),
    ({State.PAIRING}, Cause.ENDED, State.PAIRING_FAILED, (Effect.FORGET,)),
    ({State.PAIRING}, Cause.STARTED, State.PAIRING_FAILED, (Effect.FORGET,)),
    ({State.PAIRING}, Cause.STOPPING, State.PAIRING_FAILED, (Effect.FORGET,)),
    # Kept keys that WhatsApp refuses make place for a QR; there is no device to log out.
    ({State.RESUMING}, Cause.LOGGED_OUT, State.PAIRING, (Effect.FORGET, *_START_PAIRING)),
    (
        {State.LINKED, State.RESUMING},
        Cause.OVERDUE,
        State.CONNECT_FAILED,
        (Effect.END, Effect.RETRY),
    ),
    # Connected and cut off: the engine reconnects by itself; a watchdog ends what never does.
    (LIVE_DEVICE - {State.CONNECTED}, Cause.CONNECTED, State.CONNECTED, (Effect.SYNC,)),
    ({State.CONNECTED, State.STARTING}, Cause.DISCONNECTED, State.NETWORK, (Effect.WATCH,)),
    (
        {State.STARTING, State.NETWORK},
        Cause.OVERDUE,
        State.CONNECT_FAILED,
        (Effect.END, Effect.RETRY),
    ),
    # What WhatsApp says to a device.
    (LIVE_DEVICE - {State.RESUMING}, Cause.LOGGED_OUT, State.LOGGED_OUT, (Effect.FORGET,)),
    (LIVE_DEVICE, Cause.BANNED, State.BANNED, (Effect.FORGET,)),
    (LIVE_DEVICE, Cause.TEMPORARY_BAN, State.TEMPORARY_BAN, (Effect.END, Effect.RETRY)),
    (LIVE_DEVICE, Cause.REFUSED, State.REFUSED, (Effect.END, Effect.RETRY)),
    (LIVE_DEVICE, Cause.REPLACED, State.REPLACED, (Effect.END, Effect.RETRY)),
    (LIVE_DEVICE, Cause.REPLACED_AGAIN, State.REPLACED_AGAIN, (Effect.END,)),
    (LIVE_DEVICE, Cause.CLIENT_OUTDATED, State.CLIENT_OUTDATED, (Effect.END,)),
    # What happens to its session.
    (LIVE_DEVICE, Cause.CONNECT_FAILED, State.CONNECT_FAILED, (Effect.END, Effect.RETRY)),
    (LIVE_DEVICE, Cause.ENDED, State.CRASHED, (Effect.END, Effect.RETRY)),
    (RETRYING, Cause.RETRY_DUE, State.STARTING, _START),
    # The daemon stops and starts.
    (LIVE_DEVICE, Cause.STOPPING, State.STOPPED, (Effect.END,)),
    (
        LIVE_DEVICE | {State.STOPPED, State.CRASHED, State.CONNECT_FAILED, State.CLIENT_OUTDATED},
        Cause.STARTED,
        State.STARTING,
        _START,
    ),
    (
        {State.REPLACED, State.REFUSED, State.TEMPORARY_BAN},
        Cause.STARTED,
        _SAME,
        (Effect.RETRY,),
    ),
)


# An account that was a lost node's goes on here as after a start of our own.
_LIKE = MappingProxyType({Cause.STARTED: (Cause.CLAIMED,)})


def _table(rows: Iterable[Row]) -> dict[tuple[State, Cause], Step]:
    table: dict[tuple[State, Cause], Step] = {}
    for states, written, to, effects in rows:
        for state, cause in product(states, (written, *_LIKE.get(written, ()))):
            if (state, cause) in table:
                raise ValueError(f"two rows for {state} and {cause}")
            table[state, cause] = Step(to or state, effects)
    return table


TABLE = MappingProxyType(_table(ROWS))

# Offered to operators, in the order in which they are shown.
ACTIONS = (Cause.PAIR, Cause.SYNC, Cause.UNPAIR, Cause.DELETE)


def step(state: State, cause: Cause) -> Step | None:
    """Say where `cause` leads from `state`.

    None: a conflict for a command; for a report or a signal, nothing to do.
    """
    return TABLE.get((state, cause))


def actions(state: State) -> list[str]:
    """List what an operator may do now: the commands that would change something."""
    return [cause for cause in ACTIONS if (to := step(state, cause)) and to != (state, ())]
