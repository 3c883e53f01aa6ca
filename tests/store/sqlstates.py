"""Every SQLSTATE that psycopg knows, raised by a real server wherever a test wants it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

SQLSTATES = sorted(
    {
        error.sqlstate
        for error in vars(psycopg.errors).values()
        if isinstance(error, type) and issubclass(error, psycopg.Error) and error.sqlstate
    }
)
# Classes in which a statement, a value or a row of ours is at fault; what else is in them is below.
_OF_OURS = re.compile("(0[23BFLPZ]|10|2[0-5BD]|34|3B|42)...")
# Tables, columns and functions that are not there, or are there already, or are others than ours.
_ALTERED = re.compile("42(70[1-4]|710|72[35]|80[49]|846|883|8C9|P0[167]|P1[07]|P2[12])|44000")
_REFUSED = re.compile("(09|27|2F|38|39|P0)...")  # by somebody's trigger or function
_SHARED = {"26000", "42P05"}  # a pooler has given the session to somebody else
_OF_THE_SERVER = _SHARED | {"25006", "25P03", "25P04", "42501"}
_STAY = _SHARED | {"0A000", "28000", "28P01", "3D000", "3F000", "42501", "57P04"}


def is_ours(sqlstate: str) -> bool:
    """Tell whether only a bug of ours can be behind it."""
    is_of_the_server = sqlstate in _OF_THE_SERVER or _ALTERED.fullmatch(sqlstate)
    return bool(_OF_OURS.fullmatch(sqlstate)) and not is_of_the_server


def stays(sqlstate: str) -> bool:
    """Tell whether no waiting mends it: a configuration."""
    return sqlstate in _STAY or any(each.fullmatch(sqlstate) for each in (_ALTERED, _REFUSED))


def stays_at_connecting(sqlstate: str) -> bool:
    """Tell whether no waiting mends it there: a trigger on login may let us in later."""
    is_refused = _REFUSED.fullmatch(sqlstate)
    return sqlstate in {"22023", "55000"} or (stays(sqlstate) and not is_refused)


_PLAY = """
    CREATE TABLE refusing (code text);
    INSERT INTO refusing VALUES (NULL);
    GRANT SELECT ON refusing TO public;
    CREATE FUNCTION refuse() RETURNS void LANGUAGE plpgsql AS $$
    DECLARE wanted text := (SELECT code FROM public.refusing);
    BEGIN
        IF wanted IS NOT NULL THEN RAISE 'it says %', wanted USING ERRCODE = wanted; END IF;
    END $$;
    CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM public.refuse(); RETURN NEW; END $$;
    CREATE FUNCTION refuse_command() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM public.refuse(); END $$;
"""
AT_WRITING = """
    CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON accounts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_row()
"""
AT_LOGIN = "CREATE EVENT TRIGGER refuse ON login EXECUTE FUNCTION refuse_command()"
# A daemon that starts makes the table of its migrations, if it is not there.
AT_MIGRATING = "CREATE EVENT TRIGGER refuse ON ddl_command_start EXECUTE FUNCTION refuse_command()"


@dataclass
class Refusing:
    """A database that refuses what it is told to, with the SQLSTATE that it is told."""

    connection: psycopg.Connection

    @classmethod
    def play(cls, dsn: str, where: str) -> Refusing:
        """Let it refuse at one place, once it has a SQLSTATE."""
        connection = psycopg.connect(dsn, autocommit=True)
        for statement in (_PLAY, where):
            connection.execute(statement.encode())
        return cls(connection)

    def say(self, sqlstate: str | None) -> None:
        """Refuse with a SQLSTATE from now on; None: no longer."""
        self.connection.execute("UPDATE refusing SET code = %s", [sqlstate])

    def each(self) -> Iterator[str]:
        """Refuse with one SQLSTATE after the other, then no longer."""
        for sqlstate in SQLSTATES:
            self.say(sqlstate)
            yield sqlstate
        self.say(None)
