"""What the rooms above may ask of the rooms below."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from waremind.daemon.accounts.registry import Accounts
from waremind.daemon.delivery.holds import Holds
from waremind.daemon.delivery.outbox import Outbox
from waremind.daemon.delivery.revoker import Revoker
from waremind.daemon.delivery.scheduler import Scheduler
from waremind.daemon.delivery.sender import Sender
from waremind.daemon.delivery.waiters import RunWaiters
from waremind.daemon.rules.evaluator import RuleEvaluator
from waremind.daemon.system.event_feed import EventFeed
from waremind.daemon.system.first_seen import FirstSeen
from waremind.daemon.system.instruments import Instruments
from waremind.daemon.system.runtime import WithRuntime
from waremind.store.database import Database


@dataclass(frozen=True, slots=True)
class Services(WithRuntime):
    """What requests act on; `database_name` is "embedded" or the DSN without its password."""

    database_name: str
    accounts: Accounts
    outbox: Outbox
    evaluator: RuleEvaluator
    feed: EventFeed
    instruments: Instruments
    started_at: datetime
    first_seen: FirstSeen = field(default_factory=FirstSeen)

    @property
    def database(self) -> Database:
        """The database, by the connections for those who ask."""
        return self.runtime.readers

    def silent_before(self) -> datetime:
        """Say before when a message must have been sent that somebody should have received."""
        return self.now() - timedelta(seconds=self.settings.delivery.alarm_seconds)

    @property
    def scheduler(self) -> Scheduler:
        """What fires reminders."""
        return self.outbox.scheduler

    @property
    def sender(self) -> Sender:
        """What sends messages."""
        return self.outbox.sender

    @property
    def revoker(self) -> Revoker:
        """What deletes messages for everyone."""
        return self.outbox.revoker

    @property
    def waiters(self) -> RunWaiters:
        """Who waits for runs."""
        return self.outbox.waiters

    @property
    def holds(self) -> Holds:
        """What keeps messages from leaving."""
        return self.outbox.holds
