"""What the daemon stands on: clock, log, settings, systemd, PostgreSQL."""
