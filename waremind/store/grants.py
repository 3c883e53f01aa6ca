"""What the embedded database's daemon may do with the tables that it does not own."""

from waremind.store.database import Connection

# The audit log only grows, and which migrations were made is for those to say.
_GRANTS = """
    GRANT USAGE ON SCHEMA public TO waremind_daemon;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO waremind_daemon;
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO waremind_daemon;
    REVOKE UPDATE, DELETE ON audit_log FROM waremind_daemon;
    REVOKE INSERT, UPDATE, DELETE ON schema_migrations FROM waremind_daemon;
"""


async def grant_to_daemon(connection: Connection) -> None:
    """Let the role `waremind_daemon` work with the tables; to be asked for by their owner."""
    async with connection.transaction():
        await connection.execute(_GRANTS)
