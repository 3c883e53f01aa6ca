"""A daemon that runs: its configuration, its database, and who waits for a person."""

from datetime import UTC, datetime, timedelta

from waremind.daemon.services import Services
from waremind.daemon.status.doctor.check import Check, Finding, Trouble
from waremind.daemon.status.doctor.cluster import LISTED
from waremind.daemon.status.report import status_report
from waremind.domain.lifecycle import State
from waremind.domain.quoting import quoted
from waremind.store.health import read_health, try_to_write
from waremind.store.privileges import Role, read_role

# WhatsApp unlinks a device, connected or not, whose phone stays away for 14 days.
SILENT = timedelta(days=10)
SKEW = timedelta(seconds=5)
ROLE_CURE = (
    "let it connect as a role that only owns its database: docs/operating.md, Your own PostgreSQL"
)
# A phone that is on, and gets and reads nothing, cannot be seen.
PHONE_CURE = (
    "see that its phone is on and has the internet, and open a chat with something unread on it; "
    "then: waremind account show {label}"
)


async def configuration(services: Services) -> Finding:
    """Read the configuration again, as the next start will."""
    waiting = services.runtime.current.compare()
    if waiting.refused:
        return [Trouble(f"only a restart takes over: {', '.join(waiting.refused)}", "warning")]
    if waiting.changed:
        text = f"changed, and not taken over yet: {', '.join(waiting.changed)}"
        return [Trouble(text, "warning", fix="systemctl reload waremind, or: kill -HUP PID")]
    return "valid, and what the daemon runs with"


async def database(services: Services) -> Finding:
    """Ask the database who it is, and what time it has, and write something there."""
    async with services.database.connection() as connection:
        health = await read_health(connection)
        await try_to_write(connection)
    skew = abs(health.now - datetime.now(UTC))
    if skew > SKEW:
        text = f"its clock and ours are {skew.total_seconds():.0f} s apart"
        return [Trouble(text, "warning", fix="timedatectl set-ntp true, on both machines")]
    return f"{services.database_name}: {health.summary}, writable"


async def role(services: Services) -> Finding:
    """Ask the database what whoever took the daemon over could do on its server."""
    async with services.database.connection() as connection:
        return needless(await read_role(connection))


def needless(found: Role) -> Finding:
    """Warn of a role that may do more than the daemon needs."""
    if not found.powers:
        return f"{found.name} may do nothing on its server beside its database"
    text = f"the daemon's role {quoted(found.name)} {', '.join(found.powers)} on the server"
    return [Trouble(text, "warning")]


async def outbox(services: Services) -> Finding:
    """List what keeps messages from leaving, whatever account they are of."""
    return await _needs(services, {"daemon"}) or "nothing is late, and all work is done"


async def accounts(services: Services) -> Finding:
    """List what accounts need a person for."""
    return await _needs(services, {"account"}) or await _connected(services)


async def reminders(services: Services) -> Finding:
    """List what cannot be sent, or of which nobody knows whether it was."""
    return await _needs(services, {"reminder", "calendar", "run"}) or "all can be sent"


async def phones(services: Services) -> Finding:
    """Look for paired accounts that WhatsApp may soon unlink."""
    now = services.now()
    silent = [
        Trouble(
            f"{quoted(row.label)}: its phone was last seen on {row.phone_seen_at:%Y-%m-%d}; "
            "WhatsApp unlinks a device whose phone stays away for 14 days",
            "warning",
            fix=PHONE_CURE.format(label=quoted(row.label)),
        )
        for row in await services.accounts.known()
        if row.device and row.phone_seen_at and now - row.phone_seen_at > SILENT
    ]
    return silent or "every paired account's phone was seen within 10 days"


async def _needs(services: Services, kinds: set[str]) -> list[Trouble]:
    attention = (await status_report(services)).attention
    return [
        Trouble(f"{quoted(who)}: {each.text}" if who else each.text, each.severity, each.fix)
        for each in attention
        for who in [each.name or each.id]
        if each.kind in kinds and each.code not in {"engine_old", *LISTED}  # they have own lines
    ]


async def _connected(services: Services) -> str:
    rows = await services.accounts.known()
    connected = sum(row.state is State.CONNECTED for row in rows)
    return f"{len(rows)}, of which {connected} connected" if rows else "none yet"


RUNNING: tuple[Check[Services], ...] = (
    Check("configuration", configuration, "systemctl restart waremind"),
    Check("database", database, "see what its log says"),
    Check("role", role, ROLE_CURE),
)
PEOPLE: tuple[Check[Services], ...] = (
    Check("outbox", outbox, "waremind status"),
    Check("accounts", accounts, "waremind account show ACCOUNT"),
    Check("phones", phones, "open WhatsApp on the phone"),
    Check("reminders", reminders, "waremind reminder show REMINDER"),
)
