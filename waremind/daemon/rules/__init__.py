"""Rules are computed in a process of their own, with bounds."""
