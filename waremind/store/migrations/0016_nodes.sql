-- Which node runs which account: on one machine there is one node, and it has them all.

CREATE TABLE nodes (
    -- A new one at each start: whoever comes back is not taken for who was there before.
    id text PRIMARY KEY CHECK (id LIKE 'nod\_%'),
    name text NOT NULL,
    version text NOT NULL,
    -- Counts signs of life. Others see that it changes: no two machines' clocks are compared.
    beat bigint NOT NULL DEFAULT 1,
    -- For people only.
    beat_at timestamptz NOT NULL,
    -- It runs the accounts; any other one waits to.
    leads boolean NOT NULL DEFAULT false,
    started_at timestamptz NOT NULL
);

CREATE UNIQUE INDEX nodes_leads ON nodes (leads) WHERE leads;

-- NULL: nobody runs it now.
ALTER TABLE accounts ADD node_id text REFERENCES nodes ON DELETE SET NULL;
CREATE INDEX accounts_node ON accounts (node_id);

-- Who marked it as being sent, in which session: what another one knows of it no longer counts.
ALTER TABLE deliveries ADD node_id text, ADD session bigint;
