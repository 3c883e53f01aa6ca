-- Members have names: receipts are read by people.

-- As the account's phone or the member says; of some members neither does.
ALTER TABLE group_members ADD COLUMN name text;
