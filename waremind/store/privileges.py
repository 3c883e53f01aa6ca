"""What the daemon's role may do on the server beside its work in its own database."""

from dataclasses import dataclass

from psycopg.rows import class_row

from waremind.store.database import Connection


@dataclass(frozen=True, slots=True)
class Role:
    """A role, and what it may do beside that, as its predicates; none is what a daemon needs."""

    name: str
    powers: list[str]


async def read_role(connection: Connection) -> Role:
    """Read as whom we are connected."""
    # A superuser is a member of every role.
    query = """
        SELECT r.rolname AS name, CASE WHEN r.rolsuper THEN ARRAY['is a superuser'] ELSE ARRAY(
            SELECT p.power FROM (VALUES
                (r.rolcreaterole, 'makes roles'),
                (r.rolreplication, 'copies the whole server'),
                (pg_has_role('pg_execute_server_program', 'MEMBER'), 'runs programs'),
                (pg_has_role('pg_write_server_files', 'MEMBER'), 'writes files'),
                (pg_has_role('pg_read_server_files', 'MEMBER'), 'reads files')
            ) p (has, power) WHERE p.has) END AS powers
        FROM pg_roles r WHERE r.rolname = current_user
    """
    async with connection.cursor(row_factory=class_row(Role)) as cursor:
        await cursor.execute(query)
        return await cursor.fetchone() or _nobody()


def _nobody() -> Role:
    raise AssertionError("who is connected is a role")
