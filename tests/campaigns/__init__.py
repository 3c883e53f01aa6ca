"""Longer campaigns: kills, hostile input, a busy life, all rules; each has a target of its own."""
