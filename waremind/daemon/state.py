"""The running daemon, as the handlers see it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from waremind.config import Settings
from waremind.daemon.accounts import Accounts
from waremind.daemon.current import CurrentSettings
from waremind.store.database import Database


@dataclass(frozen=True, slots=True)
class Daemon:
    """What requests act on; `database_name` is "embedded" or the DSN without its password."""

    current: CurrentSettings
    database: Database
    database_name: str
    accounts: Accounts
    started_at: datetime
    now: Callable[[], datetime]

    @property
    def settings(self) -> Settings:
        """The settings as they are now."""
        return self.current.settings
