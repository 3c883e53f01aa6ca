"""An account, its life and its session."""
