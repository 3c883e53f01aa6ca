"""Connection strings: read with what we want of every session, shown without their secrets."""

import os
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from waremind.errors import ErrorCode, WaremindError

# A server that is silently gone is noticed within a minute. The operator's own values win.
PATIENT: Mapping[str, str] = {
    "connect_timeout": "5",
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
# A transaction that we forgot must not hold its rows; times come back in UTC. All that we look for
# has an index: a plan that was made, and kept, while a table was small must not read all of it
# when thousands of rows have come in a second. That goes for the foreign keys' own plans too.
SESSION_OPTIONS = "-c timezone=UTC -c idle_in_transaction_session_timeout=60s -c enable_seqscan=off"
SECRETS = ("password", "sslpassword", "passfile", "sslkey", "oauth_client_secret")


def complete(dsn: str) -> str:
    """Add what we want of every session; raises WaremindError `invalid_input`."""
    given = _read(dsn)
    options = f"{SESSION_OPTIONS} {given.get('options', '')}".strip()
    name = f"waremind@{socket.gethostname()}:{os.getpid()}"
    return make_conninfo(**{"application_name": name, **PATIENT, **given, "options": options})


def redact(dsn: str) -> str:
    """Show a connection string without its secrets."""
    try:
        given = _read(dsn)
    except WaremindError:
        return "(an unreadable connection string)"
    return make_conninfo(**{name: value for name, value in given.items() if name not in SECRETS})


def _read(dsn: str) -> dict[str, str]:
    try:
        given = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    except psycopg.Error:
        raise _unreadable() from None  # its words quote the string
    if _looks_torn(dsn, given):
        raise _unreadable()
    return given


def _looks_torn(dsn: str, given: Mapping[str, str]) -> bool:
    """Tell whether a piece of a password, one with an unescaped @ or /, became something else."""
    ports = given.get("port", "").replace(",", "")
    torn = "@" in given.get("host", "").lstrip("@") or "@" in given.get("dbname", "")
    return bool(urlsplit(dsn).scheme) and (torn or not (ports.isdecimal() or not ports))


def _unreadable() -> WaremindError:
    return WaremindError(
        ErrorCode.INVALID_INPUT,
        "cannot read database.url: it is not a PostgreSQL connection string",
        hint="write postgresql://USER:PASSWORD@HOST:5432/DATABASE, with the special characters of "
        "the password percent-encoded: @ as %40, / as %2F, : as %3A, % as %25",
    )
