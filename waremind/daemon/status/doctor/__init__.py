"""What `waremind doctor` looks at: tables of checks, each with its cure."""
