"""Why a database is not to be had, as our error: from what PostgreSQL and libpq say."""

import re
from collections.abc import Mapping

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import PoolTimeout

from waremind.errors import ErrorCode, MisconfigurationError, WaremindError
from waremind.store.dsn import redact
from waremind.store.sqlstates import REFUSES_TO_CONNECT, URL, Reason, at_connecting, in_use

# What libpq says itself: it has no codes, and it speaks English in our process.
BY_LIBPQ: Mapping[str, Reason] = {
    "no password supplied": Reason(
        "the server wants a password", f"add it to {URL}, or to a password file", stays=True
    ),
    "certificate": Reason(
        "the certificates do not fit",
        "correct sslrootcert, sslcert and sslmode in database.url",
        stays=True,
    ),
    "private key": Reason(
        "the key of our certificate cannot be used",
        "correct sslkey in database.url; the file must be the daemon's user's, with mode 0600",
        stays=True,
    ),
    "SSL was required": Reason(
        "the server has no encryption", "switch it on there, or correct sslmode", stays=True
    ),
    "SSL": Reason("the encrypted connection failed", "see sslmode and sslrootcert in database.url"),
    "definition of service": Reason(
        "there is no such service", "correct it in database.url or pg_service.conf", stays=True
    ),
    "service file": Reason("there is no service file", "see PGSERVICEFILE", stays=True),
    "resolve host": Reason(
        "its host name is unknown", "correct the host in database.url, or the name service"
    ),
}
UNREACHABLE = Reason(
    "nothing answers there", "start PostgreSQL there, or correct host and port in database.url"
)
NO_CONNECTION = Reason(
    "no connection became free in time", "try again; waremind doctor says whether it answers"
)
CUT = Reason(
    "the connection to it was cut, or is silent",
    "what was asked for may be done all the same: see waremind audit list before you ask again",
)


def not_reached(dsn: str, error: psycopg.Error, sqlstate: str) -> WaremindError:
    """Say why a connection failed; `sqlstate` is the server's, with its function, or empty."""
    said = str(error).splitlines()[0]
    by_words = next((BY_LIBPQ[part] for part in BY_LIBPQ if part in said), UNREACHABLE)
    reason = at_connecting(sqlstate) if sqlstate else by_words
    return refused(f"cannot reach the database ({redact(dsn)})", dsn, reason, said)


def not_usable(dsn: str, error: psycopg.Error) -> WaremindError | None:
    """Say why a statement failed on account of the server; None when it is our own doing."""
    what, said = f"cannot use the database ({redact(dsn)})", str(error).splitlines()[0]
    reason = _reason_of(error)
    return refused(what, dsn, reason, said) if reason else None


def not_a_server(dsn: str, error: psycopg.Error) -> WaremindError:
    """Say why a connection that was made does not do: there nothing is our own doing."""
    what, said = f"cannot use the database ({redact(dsn)})", str(error).splitlines()[0]
    return refused(what, dsn, _reason_of(error) or REFUSES_TO_CONNECT, said)


def silent(seconds: float) -> WaremindError:
    """Say that a database was asked, and has not answered for so long."""
    message = f"cannot use the database: it did not answer within {seconds:g} s"
    return WaremindError(ErrorCode.DATABASE_UNAVAILABLE, message)


def is_the_servers(error: Exception) -> bool:
    """Tell whether a statement failed on account of the server, or of the way to it."""
    return isinstance(error, psycopg.Error) and _reason_of(error) is not None


def _reason_of(error: psycopg.Error) -> Reason | None:
    """Find why a statement failed; None when it is our own doing.

    When server and pooler both say so, psycopg finds two answers where it wants one.
    """
    if isinstance(error, PoolTimeout):
        return NO_CONNECTION
    if error.sqlstate:
        return in_use(f"{error.sqlstate} {error.diag.source_function or ''}".strip())
    has_no_answer = isinstance(error, (psycopg.InternalError, psycopg.OperationalError))
    return CUT if has_no_answer else None


def refused(
    what: str, dsn: str, reason: Reason, said: str = "", *, other: str = ""
) -> WaremindError:
    """Make the error of a reason, about the role and the database that `dsn` names, and another."""
    kind = MisconfigurationError if reason.stays else WaremindError
    given = conninfo_to_dict(dsn)
    names = {
        "role": _identifier(given.get("user") or "waremind"),
        "database": _identifier(given.get("dbname") or given.get("user") or "waremind"),
        "other": _identifier(other),
    }
    message = ": ".join(filter(None, [what, reason.sentence.format(**names), said]))
    return kind(ErrorCode.DATABASE_UNAVAILABLE, message, hint=reason.cure.format(**names))


def _identifier(name: object) -> str:
    """Spell a name as SQL does."""
    text = str(name)
    plain = re.fullmatch("[a-z_][a-z0-9_]*", text)
    return text if plain else '"' + text.replace('"', '""') + '"'
