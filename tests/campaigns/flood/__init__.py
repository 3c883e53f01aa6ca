"""One client floods the daemon; everybody else must not notice."""
