-- A message that WhatsApp has accepted and nobody has received is a person's to look at.

ALTER TABLE deliveries
    -- What the first receipt says.
    ADD received_at timestamptz,
    -- When a person has said that it need not be received.
    ADD acknowledged_at timestamptz;

UPDATE deliveries d SET received_at = r.at
FROM (SELECT run_id, group_id, min(delivered_at) AS at FROM receipts GROUP BY run_id, group_id) r
WHERE r.run_id = d.run_id AND r.group_id = d.group_id;

-- What was sent before this was asked alarms nobody.
UPDATE deliveries SET acknowledged_at = now() WHERE status = 'sent' AND received_at IS NULL;

CREATE INDEX deliveries_silent ON deliveries (finished_at)
    WHERE status = 'sent' AND received_at IS NULL AND acknowledged_at IS NULL
      AND message_id IS NOT NULL;

-- What was sent before then and has no receipt of anybody, though others are in the group.
CREATE FUNCTION silent_since(before timestamptz) RETURNS SETOF deliveries
LANGUAGE sql STABLE AS $$
    SELECT d.* FROM deliveries d
    WHERE d.status = 'sent' AND d.received_at IS NULL AND d.acknowledged_at IS NULL
      AND d.message_id IS NOT NULL AND d.finished_at <= before
      AND EXISTS (SELECT 1 FROM recipients(d) m WHERE NOT m.later)
$$;
