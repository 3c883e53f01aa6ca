-- Who was in a group when a message came: receipts are counted by member, and compared with those.

-- One stay of a member in a group. A group's members as they are now, in WhatsApp's order, are in
-- whatsapp_groups; here is since when, until when, and under which number.
CREATE TABLE group_members (
    group_id text NOT NULL REFERENCES whatsapp_groups ON DELETE CASCADE,
    lid text NOT NULL,
    phone text,
    -- NULL: was there when the group was first seen.
    since timestamptz,
    until timestamptz,
    CHECK (until >= since)
);

CREATE UNIQUE INDEX group_members_now ON group_members (group_id, lid) WHERE until IS NULL;
CREATE INDEX group_members_then ON group_members (group_id, until);
CREATE INDEX group_members_phone ON group_members (group_id, phone);
CREATE INDEX group_members_gone ON group_members (until) WHERE until IS NOT NULL;

INSERT INTO group_members (group_id, lid) SELECT DISTINCT id, unnest(members) FROM whatsapp_groups;

-- By which name a group knows a member: receipts may name one by the phone number.
CREATE FUNCTION member_of(group_id text, address text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT m.lid FROM group_members m
         WHERE m.group_id = member_of.group_id AND address LIKE '%@s.whatsapp.net'
           AND m.phone = '+' || split_part(address, '@', 1)
         ORDER BY m.until DESC LIMIT 1),
        address)
$$;

-- Whom a message was for, with what each has said of it. `later`: came to the group only since.
CREATE FUNCTION recipients(delivery deliveries)
RETURNS TABLE (lid text, phone text, delivered_at timestamptz, read_at timestamptz, later boolean)
LANGUAGE sql STABLE AS $$
    SELECT coalesce(m.lid, r.participant), m.phone, r.delivered_at, r.read_at,
           r.participant IS NULL AND m.later
    FROM (
        SELECT s.lid, max(s.phone) AS phone, bool_and(coalesce(s.since > t.at, false)) AS later
        FROM (VALUES (coalesce(delivery.started_at, 'infinity'))) t (at)
        JOIN group_members s ON s.group_id = delivery.group_id
            AND (s.until IS NULL OR s.until > t.at AND (s.since IS NULL OR s.since <= t.at))
        JOIN accounts a ON a.id = delivery.account_id AND s.lid IS DISTINCT FROM a.lid
            AND s.lid IS DISTINCT FROM a.jid AND s.phone IS DISTINCT FROM a.phone
        GROUP BY s.lid
    ) m
    FULL JOIN (
        SELECT participant, delivered_at, read_at FROM receipts
        WHERE run_id = delivery.run_id AND group_id = delivery.group_id
    ) r ON r.participant = m.lid
$$;
