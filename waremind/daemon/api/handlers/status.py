"""How the daemon is, and which one it is."""

import waremind
from waremind.daemon.services import Services
from waremind.daemon.status.metrics import metrics_text
from waremind.daemon.status.report import status_report
from waremind.daemon.system.caller import Caller
from waremind.objects import StatusReport
from waremind.requests.daemon import Metrics, MetricsResult, Status, Version, VersionResult


async def status(services: Services, _caller: Caller, _request: Status) -> StatusReport:
    """Sum up the daemon, the accounts, the runs, and what needs a person."""
    return await status_report(services)


async def metrics(services: Services, _caller: Caller, _request: Metrics) -> MetricsResult:
    """Give what was counted, and how all is, for Prometheus."""
    return MetricsResult(await metrics_text(services))


async def version(_daemon: Services, _caller: Caller, _request: Version) -> VersionResult:
    """Say the daemon's version."""
    return VersionResult(waremind.__version__)
