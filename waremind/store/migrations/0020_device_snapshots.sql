-- Copies of the devices' keys, by which another node goes on with an account. Secret: who reads
-- them can read and write as the account. Only a cluster writes any.

CREATE TABLE device_snapshots (
    account_id text REFERENCES accounts ON DELETE CASCADE,
    device bigint,
    -- The last session that was opened with these keys, by whichever node: only who ran it has
    -- the newest, and may write them here.
    session bigint NOT NULL,
    -- Whether it ended in order, with all that moves on at each message.
    ratchets boolean NOT NULL,
    store bytea NOT NULL,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, device)
);
