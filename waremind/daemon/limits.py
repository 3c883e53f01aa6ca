"""How many rows an operator may ask for."""

from waremind.errors import ErrorCode, WaremindError

MOST = 1_000_000


def valid_limit(limit: int, what: str) -> int:
    """Return the limit of a list of `what`; 0 means all. Raises WaremindError `invalid_input`."""
    if not 0 <= limit <= MOST:
        message = f"cannot list {limit} {what}: it is not a limit"
        hint = f"choose 1 to {MOST}, or 0 for all"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)
    return limit
