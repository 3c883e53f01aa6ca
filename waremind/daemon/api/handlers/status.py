"""How the daemon is, and which one it is."""

import waremind
from waremind.daemon.services import Daemon
from waremind.daemon.status.report import glance
from waremind.daemon.system.caller import Asking
from waremind.objects import StatusReport
from waremind.requests.daemon import Status, Version, VersionResult


async def status(daemon: Daemon, _asking: Asking, _request: Status) -> StatusReport:
    """Sum up the daemon, the accounts, the runs, and what needs a person."""
    return await glance(daemon)


async def version(_daemon: Daemon, _asking: Asking, _request: Version) -> VersionResult:
    """Say the daemon's version."""
    return VersionResult(waremind.__version__)
