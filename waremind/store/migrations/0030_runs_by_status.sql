-- `run list --status` finds runs by index also where they ended without a message.
-- compatible_from: 29

CREATE INDEX deliveries_missed ON deliveries (run_id) WHERE status = 'missed';
CREATE INDEX deliveries_skipped ON deliveries (run_id) WHERE status = 'skipped';
CREATE INDEX deliveries_revoked ON deliveries (run_id) WHERE status = 'revoked';
-- Stretches that did not fire have no deliveries.
CREATE INDEX runs_outcome ON runs (outcome) WHERE outcome IS NOT NULL;
