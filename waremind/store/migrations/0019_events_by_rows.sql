-- What a statement tells costs as much for each row, however many rows it has and runs there are:
-- these plans are made for whatever comes first, and kept.

CREATE OR REPLACE FUNCTION tell_of_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (type, account_id, reminder_id, run_id, group_id, data)
    SELECT 'delivery.' || d.status, d.account_id,
           -- One look into its index for each; a join may read all runs instead.
           (SELECT reminder_id FROM runs WHERE id = d.run_id), d.run_id, d.group_id,
           jsonb_build_object('reason', d.reason, 'attempts', d.attempts, 'due_at', d.due_at,
                              'started_at', d.started_at, 'finished_at', d.finished_at,
                              'message_id', d.message_id)
    FROM new_rows d;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION tell_of_changed_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (type, account_id, reminder_id, run_id, group_id, data)
    SELECT 'delivery.' || d.status, d.account_id,
           (SELECT reminder_id FROM runs WHERE id = d.run_id), d.run_id, d.group_id,
           jsonb_build_object('reason', d.reason, 'attempts', d.attempts, 'due_at', d.due_at,
                              'started_at', d.started_at, 'finished_at', d.finished_at,
                              'message_id', d.message_id)
    FROM new_rows d
    -- All rows are in both. A full join is never made by comparing each row with each other one.
    FULL JOIN old_rows o ON o.group_id = d.group_id AND o.run_id = d.run_id
    WHERE (o.status, o.reason) IS DISTINCT FROM (d.status, d.reason);
    RETURN NULL;
END
$$;
