"""Each hot statement finds its rows by the index that is meant for it, however many there are.

`make plans` asks the same of a million rows. What is read are the plans by which the store's own
functions, and the foreign keys behind them, were carried out (auto_explain).
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from store.yours import YourPostgres

from waremind.domain.misfire import Misfire
from waremind.domain.shares import Part
from waremind.store import (
    accounts,
    deliveries,
    delivery_rows,
    events,
    groups,
    holds,
    linked_devices,
    measures,
    media,
    members,
    overdue,
    ownership,
    receipts,
    reminders,
    runs,
    silence,
)
from waremind.store.database import Connection, connect
from waremind.store.deliveries import Able, Ending
from waremind.store.migrations import migrate, read
from waremind.store.receipts import ReceiptRow
from waremind.store.reminders import Advance
from waremind.store.runs import STATUSES, RunRow, Wanted
from waremind.store.sending import Sending

ROWS = int(os.environ.get("ROWS", "10"))
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
TIMES = 6
MEASURED = 300
# Accounts with a group and a reminder each, and runs of which some are still to be sent.
FILLED = """
    SET session_replication_role = replica;
    INSERT INTO nodes (id, name, version, beat_at, leads, started_at)
        VALUES ('nod_1', 'one', '1', now(), true, now()),
               ('nod_3', 'three', '1', now(), false, now());
    INSERT INTO accounts (id, label, state, session, device, created_at, status_since, state_since,
                          node_id)
        SELECT 'acc_' || i, i, 'connected', 1, 1, now(), now(), now(),
               CASE WHEN i % 10 < 3 THEN 'nod_1' ELSE 'nod_3' END
        FROM generate_series(1, least({rows}, 1000)) i;
    INSERT INTO linked_devices SELECT id, label || ':1@s.whatsapp.net' FROM accounts;
    INSERT INTO device_snapshots (account_id, device, session, ratchets, store, written_at)
        SELECT id, device, 1, false, '', now() FROM accounts;
    INSERT INTO whatsapp_groups (id, account_id, jid, name, synced_at)
        SELECT 'grp_' || label, id, label || '@g.us', label, now() FROM accounts;
    INSERT INTO group_members (group_id, lid) SELECT id, id || '@lid' FROM whatsapp_groups;
    INSERT INTO reminders (id, name, account_id, text, rrule, start, zone, misfire, grace_seconds,
                           mention_all, state, next_at, next_nominal, created_at)
        SELECT 'rem_' || label, label, id, 'text', 'FREQ=DAILY', '2026-01-01', 'UTC', 'skip', 600,
               false, 'active', '2026-03-02 08:00Z'::timestamptz + label::int * interval '1 s',
               '2026-03-02', now() FROM accounts;
    INSERT INTO reminder_groups SELECT id, 'grp_' || name, 0 FROM reminders;
    INSERT INTO calendars (id, name, source, ends_on, created_at, changed_at)
        VALUES ('cal_1', 'feasts', 'days', '2030-01-01', now(), now());
    INSERT INTO reminder_calendars SELECT id, 'cal_1', 0 FROM reminders;
    INSERT INTO media (id, size, kept_at) SELECT lpad(i::text, 64, '0'), 1, now()
        FROM generate_series(1, least({rows}, 1000)) i;
    INSERT INTO media_pieces SELECT id, 0, 'x' FROM media;
    UPDATE reminders SET media = lpad(name, 64, '0'), media_kind = 'image', media_name = name
        WHERE name::int % 10 = 0;
    INSERT INTO runs (id, reminder_id, account_id, occurs_at, zone, text, mention_all, give_up_at,
                      grace_seconds, misfire, created_at)
        SELECT 'run_' || i, 'rem_' || n, 'acc_' || n, t, 'UTC', 'text', false, t, 600, 'skip', t
        FROM (SELECT i, i % least({rows}, 1000) + 1 AS n,
                     '2026-03-02 08:00Z'::timestamptz - ({rows} - i) * interval '1 s' AS t
              FROM generate_series(1, {rows}) i) v;
    INSERT INTO deliveries (run_id, group_id, account_id, position, status, reason, due_at,
                            message_id, started_at, finished_at, alarm_of, received_at)
        SELECT id, 'grp_' || substr(account_id, 5), account_id, 0,
               (ARRAY['scheduled', 'held', 'failed', 'unknown',
                      'missed', 'skipped', 'revoked', 'sent'])
                   [1 + least(number % ({rows} / 5), 7)],
               'frozen', occurs_at, 'M' || number, occurs_at, occurs_at, reminder_id,
               -- Nearly all that was sent was received.
               CASE WHEN number % ({rows} / 5) >= 7 AND number % 1000 > 0 THEN occurs_at END
        FROM runs;
    UPDATE runs SET outcome = 'missed', reason = 'down', until = occurs_at
        WHERE number % ({rows} / 5) = 0;
    INSERT INTO receipts (run_id, group_id, participant, delivered_at)
        SELECT run_id, group_id, 'p', now() FROM deliveries LIMIT 1000;
    INSERT INTO events (at, type, account_id, reminder_id, run_id, group_id, data)
        SELECT finished_at, 'delivery.sent', account_id, alarm_of, run_id, group_id, '{{}}'
        FROM deliveries;
    INSERT INTO freezes SELECT id, now(), 'root' FROM accounts ORDER BY id DESC LIMIT 1;
    RESET session_replication_role;
    ANALYZE
