"""Why an account does not do what it is asked: accounts are named by their labels."""

from waremind.domain.quoting import quoted
from waremind.errors import ErrorCode, WaremindError

AGAIN = "try again in a moment"


class MovedError(WaremindError):
    """Another node has the account: nothing was done, and may be asked for there."""


def taken(label: str) -> MovedError:
    """Say that the account is another node's now."""
    message = f"cannot go on with account {label!r}: another node has it now"
    return MovedError(ErrorCode.CONFLICT, message, hint=AGAIN)


def deleted(label: str) -> WaremindError:
    """Say that the account is no more."""
    message = f"cannot find account {label!r}: it was deleted"
    return WaremindError(ErrorCode.NOT_FOUND, message, hint="waremind account list")


def still_ending(label: str) -> WaremindError:
    """Say that keys cannot come while a session may still use those it has."""
    message = f"cannot import account {label!r}: its last session is still ending"
    return WaremindError(ErrorCode.CONFLICT, message, hint=AGAIN)


def used_already(label: str, other: str) -> WaremindError:
    """Say that keys that are to come are those that another account uses."""
    message = (
        f"cannot import account {label!r}: it is a copy of the keys that account {other!r} uses"
    )
    hint = f"waremind account export {quoted(other)} --move makes way for it"
    return WaremindError(ErrorCode.CONFLICT, message, hint=hint)


def paired_anew(label: str) -> WaremindError:
    """Say that the device that was to be exported is no longer the account's."""
    message = f"cannot export account {label!r}: it was paired anew meanwhile"
    return WaremindError(ErrorCode.CONFLICT, message, hint="export it again")


def not_imported(label: str, error: OSError) -> WaremindError:
    """Say why keys could not be put in place."""
    message = f"cannot import account {label!r}: {error.strerror}"
    hint = "waremind doctor looks at the state directory"
    return WaremindError(ErrorCode.INTERNAL, message, hint=hint)
