"""SIGHUP: the configuration is read again, and what can change live does."""

import logging
import time

from waremind.daemon import logs
from waremind.daemon.current import CurrentSettings
from waremind.daemon.logs import event
from waremind.daemon.systemd import Systemd
from waremind.errors import WaremindError

log = logging.getLogger(__name__)


def reload(current: CurrentSettings, systemd: Systemd) -> None:
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
