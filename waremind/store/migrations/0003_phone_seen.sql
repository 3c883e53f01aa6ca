-- When the phone itself was last heard of: WhatsApp unlinks a device whose phone stays away.

ALTER TABLE accounts ADD phone_seen_at timestamptz;

-- Who links a device has the phone in hand.
UPDATE accounts SET phone_seen_at = linked_at;
