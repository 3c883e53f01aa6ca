"""What operators write, change, pause and preview."""
