"""What is due becomes runs, and runs become messages."""
