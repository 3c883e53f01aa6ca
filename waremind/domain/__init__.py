"""What is true of accounts and reminders, without a clock, I/O or logging."""
