"""What an operator's server refuses, told by its SQLSTATE: it speaks another language here."""

from collections.abc import Sequence

import psycopg
import pytest
from store.yours import GERMAN, PASSWORD, YourPostgres

from waremind.errors import ErrorCode, MisconfigurationError, WaremindError
from waremind.store.database import Database, connect
from waremind.store.migrations import migrate, read

WRONG = f"{PASSWORD}, and more"


def test_the_server_speaks_another_language_than_the_tests(yours: YourPostgres) -> None:
    with yours.connect() as connection:
        (language,) = connection.execute("SHOW lc_messages").fetchone() or ()
        if language != GERMAN:
            pytest.skip("this machine has no German: apt-get install locales")
        with pytest.raises(psycopg.Error, match="existiert nicht"):
            connection.execute("SELECT 1 FROM nothing")


@pytest.mark.parametrize(
    ("statements", "changed", "reason", "cure"),
    [
        ((), {"password": WRONG}, "role or password is wrong", "database.url"),
        ((), {"user": "nobody_here"}, "role or password is wrong", "database.url"),
        ((), {"dbname": "nowhere"}, "there is no such database", "CREATE DATABASE nowhere OWNER"),
        (
            ("ALTER ROLE waremind NOLOGIN",),
            {},
            "there is no such role, or it may not log in",
            "ALTER ROLE waremind LOGIN",
        ),
        (
            ("REVOKE CONNECT ON DATABASE {} FROM public, waremind",),
            {},
            "the role may not connect to this database",
            "GRANT CONNECT ON DATABASE {} TO waremind",
        ),
        (
            ("ALTER DATABASE {} ALLOW_CONNECTIONS false",),
            {},
            "the database accepts no connections",
            "ALTER DATABASE {} ALLOW_CONNECTIONS true",
        ),
        ((), {"options": "-c work_mem=x"}, "a setting in options is not valid", "database.url"),
        ((), {"options": "-c nothing=x"}, "a setting in options is unknown", "database.url"),
    ],
)
async def test_what_an_operator_has_to_mend_is_not_waited_for(
    yours: YourPostgres, statements: Sequence[str], changed: dict[str, str], reason: str, cure: str
) -> None:
    with yours.database() as name:
        yours.execute(*(statement.format(name) for statement in statements))
        try:
            with pytest.raises(MisconfigurationError) as caught:
                await connect(yours.dsn(**{"dbname": name, **changed}))
        finally:
            yours.execute("ALTER ROLE waremind LOGIN")
    assert caught.value.code is ErrorCode.DATABASE_UNAVAILABLE
    assert reason in caught.value.message
    assert cure.format(name) in caught.value.hint
    assert PASSWORD not in f"{caught.value.message} {caught.value.hint}"


async def test_a_connection_that_others_have_taken_is_waited_for(yours: YourPostgres) -> None:
    with yours.database() as name:
        yours.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
        with pytest.raises(WaremindError, match="no connection is left") as caught:
            await connect(yours.dsn(dbname=name))
    assert not isinstance(caught.value, MisconfigurationError)
    assert "pool_size" in caught.value.hint


@pytest.mark.parametrize(
    ("statements", "reason", "cure"),
    [
        (
            ("DROP SCHEMA public",),
            "no schema that the role may use",
            "CREATE SCHEMA public AUTHORIZATION",
        ),
        (
            ("REVOKE CREATE ON SCHEMA public FROM public, pg_database_owner",),
            "the role may not make tables there",
            "ALTER DATABASE {} OWNER TO waremind",
        ),
        (
            ("SET ROLE waremind; CREATE TABLE schema_migrations (version text)",),
            "its tables are not those of waremind",
            "a database of its own",
        ),
        (
            ("CREATE TABLE schema_migrations (sha256 text)",),
            "its tables belong to the superuser admin",
            "pg_restore --no-owner --role=waremind",
        ),
        (
            (
                "DROP ROLE IF EXISTS another",
                "CREATE ROLE another",
                "GRANT ALL ON SCHEMA public TO another",
                "SET ROLE another; CREATE TABLE schema_migrations (sha256 text)",
            ),
            "its tables belong to the role another",
            "REASSIGN OWNED BY another TO waremind",
        ),
        (
            (
                "CREATE SCHEMA beside AUTHORIZATION waremind",
                "SET ROLE waremind; CREATE TABLE beside.schema_migrations (sha256 text)",
            ),
            "its tables lie in the schema beside",
            "ALTER SCHEMA beside RENAME TO waremind",
        ),
    ],
)
async def test_tables_that_cannot_be_ours_are_refused_with_the_cure_that_cures(
    yours: YourPostgres, statements: Sequence[str], reason: str, cure: str
) -> None:
    with yours.database() as name:
        yours.execute(*statements, dbname=name)
        async with await connect(yours.dsn(dbname=name)) as connection:
            with pytest.raises(MisconfigurationError) as caught:
                await migrate(connection, read())
        assert reason in caught.value.message
        assert cure.format(name) in caught.value.hint


async def test_tables_that_were_given_away_while_we_ran_are_told_as_such(
    yours: YourPostgres,
) -> None:
    with yours.database() as name:
        async with Database(yours.dsn(dbname=name)) as database:
            async with database.connection() as connection:
                await migrate(connection, read())
            yours.execute("ALTER TABLE accounts OWNER TO admin", dbname=name)
            with pytest.raises(MisconfigurationError, match="belong to another role") as caught:
                async with database.connection() as connection:
                    await connection.execute("DELETE FROM accounts")
            assert "docs/operating.md" in caught.value.hint
