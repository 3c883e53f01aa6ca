"""What several requests take: how many rows, and since when."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from waremind.domain.duration import parse_duration
from waremind.domain.wall_time import parse_instant
from waremind.errors import ErrorCode, WaremindError

MOST = 1_000_000


def valid_limit(limit: int, what: str) -> int:
    """Return the limit of a list of `what`; 0 means all. Raises WaremindError `invalid_input`."""
    if not 0 <= limit <= MOST:
        message = f"cannot list {limit} {what}: it is not a limit"
        hint = f"choose 1 to {MOST}, or 0 for all"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)
    return limit


def parse_since(text: str | None, now: datetime) -> datetime | None:
    """Read `1d`, `90m` or an RFC 3339 time; without an offset it is UTC.

    Raises WaremindError `invalid_input`.
    """
    if text is None:
        return None
    try:
        if "T" in text.upper():
            return parse_instant(text, ZoneInfo("UTC"), flag="--since").astimezone(UTC)
        return now - parse_duration(text, flag="--since")
    except WaremindError as error:
        hint = "write it like 1d, 90m or 2026-12-01T09:00:00Z"
        raise WaremindError(error.code, error.message, hint=hint) from None
