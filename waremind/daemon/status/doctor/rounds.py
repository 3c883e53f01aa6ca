"""Which checks are made when the daemon runs, and which when it does not."""

from waremind.daemon.services import Services
from waremind.daemon.status.doctor.check import Check, Finding, examine
from waremind.daemon.status.doctor.cluster import CLUSTER
from waremind.daemon.status.doctor.disk import CHILDREN, DISK, NO_CHILDREN
from waremind.daemon.status.doctor.machine import MACHINE
from waremind.daemon.status.doctor.running import PEOPLE, ROLE_CURE, RUNNING, needless
from waremind.objects import CheckResult
from waremind.settings import Settings
from waremind.store.database import connected
from waremind.store.dsn import ignore_environment
from waremind.store.health import check_at_rest
from waremind.store.privileges import read_role


async def examine_running(services: Services) -> list[CheckResult]:
    """Look at everything from inside of the daemon."""
    return [
        *await examine(RUNNING, services),
        *await examine(CLUSTER if services.settings.cluster.name else (), services),
        *await examine(MACHINE, None),
        *await examine((*DISK, CHILDREN), services.settings),
        *await examine(PEOPLE, services),
    ]


async def examine_machine() -> list[CheckResult]:
    """Look at what depends on no settings."""
    return await examine(MACHINE, None)


async def examine_resting(settings: Settings) -> list[CheckResult]:
    """Look at what a daemon with these settings would find, while none runs."""
    return [
        *await examine((_DATABASE_AT_REST, _ROLE_AT_REST), settings),
        *await examine(MACHINE, None),
        *await examine((*DISK, NO_CHILDREN), settings),
    ]


async def _database_at_rest(settings: Settings) -> Finding:
    url = settings.database.url
    directory, bin_dir = settings.state_dir / "postgres", settings.database.bin_dir
    ignore_environment(embedded=url is None)
    return await check_at_rest(url.get_secret_value() if url else None, directory, bin_dir)


async def _role_at_rest(settings: Settings) -> Finding:
    url = settings.database.url
    if url is None:
        return "the embedded database's daemon has a role that only works with its rows"
    ignore_environment(embedded=False)
    async with connected(url.get_secret_value()) as connection:
        return needless(await read_role(connection))


_DATABASE_AT_REST: Check[Settings] = Check("database", _database_at_rest, "see what its log says")
_ROLE_AT_REST: Check[Settings] = Check("role", _role_at_rest, ROLE_CURE)
