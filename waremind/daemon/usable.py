"""What keeps well-formed settings from being used, as far as it shows without starting anything."""

from waremind.config import Settings
from waremind.daemon.socket import refuse_too_long
from waremind.store import dsn


def refuse_unusable(settings: Settings) -> None:
    """Raise WaremindError `invalid_input` for a path or a connection string that can be none."""
    refuse_too_long(settings.socket)
    if url := settings.database.url:
        dsn.complete(url.get_secret_value())
