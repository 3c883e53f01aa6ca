-- What bends a reminder's rule, and the messages that come of it beside the rule's own occurrences.

ALTER TABLE reminders
    -- NULL: nothing bends the rule.
    ADD options jsonb CHECK (jsonb_typeof(options) = 'object'),
    -- What it waits for may be written down and not sent (skipped, in quiet hours): this is when it
    -- next sends something; NULL: that is not to be seen yet.
    ADD fires_at timestamptz,
    -- How many occurrences count before the one that it waits for, and how long it comes ahead of it.
    ADD next_number integer NOT NULL DEFAULT 0 CHECK (next_number >= 0),
    ADD next_lead_seconds integer NOT NULL DEFAULT 0 CHECK (next_lead_seconds >= 0);

UPDATE reminders SET fires_at = next_at;

ALTER TABLE reminders ADD CHECK (fires_at >= next_at);
