-- Nodes of two versions side by side: which schema each of them can still work with, and which
-- engine wrote a device's keys, as an older one must not open them.
-- compatible_from: 29

-- How many migrations its program knows.
ALTER TABLE nodes ADD migrations integer NOT NULL DEFAULT 0;

ALTER TABLE device_snapshots ADD engine text NOT NULL DEFAULT '';
