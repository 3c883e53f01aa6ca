"""What the daemon itself needs a person for: its engine's age, keys that it could not remove."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from waremind.daemon.services import Services
from waremind.domain.quoting import quoted
from waremind.domain.wall_time import rfc3339
from waremind.objects import Attention, Severity
from waremind.whatsapp.engine_age import Engine, read_engine

# Engines lived 80 to 150 days before WhatsApp refused them, all accounts at once.
OLD_DAYS = 45
TOO_OLD_DAYS = 70
UPGRADE = "upgrade it alone: pip install --upgrade neonize; then restart the daemon"


def daemon_attention(services: Services) -> list[Attention]:
    """List what the daemon needs a person for; `read_engine` has been called before."""
    return [*_keys_left(services), *engine_old(read_engine(), services.now().date())]


def engine_old(engine: Engine, today: date) -> Iterator[Attention]:
    """Tell of an engine that WhatsApp may soon refuse."""
    days = engine.days(today)
    if engine.made_on is None or days is None or days < OLD_DAYS:
        return
    severity: Severity = "critical" if days >= TOO_OLD_DAYS else "warning"
    since = engine.made_on + timedelta(days=OLD_DAYS)
    announces = f" (it announces {engine.announces})" if engine.announces else ""
    yield Attention(
        code="engine_old",
        severity=severity,
        since=rfc3339(datetime.combine(since, time(), UTC)),
        text=f"neonize {engine.version} is {days} days old{announces}; WhatsApp has refused "
        "engines of 80 days and more, for all accounts at once",
        fix=UPGRADE,
    )


def _keys_left(services: Services) -> Iterator[Attention]:
    for directory, since in services.accounts.keys_left():
        yield Attention(
            code="keys_left",
            severity="critical",
            since=rfc3339(since),
            text=f"WhatsApp keys of a device that is no longer ours could not be removed: "
            f"{directory}",
            fix=f"rm -r {quoted(str(directory))}",
        )
