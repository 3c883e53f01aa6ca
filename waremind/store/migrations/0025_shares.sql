-- Accounts on several nodes of a cluster: which of them gives its own away, and what an operator
-- has put where.

ALTER TABLE nodes ADD draining boolean NOT NULL DEFAULT false;

-- The node that an operator has moved it to: until that one ends, is lost, or drains. NULL: it is
-- on whichever.
ALTER TABLE accounts ADD placed_on text REFERENCES nodes ON DELETE SET NULL;
CREATE INDEX accounts_placed_on ON accounts (placed_on) WHERE placed_on IS NOT NULL;