"""
EXPLAINED = """
    LOAD 'auto_explain';
    SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on;
    SET auto_explain.log_format = json; SET auto_explain.log_level = notice;
    SET client_min_messages = notice
"""
HOMES = frozenset({"nod_1", "nod_2"})
ALL = [f"acc_{number}" for number in range(1, 1001)]
ENDING = Ending(run_id="run_1", group_id="grp_2", session=1, status="sent", now=NOW, message_id="M")
ABLE = Able("nod_1", {"acc_1": 1, "acc_2": 1})
RUN = RunRow(
    id="run_new",
    reminder_id="rem_1",
    account_id="acc_1",
    occurs_at=NOW + timedelta(days=1),
    zone="UTC",
    text="text",
    mention_all=False,
    give_up_at=NOW,
    grace_seconds=600,
    misfire=Misfire.SKIP,
    created_at=NOW,
)

SENDING = Sending(
    run_id="run_1",
    group_id="grp_1",
    account_id="acc_1",
    jid="1@g.us",
    text="text",
    members=[],
    mention_all=False,
    expiration_seconds=0,
    attempts=1,
    session=1,
    started_at=NOW,
    give_up_at=NOW,
    left=False,
)


async def claim(c: Connection) -> None:
    await reminders.advance(c, [Advance("rem_1", 1, NOW, datetime(2026, 3, 3), 1)])  # noqa: DTZ001
    await runs.insert(c, [RUN])
    await deliveries.insert_of_runs(c, [RUN.id], NOW)


def with_status(status: str) -> Callable[[Connection], Awaitable[Any]]:
    """List runs as `run list --status` does."""
    return lambda c: runs.select(c, Wanted(status=status, limit=100))


def of_many(*indexes: str) -> tuple[str, ...]:
    """Ask for indexes that only a large table is worth."""
    return indexes if ROWS >= 1_000_000 else ()


# Of one row each.
SINGLE = {"events_forgotten"}
# What the daemon does at each message, run, receipt, hold and look, and the indexes it must use.
Statement = Callable[[Connection], Awaitable[Any]]
HOT: Mapping[str, tuple[Statement, set[str]]] = {
    "move on": (
        lambda c: deliveries.move_on(c, [ENDING], ABLE, NOW, NOW),
        {"accounts_pkey", "freezes_account", "deliveries_scheduled", "runs_pkey"},
    ),
    "claim": (claim, {"reminders_pkey", "runs_pkey", "accounts_pkey", "freezes_account"}),
    "what is due": (lambda c: reminders.select_due(c, "nod_1", NOW, 100), {"reminders_due"}),
    "when": (lambda c: reminders.next_due(c, "nod_1"), {"reminders_due"}),
    "which is next": (reminders.select_next, {"reminders_due"}),
    "work of one": (lambda c: deliveries.work(c, ["acc_1"]), {"deliveries_scheduled"}),
    "work": (lambda c: deliveries.work(c, ALL), {"deliveries_scheduled"}),
    "pace": (
        # Of 100,000 runs most are a day's: to read them all would be right.
        lambda c: deliveries.started(c, ALL, NOW + timedelta(hours=23)),
        {"deliveries_run", *of_many("runs_created")},
    ),
    "give up": (lambda c: deliveries.give_up(c, "nod_1", ["acc_1"], NOW), {"deliveries_scheduled"}),
    "after a crash": (lambda c: ownership.lose_track(c, "nod_1", NOW), {"deliveries_sending"}),
    "take accounts": (
        lambda c: ownership.claim(c, "nod_1", Part(HOMES, ("",), takes=10), ["nod_2"]),
        {"accounts_node", "reminders_next", "deliveries_scheduled"},
    ),
    "some accounts": (lambda c: accounts.select_these(c, ["acc_1", "acc_2"]), {"accounts_pkey"}),
    "whose device": (
        lambda c: linked_devices.claim(c, "acc_1", "1:1@s.whatsapp.net"),
        {"linked_devices_pkey", "linked_devices_jid_key"},
    ),
    "give accounts away": (
        lambda c: ownership.surplus(c, "nod_1", Part(HOMES, ("",), gives=10)),
        {"reminders_next", "deliveries_scheduled"},
    ),
    "unmark": (lambda c: deliveries.unmark(c, "nod_1", ["acc_1"], NOW), {"deliveries_sending"}),
    "still marked": (lambda c: deliveries.is_marked(c, SENDING), {"deliveries_run"}),
    "a piece": (lambda c: media.piece(c, "0" * 64, 0), {"media_pieces_pkey"}),
    "whom to mention": (
        lambda c: members.find(c, ["grp_1"], ["+491511234567"]),
        {"group_members_phone"},
    ),
    "is it open": (lambda c: deliveries.is_open(c, "run_1"), {"deliveries_run"}),
    "hold": (lambda c: holds.hold(c, ["acc_1"], NOW), {"deliveries_scheduled", "freezes_account"}),
    "hold what is late": (lambda c: holds.hold_late(c, ALL, "x", NOW), {"deliveries_scheduled"}),
    "held": (lambda c: holds.select_held(c, None, ["frozen"], NOW), {"deliveries_held"}),
    "release": (lambda c: holds.release(c, ["run_1"], NOW, NOW), {"runs_pkey", "deliveries_run"}),
    "why held": (lambda c: accounts.why_held(c, "acc_1", NOW), {"accounts_pkey"}),
    "counts": (
        lambda c: delivery_rows.count(c, NOW),
        {"deliveries_scheduled", "deliveries_sending", "deliveries_held", "deliveries_failed"},
    ),
    "newest runs": (
        lambda c: runs.select(c, Wanted(limit=100)),
        {"deliveries_run", *of_many("runs_newest")},
    ),
    "a run": (lambda c: runs.select(c, Wanted(run="run_1")), {"runs_pkey", "deliveries_run"}),
    "its deliveries": (lambda c: delivery_rows.of_runs(c, ["run_1"]), {"deliveries_run"}),
    "last run": (lambda c: runs.last_of(c, ["rem_1"]), {"runs_reminder_id_occurs_at_key"}),
    "receipts": (
        lambda c: receipts.note(c, [ReceiptRow("acc_1", ["M1"], "p", NOW, read=True)]),
        {"deliveries_message"},
    ),
    "what is open": (lambda c: deliveries.lock_open(c, "rem_1"), {"deliveries_run"}),
    "a key": (lambda c: runs.with_key(c, "acc_1", "key", NOW), {"runs_key"}),
    "unknown sends": (lambda c: runs.unknown_sends(c, 10), {"deliveries_unknown_sends"}),
    "silent sends": (lambda c: silence.of_others(c, NOW, 10), {"deliveries_silent_sends"}),
    "its silence": (lambda c: silence.of_reminders(c, ["rem_1"], NOW), {"deliveries_silent"}),
    "its groups": (lambda c: groups.of_reminders(c, ["rem_1"]), {"reminder_groups_pkey"}),
    "what is late": (
        lambda c: overdue.select_waiting(c, {"acc_1": "1"}, NOW),
        {"reminders_due", "deliveries_scheduled", "deliveries_sending"},
    ),
    "what needs a person": (
        lambda c: reminders.select_troubled(c, ["acc_1"], NOW, 10),
        {
            "whatsapp_groups_closed",
            "reminders_too_slow",
            "deliveries_wrong",
            "runs_reminder_id_occurs_at_key",
            "deliveries_silent",
        },
    ),
    **{
        f"{status} runs": (
            with_status(status),
            {f"deliveries_{status}", "deliveries_run", "runs_outcome"},
        )
        for status in STATUSES
        if status != "sent"
    },
    "events": (
        lambda c: events.select(c, 1, 100, ["delivery.sent"], 100),
        {"events_pkey"},
    ),
    "events since": (lambda c: events.before(c, NOW), {"events_at"}),
    "the last event": (events.last, {"events_pkey"}),
    "old events": (lambda c: events.delete_old(c, 10_000), {"events_at"}),
    "how late": (
        lambda c: measures.left_late(c, [1, 2, 3]),
        {"events_pkey", "runs_pkey"},
    ),
    "first receipts": (
        lambda c: measures.first_receipts(c, [("run_1", "grp_2")]),
        {"receipts_pkey"},
    ),
    "who said what": (
        lambda c: delivery_rows.recipients(c, "run_1"),
        {"deliveries_run"},
    ),
    "a deleted reminder": (lambda c: reminders.delete(c, "rem_1"), {"reminders_pkey"}),
}


@pytest.fixture
def your_dsn(yours: YourPostgres) -> Iterator[str]:
    """Make a database with our tables on the operator's server; yields a superuser's DSN."""

    async def migrated(dsn: str) -> None:
        async with await connect(dsn) as connection:
            await migrate(connection, read())

    with yours.database() as name:
        place = {"host": str(yours.directory), "port": yours.port}
        dsn = make_conninfo(**place, user="admin", dbname=name)
        asyncio.run(migrated(dsn))
        yield dsn


@pytest.fixture(params=["dsn", "your_dsn"], ids=["embedded", "yours"])
def filled(request: pytest.FixtureRequest) -> str:
    """Have `ROWS` runs in a database of each server."""
    dsn: str = request.getfixturevalue(request.param)
    fill(dsn, ROWS)
    return dsn


def fill(dsn: str, rows: int) -> None:
    """Have so many runs in a database, each with a delivery."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(FILLED.format(rows=rows).encode())


