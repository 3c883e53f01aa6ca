"""Each account's pace: the governor's buckets, by the settings as they are now."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from waremind.daemon.system.settings import LiveSettings
from waremind.domain.governor import Bucket, Limits
from waremind.settings import Governor
from waremind.whatsapp.gateway import Session

GIVE_WAY = timedelta(seconds=0.5)
MEMORY_MINUTES = 24 * 60  # at most, however slow the limits


class SendingAccounts(Protocol):
    """Whether an account can send, and what to send with; accounts are named by id."""

    def label(self, account: str) -> str:
        """Name the account to a person; by its id when it is gone."""
        ...

    def is_ours(self, account: str) -> bool:
        """Tell whether this node has the account."""
        ...

    def ours(self) -> list[str]:
        """List the accounts that this node has."""
        ...

    def is_connected(self, account: str) -> bool:
        """Tell whether the account is connected now."""
        ...

    def is_starting(self, account: str) -> bool:
        """Tell whether the account is about to be connected, which has a bound."""
        ...

    def session(self, account: str) -> Session | None:
        """Give the open session of a connected account."""
        ...

    def session_number(self, account: str) -> int | None:
        """Give the number of a connected account's session."""
        ...

    def linked_at(self, account: str) -> datetime | None:
        """Say when the account's device was linked."""
        ...

    def restrict(self, account: str, until: datetime) -> None:
        """Note that WhatsApp lets the account send no more until then."""
        ...


def limits_of(settings: Governor, *, fresh: bool) -> Limits:
    """Read the limits, for an account that was linked lately or long ago."""
    per_minute = settings.fresh_messages_per_minute if fresh else settings.messages_per_minute
    return Limits(
        per_minute,
        settings.burst,
        timedelta(seconds=settings.spacing_min_seconds),
        timedelta(seconds=max(settings.spacing_min_seconds, settings.spacing_max_seconds)),
    )


class Pace:
    """Says when each account may send its next message."""

    def __init__(self, current: LiveSettings, senders: SendingAccounts) -> None:
        self._current = current
        self._senders = senders
        self._buckets: dict[str, Bucket] = {}
        self._barred_until: dict[str, datetime] = {}
        self.giving_way: frozenset[str] = frozenset()  # accounts that delete something first

    @staticmethod
    def chance() -> float:
        """Give a number in [0, 1)."""
        return random.random()  # noqa: S311 - spacing, not a secret

    def memory(self) -> timedelta:
        """Say for how long a message counts: until it has surely been made up for."""
        settings = self._current.settings.governor
        slowest = min(settings.messages_per_minute, settings.fresh_messages_per_minute)
        return timedelta(minutes=min(settings.burst / slowest, MEMORY_MINUTES))

    def limits(self, account: str, now: datetime) -> Limits:
        """Say which limits an account has now."""
        settings = self._current.settings.governor
        linked_at = self._senders.linked_at(account)
        fresh = linked_at is not None and now - linked_at < timedelta(days=settings.fresh_days)
        return limits_of(settings, fresh=fresh)

    def ready_at(self, account: str, now: datetime) -> datetime:
        """Say when the account may send next; while it deletes, look again in a moment."""
        ready_at = self.ready_to_delete_at(account, now)
        return max(ready_at, now + GIVE_WAY) if account in self.giving_way else ready_at

    def ready_to_delete_at(self, account: str, now: datetime) -> datetime:
        """Say when the account may next delete what it has sent, which goes ahead."""
        barred_until = self._barred_until.get(account, now)
        bucket = self._buckets.get(account)
        if bucket is None or not self._current.settings.governor.enabled:
            return max(now, barred_until)
        return max(bucket.ready_at(self.limits(account, now), now), barred_until)

    def bar(self, account: str, until: datetime) -> None:
        """Let nothing leave from now on: the breaker is open before its row says so."""
        self._barred_until[account] = until

    def forget(self, account: str) -> None:
        """Keep nothing of an account that is deleted."""
        self._buckets.pop(account, None)
        self._barred_until.pop(account, None)

    def replay(self, accounts: Iterable[str], sends: Iterable[tuple[str, datetime]]) -> None:
        """Learn, from when each account began to send a message, what it may still send."""
        for account in accounts:
            self._buckets.pop(account, None)
        for account, at in sends:
            self.spend(account, at)

    def spend(self, account: str, now: datetime) -> None:
        """Note that the account sends a message now."""
        if not self._current.settings.governor.enabled:
            return
        limits = self.limits(account, now)
        bucket = self._buckets.get(account) or Bucket.full(limits, now)
        self._buckets[account] = bucket.spent(limits, now, self.chance())
