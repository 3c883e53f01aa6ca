"""Whether a database's tables can be ours: where they lie, whose they are, who made them."""

from collections.abc import Mapping
from typing import Any

import psycopg

from waremind.store.refusals import refused
from waremind.store.sqlstates import FOREIGN, NO_SCHEMA, Reason

# By the word that the query below has for it; `{other}` is a role or a schema.
REASONS: Mapping[str, Reason] = {
    "none": NO_SCHEMA,
    "foreign": FOREIGN,
    # PostgreSQL refuses REASSIGN OWNED here: the system's own tables are this role's too.
    "made by initdb's superuser": Reason(
        "its tables belong to the superuser {other}",
        "restore the backup as {role} (pg_restore --no-owner --role={role}), or give the tables to "
        "{role}: docs/operating.md",
        stays=True,
    ),
    "made by another": Reason(
        "its tables belong to the role {other}",
        "as a superuser, in this database: REASSIGN OWNED BY {other} TO {role}",
        stays=True,
    ),
    "elsewhere": Reason(
        "its tables lie in the schema {other}, where a search_path once led",
        "in this database: ALTER SCHEMA {other} RENAME TO {role}",
        stays=True,
    ),
    "closed": Reason(
        "the role may not make tables there",
        "as a superuser: ALTER DATABASE {database} OWNER TO {role}",
        stays=True,
    ),
}
# schema_migrations stands for all tables; other programs have a table of this name.
_READ = """
    WITH tables AS (
        SELECT n.nspname, c.relowner, EXISTS (
            SELECT 1 FROM pg_attribute WHERE attrelid = c.oid AND attname = 'sha256') AS ours
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = 'schema_migrations' AND c.relkind = 'r'
    ), elsewhere AS (
        SELECT nspname FROM tables WHERE ours AND nspname <> current_schema() LIMIT 1
    )
    SELECT CASE
            WHEN current_schema() IS NULL THEN 'none'
            WHEN NOT t.ours THEN 'foreign'
            WHEN t.relowner = 10 AND NOT pg_has_role(t.relowner, 'USAGE')
                THEN 'made by initdb''s superuser'
            WHEN NOT pg_has_role(t.relowner, 'USAGE') THEN 'made by another'
            WHEN t.ours IS NULL AND e.nspname IS NOT NULL THEN 'elsewhere'
            WHEN NOT has_schema_privilege(current_schema(), 'CREATE') THEN 'closed'
        END,
        coalesce(pg_get_userbyid(t.relowner), e.nspname, '')
    FROM (VALUES (1)) AS one
    LEFT JOIN tables t ON t.nspname = current_schema()
    LEFT JOIN elsewhere e ON true
"""


async def check_schema(connection: psycopg.AsyncConnection[Any]) -> None:
    """Raise MisconfigurationError where our tables cannot be made, or are not ours to change."""
    cursor = await connection.execute(_READ)
    ((word, other),) = await cursor.fetchall()
    if word:
        dsn = connection.info.dsn  # which has no password
        raise refused("cannot use the database", dsn, REASONS[word], other=other)
