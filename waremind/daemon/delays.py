"""How long an account waits: for WhatsApp before it gives up, and before it tries again."""

from datetime import datetime

from waremind.config import Sessions
from waremind.domain.backoff import delay_seconds
from waremind.domain.lifecycle import State
from waremind.store.accounts import AccountRow


def patience_seconds(state: State, settings: Sessions, pairing_left: float) -> float:
    """Say how long a state may last; `pairing_left` is what is left of the pairing's timeout."""
    return {
        State.PAIRING: pairing_left,
        State.LINKED: pairing_left,
        State.RESUMING: min(pairing_left, settings.resume_seconds),
    }.get(state, settings.watch_seconds)


def retry_seconds(row: AccountRow, settings: Sessions, now: datetime, chance: float) -> float:
    """Say how long to wait before the next try; `chance` in [0, 1) spreads many accounts."""
    first, most = settings.retry_first_seconds, settings.retry_max_seconds
    delay = delay_seconds(max(1, row.retries), first, most, chance)
    if row.state is State.REPLACED:
        return settings.retry_replaced_seconds * (1 + chance)
    if row.state is State.REFUSED:
        return settings.retry_refused_seconds
    if row.state is State.TEMPORARY_BAN and row.banned_until:
        left = (row.banned_until - now).total_seconds()
        return max(0.0, left) + delay  # a ban that has not ended is asked ever more slowly
    return delay
