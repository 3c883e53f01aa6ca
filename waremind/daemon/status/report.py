"""The whole of waremind in one report, also while its database is away."""

import logging
import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

import waremind
from waremind.daemon.accounts.views import freeze_of
from waremind.daemon.services import Services
from waremind.daemon.status.attention import needs_in_database, needs_in_memory, needs_unseen
from waremind.daemon.status.nodes import node_states
from waremind.daemon.system.logs import retry
from waremind.daemon.system.tasks import within
from waremind.domain.lifecycle import MEANINGS, State
from waremind.domain.wall_time import rfc3339
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import (
    DaemonState,
    NextReminder,
    NodeState,
    RunCounts,
    StatusAttention,
    StatusReport,
)
from waremind.store import delivery_rows, reminders
from waremind.store.refusals import silent
from waremind.store.reminders import Upcoming

log = logging.getLogger(__name__)

LATELY = timedelta(hours=24)
ANSWER_SECONDS = 3.0  # in which the database tells its part, or it counts as away


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the database says, if it says anything."""

    needs: list[StatusAttention]
    counts: RunCounts | None = None
    following: Upcoming | None = None
    nodes: list[NodeState] = field(default_factory=list[NodeState])
    states: dict[State, int] = field(default_factory=dict[State, int])


async def status_report(services: Services) -> StatusReport:
    """Sum up the daemon, the accounts, the runs, and what needs a person."""
    stored = await _stored(services)
    freeze, following = services.holds.freeze_of(None), stored.following
    attention = _each_once([*await needs_in_memory(services), *stored.needs])
    states = stored.states or Counter(row.state for row in services.accounts.rows())
    statuses = Counter[str]()
    for state, number in states.items():
        statuses[MEANINGS[state].status] += number
    return StatusReport(
        ok=not attention,
        version=waremind.__version__,
        daemon=DaemonState(os.getpid(), rfc3339(services.started_at), services.database_name),
        frozen=freeze_of(freeze) if freeze else None,
        accounts=dict(statuses),
        runs=stored.counts,
        next_at=rfc3339(following.fires_at, ZoneInfo(following.zone)) if following else None,
        next_reminder=following and NextReminder(following.id, following.name, following.zone),
        attention=attention,
        nodes=stored.nodes,
    )


async def _stored(services: Services) -> _Stored:
    try:
        return await within(ANSWER_SECONDS, _read(services))
    except WaremindError as error:
        return _Stored(needs_unseen(services, error))
    except TimeoutError:
        return _Stored(needs_unseen(services, silent(ANSWER_SECONDS)))
    except Exception as bug:  # noqa: BLE001 - a report that fails is no warning to anybody
        retry(log, "a bug", logging.ERROR, bug=bug)
        error = WaremindError(ErrorCode.INTERNAL, f"cannot read how all is: {bug!r}")
        return _Stored(needs_unseen(services, error))


async def _read(services: Services) -> _Stored:
    async with services.database.connection() as connection:
        needs = await needs_in_database(services, connection)
        counted = await delivery_rows.count(connection, services.now() - LATELY)
        following = await reminders.select_next(connection)
        found = await node_states(services, connection)
        states = await services.accounts.states(connection)
    counts = RunCounts(counted.due, counted.held, counted.failed, counted.unknown)
    numbers = {state: len(accounts) for state, accounts in states.items()}
    return _Stored(needs, counts, following, found, numbers)


def _each_once(needs: list[StatusAttention]) -> list[StatusAttention]:
    """Keep the first of each code of the daemon's own, and put these before the others."""
    own = {need.code: need for need in reversed(needs) if need.kind == "daemon"}
    return [
        *(need for need in needs if own.get(need.code) is need),
        *(need for need in needs if need.kind != "daemon"),
    ]
