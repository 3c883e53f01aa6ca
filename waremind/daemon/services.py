"""The running daemon, as the handlers see it."""

from dataclasses import dataclass
from datetime import datetime

from waremind.daemon.accounts.registry import Accounts
from waremind.daemon.delivery.holds import Holds
from waremind.daemon.delivery.outbox import Outbox
from waremind.daemon.delivery.scheduler import Scheduler
from waremind.daemon.delivery.sender import Deliveries
from waremind.daemon.rules.evaluator import RuleTrial
from waremind.daemon.system.runtime import Grounded


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
