-- Images and documents that messages carry: each content once, however many reminders have it.

CREATE TABLE media (
    -- The SHA-256 of its content.
    id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{64}$'),
    size integer NOT NULL CHECK (size BETWEEN 1 AND 16777216),
    -- Of an image that phones show; NULL: it can only be a document, or nobody knows how large.
    image_type text,
    width integer,
    height integer,
    -- When somebody last wanted it; what nobody refers to goes a while after.
    kept_at timestamptz NOT NULL
);

-- In pieces, so that nobody holds the whole in memory.
CREATE TABLE media_pieces (
    media_id text NOT NULL REFERENCES media ON DELETE CASCADE,
    position integer NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (media_id, position)
);

-- What is compressed already does not get smaller.
ALTER TABLE media_pieces ALTER content SET STORAGE EXTERNAL;

ALTER TABLE reminders
    ADD media text REFERENCES media,
    ADD media_kind text CHECK (media_kind IN ('image', 'document')),
    ADD media_name text,
    ADD CHECK ((media IS NULL) = (media_kind IS NULL)),
    ADD CHECK ((media IS NULL) = (media_name IS NULL)),
    DROP CONSTRAINT reminders_text_check,
    -- An image needs no words.
    ADD CONSTRAINT reminders_text_check
        CHECK (char_length(text) <= 4096 AND (text <> '' OR media IS NOT NULL));

-- Once all of a run has ended, its history says only what it was: the content may go.
ALTER TABLE runs
    ADD media text REFERENCES media ON DELETE SET NULL,
    ADD media_kind text CHECK (media_kind IN ('image', 'document')),
    ADD media_name text;

CREATE INDEX reminders_media ON reminders (media) WHERE media IS NOT NULL;
CREATE INDEX runs_media ON runs (media) WHERE media IS NOT NULL;
