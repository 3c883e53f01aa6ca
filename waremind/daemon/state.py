"""The running daemon, as the handlers see it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from waremind.config import Settings
from waremind.daemon.accounts import Accounts
from waremind.store.database import Database


@dataclass(frozen=True, slots=True)
class Daemon:
    """What requests act on; `database_name` is "embedded" or the DSN without its password."""

    settings: Settings
    database: Database
    database_name: str
    accounts: Accounts
    started_at: datetime
    now: Callable[[], datetime]
