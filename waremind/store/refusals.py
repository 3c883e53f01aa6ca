"""Why a database is not to be had: a sentence and a cure for each SQLSTATE and word of libpq's.

PostgreSQL's own sentences may be in any language; its codes are the same in all:
https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import PoolTimeout

from waremind.errors import ErrorCode, MisconfigurationError, WaremindError
from waremind.store.dsn import redact


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence and its cure, with `{role}`, `{database}`; what `stays` is not waited out."""

    sentence: str
    cure: str
    stays: bool = False


URL = "database.url (or in the credential waremind.dsn)"
TABLES = Reason(
    "its tables belong to another role",
    "give them to {role}, or restore the backup as {role}: docs/operating.md",
    stays=True,
)
DAMAGED = Reason(
    "its files are damaged",
    "stop waremind, keep a copy of the files, then restore your backup: docs/operating.md",
)
FOREIGN = Reason(
    "its tables are not those of waremind",
    "give waremind a database of its own (CREATE DATABASE waremind OWNER {role}), or restore your "
    "backup",
    stays=True,
)
NO_SCHEMA = Reason(
    "it has no schema that the role may use",
    "as a superuser, in this database: CREATE SCHEMA public AUTHORIZATION {role}; where there is "
    "one, GRANT ALL ON SCHEMA public TO {role}",
    stays=True,
)
# At connecting: by SQLSTATE, and where one says too little, by the server's function as well.
AT_CONNECTING: Mapping[str, Reason] = {
    "28P01": Reason("role or password is wrong", f"correct it in {URL}", stays=True),
    "28000 InitializeSessionUserId": Reason(
        "there is no such role, or it may not log in",
        "CREATE ROLE {role} LOGIN, or: ALTER ROLE {role} LOGIN",
        stays=True,
    ),
    "28000": Reason(
        "the server does not let this role and host in",
        "add a line for them to the server's pg_hba.conf (for peer and ident, the role to its "
        "pg_ident.conf), then reload it",
        stays=True,
    ),
    "3D000": Reason(
        "there is no such database", "CREATE DATABASE {database} OWNER {role}", stays=True
    ),
    "42501": Reason(
        "the role may not connect to this database",
        "GRANT CONNECT ON DATABASE {database} TO {role}",
        stays=True,
    ),
    "55000": Reason(
        "the database accepts no connections",
        "ALTER DATABASE {database} ALLOW_CONNECTIONS true",
        stays=True,
    ),
    "22023": Reason("a setting in options is not valid", f"correct it in {URL}", stays=True),
    "42704": Reason("a setting in options is unknown", f"correct it in {URL}", stays=True),
    "53300": Reason(
        "no connection is left",
        "raise max_connections of the server, or the CONNECTION LIMIT of {role} and {database}; or "
        "lower database.pool_size",
    ),
    "57P03": Reason(
        "the server is not ready", "wait until it has started; a standby has to be promoted"
    ),
    "08P01": Reason("the pooler in front of it refuses", "its log and its settings say why"),
}
IN_USE: Mapping[str, Reason] = {
    "42501": TABLES,
    "3F000": NO_SCHEMA,
    "42P01": FOREIGN,
    "42703": FOREIGN,
    "25006": Reason(
        "it can only be read",
        "let database.url lead to the server that is written to, as with "
        "target_session_attrs=read-write; a standby has to be promoted",
    ),
    "25P03": Reason(
        "a transaction of ours stood still for too long, and was undone",
        "try again; what keeps the daemon from running is in the machine's log",
    ),
    "53100": Reason("its disk is full", "make room on the server's disk"),
    "XX001": DAMAGED,
    "XX002": DAMAGED,
}
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


def not_reached(dsn: str, error: psycopg.Error, sqlstate: str) -> WaremindError:
    """Say why a connection failed; `sqlstate` is the server's, with its function, or empty."""
    said = str(error).splitlines()[0]
    by_code = AT_CONNECTING.get(sqlstate) or AT_CONNECTING.get(sqlstate[:5])
    by_words = next((BY_LIBPQ[part] for part in BY_LIBPQ if not sqlstate and part in said), None)
    reason = by_code or by_words or UNREACHABLE
    return refused(f"cannot reach the database ({redact(dsn)})", dsn, reason, said)


def not_usable(dsn: str, error: psycopg.Error) -> WaremindError | None:
    """Say why a statement failed on account of the server; None when it is our own doing."""
    what, said = f"cannot use the database ({redact(dsn)})", str(error).splitlines()[0]
    if isinstance(error, PoolTimeout):
        return refused(what, dsn, NO_CONNECTION, said)
    if reason := IN_USE.get(error.sqlstate or ""):
        return refused(what, dsn, reason, said)
    if is_cut(error):
        return WaremindError(ErrorCode.DATABASE_UNAVAILABLE, f"{what}: {said}")
    return None


def is_cut(error: Exception) -> bool:
    """Tell whether a statement failed because the server, or the way to it, is gone.

    When server and pooler both say so, psycopg finds two answers where it wants one.
    """
    is_no_answer = isinstance(error, psycopg.InternalError) and error.sqlstate is None
    return is_no_answer or isinstance(error, psycopg.OperationalError)


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
