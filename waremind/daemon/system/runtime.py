"""What everything in the daemon stands on."""

from dataclasses import dataclass
from datetime import datetime

from waremind.daemon.system.changes import Changes
from waremind.daemon.system.clock import Clock
from waremind.daemon.system.failures import Failures
from waremind.daemon.system.membership import Membership
from waremind.daemon.system.recent import Recent
from waremind.daemon.system.settings import LiveSettings
from waremind.settings import Settings
from waremind.store.database import Database


@dataclass(frozen=True, slots=True)
class Runtime:
    """The settings as they are now, the database and whose its accounts are, and the time.

    `readers` is the database for those who ask: nobody who sends ever waits for its connections.
    What changes is said to `changes`, what fails for now to `failures`; `recent` knows what was
    written of late.
    """

    current: LiveSettings
    database: Database
    readers: Database
    membership: Membership
    clock: Clock
    failures: Failures
    recent: Recent

    @property
    def changes(self) -> Changes:
        """Where changes are said and heard of."""
        return self.membership.changes


@dataclass(frozen=True, slots=True)
class WithRuntime:
    """What stands on the ground, and is asked for what lies there."""

    runtime: Runtime

    @property
    def settings(self) -> Settings:
        """The settings as they are now."""
        return self.runtime.current.settings

    @property
    def database(self) -> Database:
        """The database."""
        return self.runtime.database

    @property
    def changes(self) -> Changes:
        """Where changes are said and heard of."""
        return self.runtime.changes

    def now(self) -> datetime:
        """Say what time it is, in UTC."""
        return self.runtime.clock.now()
