-- What one node asks another one to do, which has the account. On one machine there is none.

CREATE TABLE commands (
    id uuid PRIMARY KEY,
    asked_by text NOT NULL REFERENCES nodes ON DELETE CASCADE,
    -- Who is to do it.
    node_id text NOT NULL REFERENCES nodes ON DELETE CASCADE,
    -- The operator, as the kernel of the node that asks has named it, and the name of that node.
    uid bigint NOT NULL,
    operator text,
    node text,
    -- The request, as it is written on a socket.
    line text NOT NULL,
    -- A file that was handed over with it: secret, and gone as soon as it is begun.
    upload bytea,
    begun boolean NOT NULL DEFAULT false,
    -- Whether nobody waits for the answer any more.
    abandoned boolean NOT NULL DEFAULT false,
    -- May be secret: gone when it is read, or when it has expired.
    answer text,
    -- By PostgreSQL's clock. NULL: it is being done.
    expires_at timestamptz
);

CREATE INDEX commands_node ON commands (node_id);
CREATE INDEX commands_asked_by ON commands (asked_by);

-- The stream of an answer. What shows how to link a device is a secret: gone when it is read, or
-- when it has expired.
CREATE TABLE command_events (
    command_id uuid REFERENCES commands ON DELETE CASCADE,
    number integer,
    event text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (command_id, number)
);

-- Counts what others have written for a node to look at: a notification may get lost.
ALTER TABLE nodes ADD wakes bigint NOT NULL DEFAULT 0;
