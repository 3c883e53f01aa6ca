-- Which node did it, by its name: ids are new at each start, and gone with their nodes. NULL on one
-- machine.

ALTER TABLE deliveries ADD node text;
-- Where the operator's uid means something.
ALTER TABLE audit_log ADD node text;

CREATE OR REPLACE FUNCTION tell_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (type, account_id, reminder_id, run_id, data) VALUES (
        'audit.written',
        CASE NEW.target_kind WHEN 'account' THEN NEW.target_id END,
        CASE NEW.target_kind WHEN 'reminder' THEN NEW.target_id END,
        CASE NEW.target_kind WHEN 'run' THEN NEW.target_id END,
        jsonb_build_object(
            'id', NEW.id, 'action', NEW.action, 'detail', NEW.detail, 'node', NEW.node,
            'operator', jsonb_build_object('uid', NEW.uid, 'name', NEW.operator),
            'target', jsonb_build_object('kind', NEW.target_kind, 'id', NEW.target_id,
                                         'name', NEW.target_name)));
    RETURN NULL;
END
$$;
