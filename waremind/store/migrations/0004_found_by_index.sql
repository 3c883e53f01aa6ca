-- All that is looked for is found by an index: no table is read through, however small it was when
-- the plan was made.

-- Asked for each message; `IN` finds both kinds of freezes by `freezes_account`.
CREATE OR REPLACE FUNCTION why_held(account accounts, moment timestamptz)
RETURNS TABLE (reason text) LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN EXISTS (SELECT 1 FROM freezes f
                     WHERE coalesce(f.account_id, '') IN ('', account.id)) THEN 'frozen'
        WHEN account.state IN ('temporary_ban', 'banned') THEN 'banned'
        WHEN account.device IS NULL OR account.state = 'unpairing' THEN 'unpaired'
        WHEN account.restricted_until > moment THEN 'restricted'
    END
$$;

-- The few groups that cannot be written to, of which a person has to know.
CREATE INDEX whatsapp_groups_closed ON whatsapp_groups (id)
    WHERE left_at IS NOT NULL OR synced_at IS NULL OR announce_only AND NOT admin;
