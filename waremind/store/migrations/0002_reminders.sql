-- Reminders, what became of each of their occurrences, and what stops messages from leaving.

CREATE TABLE reminders (
    id text PRIMARY KEY CHECK (id LIKE 'rem\_%'),
    name text NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 64),
    account_id text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    text text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 4096),
    -- NULL: it fires once, at `at`.
    rrule text,
    at timestamptz,
    -- Local to the zone, as the operator wrote it.
    start timestamp NOT NULL,
    zone text NOT NULL,
    misfire text NOT NULL CHECK (misfire IN ('skip', 'once', 'all')),
    grace_seconds integer NOT NULL CHECK (grace_seconds >= 0),
    mention_all boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'paused', 'finished')),
    -- The occurrence that it waits for: its instant, what the rule named, its place under COUNT.
    next_at timestamptz,
    next_nominal timestamp,
    next_ordinal integer NOT NULL DEFAULT 0,
    -- Counts changes: what was computed from an older row is not written.
    revision bigint NOT NULL DEFAULT 1,
    -- The rule has come to cost more than is allowed: a person has to change it.
    too_slow_since timestamptz,
    created_at timestamptz NOT NULL,
    CHECK ((rrule IS NULL) = (at IS NOT NULL)),
    CHECK ((next_at IS NULL) = (next_nominal IS NULL)),
    CHECK ((state = 'finished') = (next_at IS NULL))
);

CREATE INDEX reminders_account ON reminders (account_id);
CREATE INDEX reminders_due ON reminders (next_at) WHERE state = 'active' AND too_slow_since IS NULL;
CREATE INDEX reminders_too_slow ON reminders (too_slow_since) WHERE too_slow_since IS NOT NULL;

CREATE TABLE reminder_groups (
    reminder_id text NOT NULL REFERENCES reminders ON DELETE CASCADE,
    group_id text NOT NULL REFERENCES whatsapp_groups ON DELETE CASCADE,
    position integer NOT NULL,
    PRIMARY KEY (reminder_id, group_id)
);

CREATE INDEX reminder_groups_group ON reminder_groups (group_id);

-- One occurrence, or a stretch of `count` occurrences up to `until` that did not fire.
CREATE TABLE runs (
    id text PRIMARY KEY CHECK (id LIKE 'run\_%'),
    -- NULL: a message of `waremind send`.
    reminder_id text REFERENCES reminders ON DELETE CASCADE,
    account_id text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    occurs_at timestamptz NOT NULL,
    until timestamptz,
    count integer NOT NULL DEFAULT 1 CHECK (count >= 1),
    zone text NOT NULL,
    -- What became of a stretch that has no deliveries.
    outcome text CHECK (outcome IN ('missed', 'skipped')),
    reason text,
    text text NOT NULL,
    mention_all boolean NOT NULL,
    -- When a failure that sent nothing is no longer tried again.
    give_up_at timestamptz NOT NULL,
    grace_seconds integer NOT NULL,
    misfire text NOT NULL CHECK (misfire IN ('skip', 'once', 'all')),
    -- An operator's word against sending twice; at most one run a key.
    key text CHECK (char_length(key) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    -- Which runs are newest, also among those made at one instant.
    number bigint GENERATED ALWAYS AS IDENTITY,
    UNIQUE (reminder_id, occurs_at),
    CHECK ((outcome IS NULL) = (count = 1 AND until IS NULL)),
    CHECK ((outcome IS NULL) OR (until IS NOT NULL AND reason IS NOT NULL))
);

CREATE UNIQUE INDEX runs_key ON runs (account_id, key) WHERE key IS NOT NULL;
CREATE INDEX runs_account ON runs (account_id);
CREATE INDEX runs_newest ON runs (number DESC);
-- They come in this order.
CREATE INDEX runs_created ON runs USING brin (created_at);

-- One message of a run to one group.
CREATE TABLE deliveries (
    run_id text NOT NULL REFERENCES runs ON DELETE CASCADE,
    group_id text NOT NULL REFERENCES whatsapp_groups ON DELETE CASCADE,
    -- The run's, again, for the indexes below; it goes with the run.
    account_id text NOT NULL,
    position integer NOT NULL,
    status text NOT NULL CHECK (status IN
        ('scheduled', 'sending', 'sent', 'failed', 'unknown', 'missed', 'held', 'skipped')),
    reason text,
    detail text NOT NULL DEFAULT '',
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    message_id text,
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (group_id, run_id),
    CHECK ((status = 'sent') <= (finished_at IS NOT NULL)),
    CHECK ((status IN ('held', 'missed', 'failed', 'unknown', 'skipped')) <= (reason IS NOT NULL))
);

-- Sends are serial in an account; a crash leaves at most one that nobody can know about.
CREATE UNIQUE INDEX deliveries_sending ON deliveries (account_id) WHERE status = 'sending';
CREATE INDEX deliveries_scheduled ON deliveries (account_id, due_at, run_id, position)
    WHERE status = 'scheduled';
CREATE INDEX deliveries_held ON deliveries (account_id) WHERE status = 'held';
CREATE INDEX deliveries_unknown ON deliveries (account_id) WHERE status = 'unknown';
CREATE INDEX deliveries_failed ON deliveries (finished_at) WHERE status = 'failed';
CREATE INDEX deliveries_message ON deliveries (message_id) WHERE message_id IS NOT NULL;
-- A hash, as a delivery is written three times, and a run has few of them.
CREATE INDEX deliveries_run ON deliveries USING hash (run_id);

-- Whose device said that a message arrived, or was read.
CREATE TABLE receipts (
    run_id text NOT NULL,
    group_id text NOT NULL,
    participant text NOT NULL,
    delivered_at timestamptz NOT NULL,
    read_at timestamptz,
    PRIMARY KEY (run_id, group_id, participant),
    FOREIGN KEY (run_id, group_id) REFERENCES deliveries (run_id, group_id) ON DELETE CASCADE
);

-- account_id NULL: everything is frozen.
CREATE TABLE freezes (
    account_id text REFERENCES accounts ON DELETE CASCADE,
    since timestamptz NOT NULL,
    operator text NOT NULL,
    reason text
);

CREATE UNIQUE INDEX freezes_account ON freezes (coalesce(account_id, ''));

-- Why nothing of an account may leave at a moment; NULL: it may. One row: PostgreSQL inlines a
-- function that looks into a table only where it returns a set.
CREATE FUNCTION why_held(account accounts, moment timestamptz) RETURNS TABLE (reason text)
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN EXISTS (SELECT 1 FROM freezes f
                     WHERE f.account_id IS NULL OR f.account_id = account.id) THEN 'frozen'
        WHEN account.state IN ('temporary_ban', 'banned') THEN 'banned'
        WHEN account.device IS NULL OR account.state = 'unpairing' THEN 'unpaired'
        WHEN account.restricted_until > moment THEN 'restricted'
    END
$$;
