"""`make soak`: a busy life for an hour, and what must neither grow nor break meanwhile."""
