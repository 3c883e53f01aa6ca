-- Deleting for everyone what a run has sent.

ALTER TABLE deliveries
    DROP CONSTRAINT deliveries_status_check,
    ADD CONSTRAINT deliveries_status_check CHECK (status IN (
        'scheduled', 'sending', 'sent', 'failed', 'unknown', 'missed', 'held', 'skipped',
        -- Sent, and to be deleted; deleted.
        'revoking', 'revoked')),
    -- When the deletion may have left; NULL: it has not.
    ADD revoke_started_at timestamptz,
    -- Why what was to be deleted still stands.
    ADD revoke_reason text,
    ADD CHECK (revoke_reason IS NULL OR status = 'sent'),
    ADD CHECK (status NOT IN ('revoking', 'revoked') OR message_id IS NOT NULL);

ALTER TABLE events DROP CONSTRAINT events_type_check, ADD CONSTRAINT events_type_check CHECK (type IN (
    'account.added', 'account.changed', 'account.renamed', 'account.deleted',
    'account.unpaired', 'account.pending', 'account.connected', 'account.disconnected',
    'account.banned',
    'reminder.added', 'reminder.changed', 'reminder.paused', 'reminder.resumed',
    'reminder.finished', 'reminder.deleted',
    'run.created',
    'delivery.scheduled', 'delivery.sending', 'delivery.sent', 'delivery.failed',
    'delivery.unknown', 'delivery.missed', 'delivery.held', 'delivery.skipped',
    'delivery.revoking', 'delivery.revoked',
    'freeze.begun', 'freeze.ended',
    'attention.begun', 'attention.ended',
    'audit.written'));

-- As with sends, a crash leaves at most one in an account that nobody can know about.
CREATE UNIQUE INDEX deliveries_revoking_now ON deliveries (account_id)
    WHERE status = 'revoking' AND revoke_started_at IS NOT NULL;
CREATE INDEX deliveries_revoking ON deliveries (account_id) WHERE status = 'revoking';

-- Why a message cannot be deleted for everyone; NULL: it can. WhatsApp allows it for two days.
CREATE FUNCTION why_not_revoked(delivery deliveries, account accounts, moment timestamptz)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN delivery.message_id IS NULL THEN 'no_message_id'
        WHEN delivery.finished_at < moment - interval '2 days' THEN 'too_old'
        WHEN account.device IS NULL OR account.state = 'unpairing' THEN 'unpaired'
        WHEN delivery.started_at < account.linked_at THEN 'other_device'
    END
$$;
