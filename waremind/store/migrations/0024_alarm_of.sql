-- What needs a person is found by how many need one, not by how many messages there were.

-- The reminder of a regular run, who is told of when this fails or reaches nobody; NULL: its run is.
ALTER TABLE deliveries ADD alarm_of text;

UPDATE deliveries d SET alarm_of = r.reminder_id
FROM runs r
WHERE r.id = d.run_id AND r.kind = 'regular' AND r.reminder_id IS NOT NULL
  AND (d.status IN ('scheduled', 'sending', 'held', 'failed', 'unknown', 'revoking')
       OR d.status = 'sent' AND d.received_at IS NULL AND d.acknowledged_at IS NULL);

DROP INDEX deliveries_silent;
CREATE INDEX deliveries_silent ON deliveries (alarm_of, finished_at)
    WHERE alarm_of IS NOT NULL AND status = 'sent' AND received_at IS NULL
      AND acknowledged_at IS NULL AND message_id IS NOT NULL;
CREATE INDEX deliveries_silent_sends ON deliveries (finished_at)
    WHERE alarm_of IS NULL AND status = 'sent' AND received_at IS NULL
      AND acknowledged_at IS NULL AND message_id IS NOT NULL;
CREATE INDEX deliveries_wrong ON deliveries (alarm_of)
    WHERE alarm_of IS NOT NULL AND (status = 'failed' OR status = 'unknown');
CREATE INDEX deliveries_unknown_sends ON deliveries (finished_at)
    WHERE alarm_of IS NULL AND status = 'unknown';
