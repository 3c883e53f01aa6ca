-- Days off under a name, and which reminders keep them.

CREATE TABLE calendars (
    id text PRIMARY KEY CHECK (id LIKE 'cal\_%'),
    name text NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 64),
    source text NOT NULL CHECK (source IN ('country', 'ics', 'days')),
    country text,
    subdivision text,
    -- Nothing is known of days after it.
    ends_on date NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CHECK ((source = 'country') = (country IS NOT NULL)),
    CHECK (subdivision IS NULL OR country IS NOT NULL)
);

CREATE TABLE calendar_days (
    calendar_id text NOT NULL REFERENCES calendars ON DELETE CASCADE,
    day date NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (calendar_id, day)
);

-- A calendar that a reminder keeps cannot be deleted.
CREATE TABLE reminder_calendars (
    reminder_id text NOT NULL REFERENCES reminders ON DELETE CASCADE,
    calendar_id text NOT NULL REFERENCES calendars,
    position integer NOT NULL,
    PRIMARY KEY (reminder_id, calendar_id)
);

CREATE INDEX reminder_calendars_calendar ON reminder_calendars (calendar_id);
