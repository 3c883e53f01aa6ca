"""How the daemon is, and which one it is."""

import waremind
from waremind.daemon.asking import Asking
from waremind.daemon.glance import glance
from waremind.daemon.state import Daemon
from waremind.objects import StatusReport
from waremind.requests.daemon import Status, Version, VersionResult


async def status(daemon: Daemon, _asking: Asking, _request: Status) -> StatusReport:
    """Sum up the daemon, the accounts, the runs, and what needs a person."""
    return await glance(daemon)


async def version(_daemon: Daemon, _asking: Asking, _request: Version) -> VersionResult:
    """Say the daemon's version."""
    return VersionResult(waremind.__version__)
