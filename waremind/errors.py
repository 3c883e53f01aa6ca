"""The closed list of what can go wrong: code, exit code, sentence and cure, in one place."""

from enum import StrEnum
from typing import Self


class ErrorCode(StrEnum):
    """A stable code; `exit_code`, `sentence` and `hint` go with it."""

    exit_code: int
    sentence: str
    hint: str

    def __new__(cls, code: str, exit_code: int, sentence: str, hint: str) -> Self:
        """Make a member whose value is its code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.exit_code = exit_code
        member.sentence = sentence
        member.hint = hint
        return member

    USAGE = ("usage", 2, "the command line is wrong", "waremind --help")
    INVALID_INPUT = ("invalid_input", 2, "a value is not valid", "correct the value")
    CONFIRMATION_REQUIRED = (
        "confirmation_required",
        2,
        "deleting needs a confirmation",
        "repeat the command with --yes",
    )
    AMBIGUOUS = ("ambiguous", 2, "the name fits several", "use one of the ids in candidates")
    DAEMON_UNREACHABLE = (
        "daemon_unreachable",
        4,
        "the daemon cannot be reached",
        "start it: waremind daemon (or: systemctl start waremind)",
    )
    NODE_UNREACHABLE = (
        "node_unreachable",
        4,
        "the node that has the account does not answer",
        "try again in a moment: waremind status lists the nodes",
    )
    VERSION_MISMATCH = (
        "version_mismatch",
        4,
        "the daemon is of another version",
        "restart the daemon after an upgrade",
    )
    PERMISSION_DENIED = (
        "permission_denied",
        5,
        "permission denied",
        "become a member of the group waremind-operators, then log in again",
    )
    NOT_FOUND = ("not_found", 6, "there is no such object", "list what there is")
    CONFLICT = ("conflict", 7, "the current state does not allow it", "waremind status")
    ALREADY_EXISTS = ("already_exists", 7, "the name is taken", "choose another, or --exist-ok")
    NOT_CONNECTED = (
        "not_connected",
        7,
        "the account is not connected",
        "waremind account show ACCOUNT says why",
    )
    NOT_PAIRED = ("not_paired", 7, "the account is not paired", "waremind account pair ACCOUNT")
    DIFFERENT_NUMBER = (
        "different_number",
        7,
        "another phone scanned the code than the one this account had",
        "scan with the right phone, or allow the new one with --new-number",
    )
    PAIRING_CANCELLED = (
        "pairing_cancelled",
        7,
        "the pairing was cancelled",
        "waremind account pair ACCOUNT starts a new one",
    )
    FROZEN = ("frozen", 7, "outgoing messages are frozen", "waremind thaw")
    HELD = ("held", 7, "the delivery is held", "waremind run show RUN says until when")
    BUSY = (
        "busy",
        8,
        "you ask for more at once than one Unix user may",
        "try again in a moment",
    )
    PAIRING_TIMED_OUT = (
        "pairing_timed_out",
        8,
        "nobody scanned the code in time",
        "waremind account pair ACCOUNT shows a new one",
    )
    TIMED_OUT = (
        "timed_out",
        8,
        "it took too long",
        "try again, or allow more with --timeout",
    )
    PAIRING_FAILED = (
        "pairing_failed",
        9,
        "WhatsApp did not complete the pairing",
        "waremind account pair ACCOUNT tries again",
    )
    PASSKEY_REQUIRED = (
        "passkey_required",
        9,
        "WhatsApp demands a passkey for linking this account",
        "nothing on the phone helps; try another day or number, or waremind account import",
    )
    CLIENT_OUTDATED = (
        "client_outdated",
        9,
        "WhatsApp no longer accepts this version of the engine",
        "upgrade waremind",
    )
    BANNED = ("banned", 9, "WhatsApp has banned the account", "appeal in WhatsApp on the phone")
    RATE_LIMITED = (
        "rate_limited",
        9,
        "WhatsApp asks to slow down",
        "wait an hour before trying again",
    )
    REFUSED = ("refused", 9, "WhatsApp refused", "waremind account show ACCOUNT says why")
    SEND_FAILED = ("send_failed", 1, "the message was not sent", "waremind run show RUN says why")
    SEND_UNKNOWN = (
        "send_unknown",
        1,
        "nobody can know whether the message was sent",
        "look at the phone, then: waremind run resolve RUN --as sent|failed",
    )
    DATABASE_UNAVAILABLE = (
        "database_unavailable",
        1,
        "the database cannot be reached",
        "try again; waremind doctor says what is wrong",
    )
    INTERNAL = (
        "internal",
        1,
        "waremind itself failed",
        "report it with the daemon's log of this moment",
    )

    @property
    def retryable(self) -> bool:
        """Whether the same request may well succeed later, with nothing changed."""
        return self in RETRYABLE


RETRYABLE = frozenset(
    {
        ErrorCode.DAEMON_UNREACHABLE,
        ErrorCode.NODE_UNREACHABLE,
        ErrorCode.NOT_CONNECTED,
        ErrorCode.BUSY,
        ErrorCode.PAIRING_TIMED_OUT,
        ErrorCode.PAIRING_FAILED,
        ErrorCode.TIMED_OUT,
        ErrorCode.RATE_LIMITED,
        ErrorCode.DATABASE_UNAVAILABLE,
    }
)


class WaremindError(Exception):
    """A failure that a person reads: what cannot be done, why, and the cure.

    `details` are further keys of the error object (`candidates` of an ambiguous name,
    `run` of a send that timed out).
    """

    def __init__(
        self, code: ErrorCode, message: str = "", *, hint: str = "", **details: object
    ) -> None:
        super().__init__(message or code.sentence)
        self.code = code
        self.message = message or code.sentence
        self.hint = hint or code.hint
        self.details = details


class MisconfigurationError(WaremindError):
    """A failure that stays until an operator has mended a configuration: no use in waiting."""
