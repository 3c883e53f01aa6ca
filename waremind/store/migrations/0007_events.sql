-- What happened: told by triggers, in the transaction that did it, whoever wrote it.

CREATE TABLE events (
    -- Drawn in any order and committed in another: store/events.py says up to which all are known.
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    -- The closed list of domain/events.py.
    type text NOT NULL CHECK (type IN (
        'account.added', 'account.changed', 'account.renamed', 'account.deleted',
        'account.unpaired', 'account.pending', 'account.connected', 'account.disconnected',
        'account.banned',
        'reminder.added', 'reminder.changed', 'reminder.paused', 'reminder.resumed',
        'reminder.finished', 'reminder.deleted',
        'run.created',
        'delivery.scheduled', 'delivery.sending', 'delivery.sent', 'delivery.failed',
        'delivery.unknown', 'delivery.missed', 'delivery.held', 'delivery.skipped',
        'freeze.begun', 'freeze.ended',
        'attention.begun', 'attention.ended',
        'audit.written')),
    -- Ids of what may be gone by now: they refer to nothing.
    account_id text,
    reminder_id text,
    run_id text,
    group_id text,
    data jsonb NOT NULL
);

CREATE INDEX events_at ON events (at);

-- One row: up to which id old events were deleted.
CREATE TABLE events_forgotten (up_to bigint NOT NULL);
INSERT INTO events_forgotten VALUES (0);

-- What operators call the finer states: the table of domain/lifecycle.py.
CREATE TABLE account_states (
    state text PRIMARY KEY,
    status text NOT NULL,
    reason text NOT NULL
);

INSERT INTO account_states VALUES
    ('new', 'unpaired', 'new'),
    ('unpaired', 'unpaired', 'unpaired'),
    ('unpairing', 'unpaired', 'unpaired'),
    ('logged_out', 'unpaired', 'logged_out'),
    ('pairing_timed_out', 'unpaired', 'pairing_timed_out'),
    ('pairing_failed', 'unpaired', 'pairing_failed'),
    ('pairing_outdated', 'unpaired', 'pairing_failed'),
    ('pairing_cancelled', 'unpaired', 'pairing_cancelled'),
    ('different_number', 'unpaired', 'pairing_failed'),
    ('passkey_required', 'unpaired', 'passkey_required'),
    ('pairing', 'pending', 'pairing'),
    ('linked', 'pending', 'pairing'),
    ('resuming', 'pending', 'pairing'),
    ('connected', 'connected', 'ok'),
    ('starting', 'disconnected', 'starting'),
    ('network', 'disconnected', 'network'),
    ('connect_failed', 'disconnected', 'connect_failed'),
    ('crashed', 'disconnected', 'crashed'),
    ('replaced', 'disconnected', 'replaced'),
    ('replaced_again', 'disconnected', 'replaced'),
    ('client_outdated', 'disconnected', 'client_outdated'),
    ('refused', 'disconnected', 'refused'),
    ('stopped', 'disconnected', 'stopped'),
    ('temporary_ban', 'banned', 'temporary_ban'),
    ('banned', 'banned', 'banned');

CREATE FUNCTION tell_of_account() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    account accounts := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    before account_states;
    now_is account_states;
BEGIN
    SELECT * INTO now_is FROM account_states s WHERE s.state = account.state;
    IF TG_OP = 'UPDATE' THEN
        SELECT * INTO before FROM account_states s WHERE s.state = OLD.state;
    END IF;
    INSERT INTO events (type, account_id, data) VALUES (
        'account.' || CASE
            WHEN TG_OP = 'INSERT' THEN 'added'
            WHEN TG_OP = 'DELETE' THEN 'deleted'
            WHEN before.status <> now_is.status THEN now_is.status
            WHEN OLD.label <> NEW.label THEN 'renamed'
            ELSE 'changed' END,
        account.id,
        jsonb_build_object(
            'label', account.label, 'status', now_is.status, 'reason', now_is.reason,
            'detail', account.detail, 'jid', account.jid, 'phone', account.phone,
            'push_name', account.push_name, 'session', account.session,
            'created_at', account.created_at, 'status_since', account.status_since,
            'last_connected_at', account.last_connected_at,
            'phone_seen_at', account.phone_seen_at, 'banned_until', account.banned_until,
            'restricted_until', account.restricted_until));
    RETURN NULL;
END
$$;

CREATE TRIGGER tell_of_new_account AFTER INSERT OR DELETE ON accounts
    FOR EACH ROW EXECUTE FUNCTION tell_of_account();
-- A transition writes the whole row, also where only the count of retries is another.
CREATE TRIGGER tell_of_account AFTER UPDATE OF state ON accounts
    FOR EACH ROW WHEN ((
        OLD.label, OLD.state, OLD.detail, OLD.session, OLD.jid, OLD.phone, OLD.push_name,
        OLD.last_connected_at, OLD.phone_seen_at, OLD.banned_until, OLD.restricted_until
    ) IS DISTINCT FROM (
        NEW.label, NEW.state, NEW.detail, NEW.session, NEW.jid, NEW.phone, NEW.push_name,
        NEW.last_connected_at, NEW.phone_seen_at, NEW.banned_until, NEW.restricted_until))
    EXECUTE FUNCTION tell_of_account();

CREATE FUNCTION tell_of_reminder() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reminder reminders := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    INSERT INTO events (type, account_id, reminder_id, data) VALUES (
        'reminder.' || CASE
            WHEN TG_OP = 'INSERT' THEN 'added'
            WHEN TG_OP = 'DELETE' THEN 'deleted'
            WHEN OLD.state = NEW.state THEN 'changed'
            WHEN NEW.state = 'paused' THEN 'paused'
            WHEN NEW.state = 'finished' THEN 'finished'
            WHEN OLD.state = 'paused' THEN 'resumed'
            ELSE 'changed' END,
        reminder.account_id, reminder.id,
        jsonb_build_object('name', reminder.name, 'state', reminder.state,
                           'next_at', reminder.next_at));
    RETURN NULL;
