-- The same text again, once, to groups where too few have read it.

ALTER TABLE runs
    DROP CONSTRAINT runs_kind_check,
    ADD CONSTRAINT runs_kind_check CHECK (kind IN ('regular', 'rehearsal', 'follow_up')),
    -- When to look who has read it; NULL: not, or no longer.
    ADD follow_up_at timestamptz,
    ADD unless_read_percent integer CHECK (unless_read_percent BETWEEN 1 AND 100),
    ADD follows text REFERENCES runs ON DELETE CASCADE,
    ADD CHECK ((kind = 'follow_up') = (follows IS NOT NULL)),
    ADD CHECK (follow_up_at IS NULL OR unless_read_percent IS NOT NULL);

CREATE INDEX runs_follow_up ON runs (follow_up_at) WHERE follow_up_at IS NOT NULL;
-- A run is followed once.
CREATE UNIQUE INDEX runs_follows ON runs (follows) WHERE follows IS NOT NULL;
