-- Up to which event each hook of the configuration was told; what is told of later is for it, too.

CREATE TABLE hooks (
    name text PRIMARY KEY,
    up_to bigint NOT NULL
);
