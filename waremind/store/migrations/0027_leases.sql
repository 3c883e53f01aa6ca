-- After how many seconds without a sign of life of it others call a node lost: its own setting.
-- On one machine nobody counts.
ALTER TABLE nodes ADD lease_seconds double precision NOT NULL DEFAULT 0;
