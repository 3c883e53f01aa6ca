"""PostgreSQL: the embedded server, the pool, the migrations, one module a table."""
