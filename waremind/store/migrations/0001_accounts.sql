-- Accounts with their session numbers, their groups, and who did what.

CREATE TABLE accounts (
    id text PRIMARY KEY CHECK (id LIKE 'acc\_%'),
    label text NOT NULL UNIQUE CHECK (char_length(label) BETWEEN 1 AND 64),
    state text NOT NULL CHECK (state IN (
        'new', 'unpaired', 'unpairing', 'logged_out', 'pairing_timed_out', 'pairing_failed',
        'pairing_outdated', 'pairing_cancelled', 'different_number', 'passkey_required',
        'pairing', 'linked', 'resuming', 'connected', 'starting', 'network', 'connect_failed',
        'crashed', 'replaced', 'replaced_again', 'client_outdated', 'refused', 'stopped',
        'temporary_ban', 'banned')),
    -- A sentence about how the state came about; never a secret.
    detail text NOT NULL DEFAULT '',
    -- Each opening and each ending takes the next number; an older session is not heard.
    session bigint NOT NULL DEFAULT 0 CHECK (session >= 0),
    -- The session that paired the device whose keys we hold; it names their directory.
    device bigint CHECK (device BETWEEN 1 AND session),
    jid text,
    lid text,
    phone text CHECK (phone ~ '^\+[0-9]{5,20}$'),
    push_name text,
    retries integer NOT NULL DEFAULT 0 CHECK (retries >= 0),
    created_at timestamptz NOT NULL,
    status_since timestamptz NOT NULL,
    state_since timestamptz NOT NULL,
    linked_at timestamptz,
    last_connected_at timestamptz,
    replaced_at timestamptz,
    banned_until timestamptz,
    restricted_until timestamptz,
    groups_synced_at timestamptz,
    CONSTRAINT device_as_the_state_says CHECK ((device IS NOT NULL) = (state IN (
        'unpairing', 'linked', 'resuming', 'connected', 'starting', 'network', 'connect_failed',
        'crashed', 'replaced', 'replaced_again', 'client_outdated', 'refused', 'stopped',
        'temporary_ban')))
);

CREATE FUNCTION session_numbers_never_go_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.session < OLD.session THEN
        RAISE EXCEPTION 'session % of account % would go back to %', OLD.session, OLD.id, NEW.session
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER session_numbers_never_go_back BEFORE UPDATE OF session ON accounts
    FOR EACH ROW EXECUTE FUNCTION session_numbers_never_go_back();

CREATE TABLE whatsapp_groups (
    id text PRIMARY KEY CHECK (id LIKE 'grp\_%'),
    account_id text NOT NULL REFERENCES accounts ON DELETE CASCADE,
    jid text NOT NULL CHECK (jid LIKE '%@g.us'),
    name text NOT NULL,
    announce_only boolean NOT NULL DEFAULT false,
    -- We may write to it even when it is announce-only.
    admin boolean NOT NULL DEFAULT false,
    -- LIDs: a member's phone number may be unknown.
    members text[] NOT NULL DEFAULT '{}',
    left_at timestamptz,
    -- NULL: named by a reminder, not seen yet.
    synced_at timestamptz,
    UNIQUE (account_id, jid)
);

-- Who did what. Rows outlive what they speak of, so they refer to nothing.
CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    uid bigint NOT NULL,
    operator text,
    action text NOT NULL,
    target_kind text NOT NULL,
    target_id text,
    target_name text,
    detail jsonb NOT NULL DEFAULT '{}'
);

CREATE INDEX audit_log_at ON audit_log (at);

CREATE FUNCTION the_audit_log_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log only grows' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER the_audit_log_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION the_audit_log_only_grows();
