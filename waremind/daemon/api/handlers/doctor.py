"""What the daemon finds when it looks at itself."""

from waremind.daemon.services import Services
from waremind.daemon.status.doctor.rounds import examine_running
from waremind.daemon.system.caller import Caller
from waremind.requests.daemon import Doctor, DoctorReport


async def doctor(services: Services, _caller: Caller, _request: Doctor) -> DoctorReport:
    """Make every check that can be made from here."""
    return DoctorReport.of(await examine_running(services))