END
$$;

CREATE TRIGGER tell_of_new_reminder AFTER INSERT OR DELETE ON reminders
    FOR EACH ROW EXECUTE FUNCTION tell_of_reminder();
-- An operator's change writes the whole row. To move on to the next occurrence is none, until the
-- last one is over.
CREATE TRIGGER tell_of_reminder AFTER UPDATE OF name ON reminders
    FOR EACH ROW WHEN (NOT (OLD.state = 'active' AND NEW.state = 'finished'))
    EXECUTE FUNCTION tell_of_reminder();
CREATE TRIGGER tell_of_finished_reminder AFTER UPDATE OF next_at ON reminders
    FOR EACH ROW WHEN (OLD.state = 'active' AND NEW.state = 'finished')
    EXECUTE FUNCTION tell_of_reminder();

CREATE FUNCTION tell_of_runs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (type, account_id, reminder_id, run_id, data)
    SELECT 'run.created', account_id, reminder_id, id,
           jsonb_build_object('occurs_at', occurs_at, 'until', until, 'count', count,
                              'outcome', outcome, 'reason', reason)
    FROM new_rows ORDER BY number;
    RETURN NULL;
END
$$;

CREATE TRIGGER tell_of_runs AFTER INSERT ON runs REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_runs();

-- Each message passes here three times, so that a statement tells of all its rows at once.
CREATE FUNCTION tell_of_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (type, account_id, reminder_id, run_id, group_id, data)
    SELECT 'delivery.' || d.status, d.account_id, r.reminder_id, d.run_id, d.group_id,
           jsonb_build_object('reason', d.reason, 'attempts', d.attempts, 'due_at', d.due_at,
                              'started_at', d.started_at, 'finished_at', d.finished_at,
                              'message_id', d.message_id)
    FROM new_rows d JOIN runs r ON r.id = d.run_id;
    RETURN NULL;
END
$$;

CREATE FUNCTION tell_of_changed_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (type, account_id, reminder_id, run_id, group_id, data)
    SELECT 'delivery.' || d.status, d.account_id, r.reminder_id, d.run_id, d.group_id,
           jsonb_build_object('reason', d.reason, 'attempts', d.attempts, 'due_at', d.due_at,
                              'started_at', d.started_at, 'finished_at', d.finished_at,
                              'message_id', d.message_id)
    FROM new_rows d
    JOIN old_rows o ON o.group_id = d.group_id AND o.run_id = d.run_id
    JOIN runs r ON r.id = d.run_id
    WHERE (o.status, o.reason) IS DISTINCT FROM (d.status, d.reason);
    RETURN NULL;
END
$$;

CREATE TRIGGER tell_of_deliveries AFTER INSERT ON deliveries
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_deliveries();
CREATE TRIGGER tell_of_changed_deliveries AFTER UPDATE ON deliveries
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_changed_deliveries();

CREATE FUNCTION tell_of_freeze() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    hold freezes := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    INSERT INTO events (type, account_id, data) VALUES (
        CASE TG_OP WHEN 'DELETE' THEN 'freeze.ended' ELSE 'freeze.begun' END, hold.account_id,
        jsonb_build_object('since', hold.since, 'by', hold.operator, 'reason', hold.reason));
    RETURN NULL;
END
$$;

CREATE TRIGGER tell_of_freeze AFTER INSERT OR DELETE ON freezes
    FOR EACH ROW EXECUTE FUNCTION tell_of_freeze();

-- What needs a person, as it was last told of.
CREATE TABLE attention (
    kind text NOT NULL,
    -- Empty: the daemon's own.
    id text NOT NULL,
    code text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('warning', 'critical')),
    name text,
    since timestamptz NOT NULL,
    text text NOT NULL,
    fix text NOT NULL,
    PRIMARY KEY (kind, id, code, severity)
);

CREATE FUNCTION tell_of_attention() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    need attention := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    INSERT INTO events (type, account_id, reminder_id, run_id, data) VALUES (
        CASE TG_OP WHEN 'DELETE' THEN 'attention.ended' ELSE 'attention.begun' END,
        CASE need.kind WHEN 'account' THEN nullif(need.id, '') END,
        CASE need.kind WHEN 'reminder' THEN nullif(need.id, '') END,
        CASE need.kind WHEN 'run' THEN nullif(need.id, '') END,
        to_jsonb(need) || jsonb_build_object('id', nullif(need.id, '')));
    RETURN NULL;
END
$$;

CREATE TRIGGER tell_of_attention AFTER INSERT OR DELETE ON attention
    FOR EACH ROW EXECUTE FUNCTION tell_of_attention();

CREATE FUNCTION tell_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (type, account_id, reminder_id, run_id, data) VALUES (
        'audit.written',
        CASE NEW.target_kind WHEN 'account' THEN NEW.target_id END,
        CASE NEW.target_kind WHEN 'reminder' THEN NEW.target_id END,
        CASE NEW.target_kind WHEN 'run' THEN NEW.target_id END,
        jsonb_build_object(
            'id', NEW.id, 'action', NEW.action, 'detail', NEW.detail,
            'operator', jsonb_build_object('uid', NEW.uid, 'name', NEW.operator),
            'target', jsonb_build_object('kind', NEW.target_kind, 'id', NEW.target_id,
                                         'name', NEW.target_name)));
    RETURN NULL;
END
$$;

CREATE TRIGGER tell_of_audit AFTER INSERT ON audit_log
    FOR EACH ROW EXECUTE FUNCTION tell_of_audit();
