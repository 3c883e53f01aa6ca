-- Accounts go from node to node by when each has something to send: by index, however many
-- reminders each has. It also finds what goes with an account.

CREATE INDEX reminders_next ON reminders (account_id, next_at);
DROP INDEX reminders_account;
