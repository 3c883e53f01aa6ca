-- A group's messages may disappear after a while; one that does not say so looks like an old app's.

ALTER TABLE whatsapp_groups
    -- 0: they stay.
    ADD COLUMN expiration_seconds bigint NOT NULL DEFAULT 0 CHECK (expiration_seconds >= 0);