class Plans:
    """The plans by which one statement, and what it set off, was carried out."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []

    def hear(self, notice: psycopg.errors.Diagnostic) -> None:
        said = notice.message_primary or ""
        if said.startswith("duration: "):
            self._add(json.loads(said[said.index("{") :])["Plan"])

    def _add(self, node: dict[str, Any]) -> None:
        self.nodes.append(node)
        for child in node.get("Plans", []):
            self._add(child)

    @property
    def read_through(self) -> set[str]:
        found = (node["Relation Name"] for node in self.nodes if node["Node Type"] == "Seq Scan")
        return set(found) - SINGLE

    @property
    def indexes(self) -> set[str]:
        return {node["Index Name"] for node in self.nodes if "Index Name" in node}


async def test_each_hot_statement_uses_its_index_and_reads_no_table_through(filled: str) -> None:
    wrong: dict[str, object] = {}
    async with await connect(filled) as connection:
        await connection.execute(EXPLAINED)
        for name, (statement, indexes) in HOT.items():
            plans = Plans()
            connection.add_notice_handler(plans.hear)
            # A plan that is kept is made at the sixth time, and need not be that of the first.
            for _ in range(TIMES):
                async with connection.transaction(force_rollback=True):
                    await statement(connection)
            connection.remove_notice_handler(plans.hear)
            if plans.read_through or not indexes <= plans.indexes:
                wrong[name] = plans.read_through, indexes - plans.indexes
    assert not wrong


async def test_your_server_marks_a_message_nearly_as_fast_as_the_embedded_one(
    dsn: str, your_dsn: str
) -> None:
    fill(dsn, 1000)
    fill(your_dsn, 1000)
    async with await connect(dsn) as ours, await connect(your_dsn) as theirs:
        seconds = [(await timed(ours), await timed(theirs)) for _ in range(MEASURED)]
    embedded, external = (statistics.median(each) for each in zip(*seconds, strict=True))
    assert external <= 1.5 * embedded


async def timed(connection: Connection) -> float:
    """Mark a message, and take that back; returns how many seconds it took to mark."""
    async with connection.transaction(force_rollback=True):
        started = time.perf_counter()
        await deliveries.move_on(connection, [ENDING], ABLE, NOW, NOW)
        return time.perf_counter() - started
