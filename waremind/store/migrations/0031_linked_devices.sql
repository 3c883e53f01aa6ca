-- One account at most has the keys of a device: two that used them would take WhatsApp's connection
-- from each other for ever, and none could read what the other one had set up keys for.
-- compatible_from: 29

CREATE TABLE linked_devices (
    account_id text PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    -- The device's whole JID, with its number.
    jid text NOT NULL UNIQUE
);
