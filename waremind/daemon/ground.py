"""What everything in the daemon stands on."""

from dataclasses import dataclass

from waremind.daemon.current import CurrentSettings
from waremind.daemon.wall_clock import Clock
from waremind.store.database import Database
from waremind.store.lock import DaemonLock


@dataclass(frozen=True, slots=True)
class Ground:
    """The settings as they are now, the database and the daemon's lock on it, and the time."""

    current: CurrentSettings
    database: Database
    lock: DaemonLock
    clock: Clock
