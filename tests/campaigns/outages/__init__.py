"""`make outages`: what happens to a PostgreSQL of yours under due deliveries."""
