"""What the governor makes of a reminder to many groups, for the operator who writes it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from waremind.config import Governor
from waremind.daemon.pace import limits_of
from waremind.domain.duration import format_duration
from waremind.domain.recurrence import Occurrence
from waremind.store.accounts import AccountRow


def budget_warnings(
    settings: Governor,
    account: AccountRow,
    groups: int,
    times: Sequence[Occurrence],
    grace: timedelta,
) -> Iterator[str]:
    """Warn where the account's pace makes some groups late, or the next occurrence."""
    if not settings.enabled or not times:
        return
    limits = limits_of(settings, fresh=_is_fresh(settings, account, times[0].at))
    takes = limits.after(groups)
    if takes > grace:
        yield (
            f"the governor sends to {groups} groups in no less than {_rounded(takes)}:"
            f" the last ones get it later than the grace of {format_duration(grace)}"
        )
    between = min((later.at - one.at for one, later in pairwise(times)), default=None)
    in_the_long_run = timedelta(minutes=groups / limits.per_minute)
    if between is not None and in_the_long_run > between:
        yield (
            f"the governor sends to {groups} groups in {_rounded(in_the_long_run)}, but it fires"
            f" every {_rounded(between)}: messages pile up and get later and later"
        )


def _is_fresh(settings: Governor, account: AccountRow, at: datetime) -> bool:
    """Tell whether the account's device will have been linked only lately."""
    linked_at = account.linked_at
    return linked_at is None or at - linked_at < timedelta(days=settings.fresh_days)


def _rounded(duration: timedelta) -> str:
    return format_duration(timedelta(seconds=round(duration.total_seconds())))
