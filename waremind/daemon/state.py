"""The running daemon, as the handlers see it."""

from dataclasses import dataclass
from datetime import datetime

from waremind.daemon.accounts import Accounts
from waremind.daemon.deliveries import Deliveries
from waremind.daemon.ground import Grounded
from waremind.daemon.holds import Holds
from waremind.daemon.outbox import Outbox
from waremind.daemon.rule_trial import RuleTrial
from waremind.daemon.scheduler import Scheduler


@dataclass(frozen=True, slots=True)
class Daemon(Grounded):
    """What requests act on; `database_name` is "embedded" or the DSN without its password."""

    database_name: str
    accounts: Accounts
    outbox: Outbox
    trial: RuleTrial
    started_at: datetime

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
