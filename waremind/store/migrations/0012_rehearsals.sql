-- A rehearsal: what a reminder would say, in another group; the reminder itself is untouched by it.

ALTER TABLE runs
    ADD kind text NOT NULL DEFAULT 'regular' CHECK (kind IN ('regular', 'rehearsal')),
    ADD CHECK (kind = 'regular' OR reminder_id IS NOT NULL);
