"""What a node of a cluster needs a person for: other nodes, its clock, its database, its keys."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from waremind.daemon.services import Services
from waremind.daemon.status.needs import need_of
from waremind.domain.membership import CLOCK_OFF, CLOCK_WRONG
from waremind.domain.quoting import quoted
from waremind.domain.shares import is_stuck
from waremind.domain.wall_time import rfc3339
from waremind.objects import Attention, StatusAttention
from waremind.store import cluster_health, nodes
from waremind.store.cluster_health import Listed, Replication, Written
from waremind.store.database import Connection

SET_CLOCK = "timedatectl set-ntp true, on this machine and on the database's"
UPGRADE_ENGINE = "pip install --upgrade neonize on another node, and restart it"
# Whether a node has an account that no node which takes any can open.
_WHY = {
    True: "other node has it: it stays on one that is draining",
    False: "node has it: nothing of it is sent",
}
# What passes by itself takes no longer: an account that goes from one node to another, a snapshot.
PASSES = timedelta(seconds=60)
# Codes of accounts that only a cluster has.
OF_ACCOUNTS = frozenset({"without_node", "snapshot_old", "engine_missing"})


async def cluster_attention(services: Services, connection: Connection) -> list[StatusAttention]:
    """List what this node needs a person for; on one machine nothing."""
    if services.settings.cluster.name is None:
        return []
    offset = await cluster_health.clock_offset(connection, services.now)
    replication = await cluster_health.replication(connection)
    there = await nodes.select_all(connection)
    daemons_own = [
        *node_lost(services, there),
        *clock_off(services, offset),
        *replication_asynchronous(services, replication),
    ]
    unowned = await cluster_health.without_node(connection)
    unkept = await cluster_health.without_snapshot(connection)
    lively = nodes.candidates(there, services.runtime.membership.lost_nodes())
    engines = [each for each in await cluster_health.engines(connection) if is_stuck(each, lively)]
    stuck = await cluster_health.written_by(connection, engines) if engines else []
    return [
        *(need_of("daemon", None, None, need) for need in daemons_own),
        *_engine_missing(services, stuck, lively),
        *_without_node(services, unowned),
        *_snapshot_old(services, unkept),
    ]


def node_lost(services: Services, there: list[nodes.NodeRow]) -> Iterator[Attention]:
    """Tell of nodes that show no sign of life."""
    lost_ids = services.runtime.membership.lost_nodes()
    lost = [row for row in there if row.id in lost_ids]
    since = services.first_seen.since("node_lost", {row.id for row in lost}, services.now())
    if lost:
        names = ", ".join(quoted(row.name) for row in lost)
        yield Attention(
            code="node_lost",
            severity="warning",
            since=rfc3339(min(since.values())),
            text=f"no sign of life: {names}; its accounts are elsewhere"
            if len(lost) == 1
            else f"no signs of life: {names}; their accounts are elsewhere",
            fix="systemctl restart waremind, there",
        )


def clock_off(services: Services, offset: timedelta) -> Iterator[Attention]:
    """Tell of a clock that is not the database's."""
    is_off = abs(offset) > CLOCK_OFF
    since = services.first_seen.since("clock_off", {"clock"} if is_off else set(), services.now())
    if is_off:
        seconds, side = abs(offset.total_seconds()), "ahead of" if offset > CLOCK_OFF else "behind"
        is_wrong = abs(offset) > CLOCK_WRONG
        yield Attention(
            code="clock_off",
            severity="critical" if is_wrong else "warning",
            since=rfc3339(since["clock"]),
            text=f"this machine's clock is {seconds:.0f} s {side} the database's"
            + ("; until it is right, other nodes have its accounts" if is_wrong else ""),
            fix=SET_CLOCK,
        )


def replication_asynchronous(services: Services, found: Replication) -> Iterator[Attention]:
    """Tell of a database that may lose what it has committed."""
    is_so = found.is_asynchronous
    since = services.first_seen.since("replication", {"it"} if is_so else set(), services.now())
    if is_so:
        yield Attention(
            code="replication_asynchronous",
            severity="warning",
            since=rfc3339(since["it"]),
            text="the database has a standby, and waits for none: a failover may lose what was "
            "committed, and a message be sent twice",
            fix="set synchronous_standby_names in postgresql.conf, or synchronous_mode in Patroni; "
            "docs/machines.md",
        )


def _without_node(services: Services, unowned: list[Listed]) -> Iterator[StatusAttention]:
    now = services.now()
    since = services.first_seen.since("without_node", {each.id for each in unowned}, now)
    for each in unowned:
        if now - since[each.id] >= PASSES:
            text = "no node has it: nothing of it is sent"
            yield _account(each, "without_node", since[each.id], text, "waremind status")


def _snapshot_old(services: Services, unkept: list[Listed]) -> Iterator[StatusAttention]:
    now, behind = services.now(), dict(services.accounts.keys_behind())
    missing = {each.id: each for each in unkept}
    since = services.first_seen.since("snapshot_old", set(missing), now)
    rows = (services.accounts.find(account) for account in behind)
    ours = {row.row.id: Listed(row.row.id, row.row.label) for row in rows if row}
    for account, each in (missing | ours).items():
        begun = min(at for at in (since.get(account), behind.get(account)) if at)
        if now - begun >= PASSES:
            text = "the database has not the newest keys of its device for other nodes"
            yield _account(each, "snapshot_old", begun, text, "waremind doctor")


def _engine_missing(
    services: Services, stuck: list[Written], lively: Collection[str]
) -> Iterator[StatusAttention]:
    """Tell of accounts whose keys no node that takes accounts can open."""
    now = services.now()
    since = services.first_seen.since("engine", {each.id for each in stuck}, now)
    for each in stuck:
        stays = each.node in lively
        if stays or now - since[each.id] >= PASSES:
            text = f"engine {each.engine} wrote its keys, and no {_WHY[stays]}"
            listed = Listed(each.id, each.label)
            yield _account(listed, "engine_missing", since[each.id], text, UPGRADE_ENGINE)


def _account(listed: Listed, code: str, since: datetime, text: str, fix: str) -> StatusAttention:
    need = Attention(code=code, severity="warning", since=rfc3339(since), text=text, fix=fix)
    return need_of("account", listed.id, listed.label, need)
