"""What runs and waits: the socket, the accounts, the scheduler."""
