"""The running daemon, as the handlers see it."""

from dataclasses import dataclass
from datetime import datetime

from waremind.config import Settings
from waremind.daemon.accounts import Accounts
from waremind.daemon.deliveries import Deliveries
from waremind.daemon.ground import Ground
from waremind.daemon.holds import Holds
from waremind.daemon.outbox import Outbox
from waremind.daemon.rule_trial import RuleTrial
from waremind.daemon.scheduler import Scheduler
from waremind.store.database import Database


@dataclass(frozen=True, slots=True)
class Daemon:
    """What requests act on; `database_name` is "embedded" or the DSN without its password."""

    ground: Ground
    database_name: str
    accounts: Accounts
    outbox: Outbox
    trial: RuleTrial
    started_at: datetime

    @property
    def settings(self) -> Settings:
        """The settings as they are now."""
        return self.ground.current.settings

    @property
    def database(self) -> Database:
        """The database."""
        return self.ground.database

    @property
    def scheduler(self) -> Scheduler:
        """What fires reminders."""
        return self.outbox.scheduler

    @property
    def deliveries(self) -> Deliveries:
        """What sends messages."""
        return self.outbox.deliveries

    @property
    def holds(self) -> Holds:
        """What keeps messages from leaving."""
        return self.outbox.holds

    def now(self) -> datetime:
        """Say what time it is, in UTC."""
        return self.ground.clock.now()
