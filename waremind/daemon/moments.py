"""`--since`: a duration back from now, or a time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from waremind.domain.duration import parse_duration
from waremind.domain.wall_time import parse_instant
from waremind.errors import WaremindError


def since(text: str | None, now: datetime) -> datetime | None:
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
