-- Whom a run's messages mention, by their addresses; in each group those who are there.

ALTER TABLE runs ADD mentions text[] NOT NULL DEFAULT '{}';
