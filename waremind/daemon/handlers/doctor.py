"""What the daemon finds when it looks at itself."""

from waremind.daemon.asking import Asking
from waremind.daemon.doctor.rounds import examine_running
from waremind.daemon.state import Daemon
from waremind.requests.daemon import Doctor, DoctorReport


async def doctor(daemon: Daemon, _asking: Asking, _request: Doctor) -> DoctorReport:
    """Make every check that can be made from here."""
    return DoctorReport.of(await examine_running(daemon))
