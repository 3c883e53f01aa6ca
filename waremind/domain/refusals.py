"""What a command is told when the account's state has no row for it in the life cycle's table."""

from waremind.domain.lifecycle import MEANINGS, Cause, State, Status
from waremind.domain.quoting import quoted
from waremind.domain.standing import STANDINGS
from waremind.errors import ErrorCode, WaremindError

_CODES: dict[tuple[Cause, Status], ErrorCode] = {
    (Cause.SYNC, "unpaired"): ErrorCode.NOT_PAIRED,
    (Cause.SYNC, "pending"): ErrorCode.NOT_CONNECTED,
    (Cause.SYNC, "disconnected"): ErrorCode.NOT_CONNECTED,
    (Cause.SYNC, "banned"): ErrorCode.NOT_CONNECTED,
    (Cause.RECONNECT, "unpaired"): ErrorCode.NOT_PAIRED,
    (Cause.EXPORT, "unpaired"): ErrorCode.NOT_PAIRED,
    (Cause.RECONNECT, "banned"): ErrorCode.BANNED,
}

_HINTS = {
    Cause.IMPORT: "another account can take it: waremind account add LABEL; or, for good: "
    "waremind account unpair ACCOUNT"
}


def refusal(cause: Cause, state: State, label: str) -> WaremindError:
    """Make the error for a command that `state` does not allow."""
    meaning = MEANINGS[state]
    code = _CODES.get((cause, meaning.status), ErrorCode.CONFLICT)
    sentence = STANDINGS[state].sentence
    message = f"cannot {cause} account {label!r}: it is {meaning.status}. {sentence}"
    hint = _HINTS.get(cause, code.hint).replace("ACCOUNT", quoted(label))
    return WaremindError(code, message, hint=hint)
