"""The settings of the running daemon, and how SIGHUP changes them."""

import logging
import time
from typing import NamedTuple

from waremind.config import Configuration
from waremind.daemon.system import logs
from waremind.daemon.system.logs import event
from waremind.daemon.system.systemd import Systemd
from waremind.errors import WaremindError
from waremind.settings import LIVE, Settings, differing

log = logging.getLogger(__name__)


class Reloaded(NamedTuple):
    """Dotted names of settings: what has changed, and what only a restart would change."""

    changed: list[str]
    refused: list[str]


class LiveSettings:
    """Holds the `settings` as they are now; whoever keeps a part of them keeps an old one."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self.settings: Settings = configuration.settings

    def compare(self) -> Reloaded:
        """Read every source again and say what `reload` would do. Raises WaremindError."""
        return self._compared(self._configuration.read_again().settings)[1]

    def reload(self) -> Reloaded:
        """Read every source again and take what can change live.

        Raises WaremindError when they are not valid; then all stays as it is.
        """
        self.settings, reloaded = self._compared(self._configuration.read_again().settings)
        return reloaded

    def _compared(self, fresh: Settings) -> tuple[Settings, Reloaded]:
        update = {name: getattr(fresh, name) for name in LIVE}
        taken = self.settings.model_copy(update=update)
        return taken, Reloaded(differing(self.settings, taken), differing(taken, fresh))


def reload(current: LiveSettings, systemd: Systemd) -> None:
    """Take over what can change live, and log what cannot; a bad configuration changes nothing."""
    systemd.tell(RELOADING=1, MONOTONIC_USEC=time.monotonic_ns() // 1000)
    try:
        reloaded = current.reload()
    except WaremindError as error:
        event(log, "cannot reload", logging.ERROR, reason=error, hint=error.hint)
    else:
        logs.set_level(current.settings.log_level)
        for name in reloaded.refused:
            event(log, "needs a restart", logging.WARNING, setting=name)
        event(log, "reloaded", changed=",".join(reloaded.changed) or "nothing")
    systemd.tell(READY=1)
