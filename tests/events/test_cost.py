"""What it costs to tell of a statement's deliveries does not grow with the runs that there are."""

from __future__ import annotations

import psycopg

from waremind.store.pinned import pin

FILLED = """
    INSERT INTO accounts (id, label, state, session, created_at, status_since, state_since)
        VALUES ('acc_1', 'ops', 'unpaired', 1, now(), now(), now());
    INSERT INTO whatsapp_groups (id, account_id, jid, name) VALUES ('grp_1', 'acc_1', '1@g.us', '')
"""
RUNS = """
    INSERT INTO runs (id, account_id, occurs_at, zone, text, mention_all, give_up_at,
                      grace_seconds, misfire, created_at)
        SELECT 'run_' || i, 'acc_1', now(), 'UTC', 'text', false, now(), 600, 'skip', now()
        FROM generate_series(%s::integer, %s) i
"""
WRITTEN = """
    INSERT INTO deliveries (run_id, group_id, account_id, position, status, due_at)
    SELECT 'run_' || i, 'grp_1', 'acc_1', 0, 'scheduled', now()
    FROM generate_series(%s::integer, %s) i
"""
CHANGED = "UPDATE deliveries SET status = 'missed', reason = 'late' WHERE status = 'scheduled'"
READ = """
    SELECT pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid)
         + coalesce((SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid))
                     FROM pg_index WHERE indrelid = c.oid), 0)
    FROM pg_class c WHERE relname = 'runs'
"""
# Of each delivery's run: by its foreign key, and by what is told of it; a few times, at most.
EACH = 8
FEW, MANY = 50, 2000


async def test_telling_of_deliveries_reads_their_runs_and_no_others(
    connection: psycopg.AsyncConnection,
) -> None:
    await pin(connection)
    await connection.execute(FILLED)
    # The plans are made while there are few runs.
    for first, last in ((1, FEW), (FEW + 1, MANY)):
        await connection.execute(RUNS, [first, last])
        async with connection.transaction():
            before = await _read(connection)
            await connection.execute(WRITTEN, [first, first + FEW - 1])
            await connection.execute(CHANGED)
            assert await _read(connection) - before <= EACH * FEW
    told = await connection.execute("SELECT type FROM events WHERE type LIKE 'delivery.%'")
    each_time = ["delivery.scheduled"] * FEW + ["delivery.missed"] * FEW
    assert [type_ for (type_,) in await told.fetchall()] == each_time * 2


async def _read(connection: psycopg.AsyncConnection) -> int:
    ((tuples,),) = await (await connection.execute(READ)).fetchall()
    return int(tuples)
