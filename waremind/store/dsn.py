"""Connection strings: read with what we want of every connection, shown without their secrets."""

import functools
import os
import pwd
import socket
from collections.abc import Mapping, MutableMapping, Sequence
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
# What is read and written is in UTF-8, from the server's first sentence on.
OURS: Mapping[str, str] = {"client_encoding": "UTF8"}
# Variables by which a shell would change what each session of libpq's reads and writes; `pinned`
# has what we set instead.
STEERING = ("PGOPTIONS", "PGDATESTYLE", "PGTZ", "PGGEQO", "PGCLIENTENCODING")
SECRETS = ("password", "sslpassword", "passfile", "sslkey", "oauth_client_secret")
NUMBERS = (
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
)
# libpq's words for parameters that have no others.
WORDS: Mapping[str, Sequence[str]] = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "sslcertmode": ("disable", "allow", "require"),
    "gssencmode": ("disable", "prefer", "require"),
    "channel_binding": ("disable", "prefer", "require"),
    "load_balance_hosts": ("disable", "random"),
    "target_session_attrs": (
        *("any", "read-write", "read-only"),
        *("primary", "standby", "prefer-standby"),
    ),
}
FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
HIGHEST_PORT = 65_535


def complete(dsn: str) -> str:
    """Add what we want of every connection; raises WaremindError `invalid_input`."""
    given = _read(dsn)
    _check(given)
    given = {**_whose(given), **given}
    name = f"waremind@{socket.gethostname()}:{os.getpid()}"
    # An empty `options` hides PGOPTIONS; poolers refuse any other.
    return make_conninfo(**{"application_name": name, "options": "", **PATIENT, **given, **OURS})


def redact(dsn: str) -> str:
    """Show a connection string without its secrets."""
    try:
        given = _read(dsn)
    except WaremindError:
        return "(an unreadable connection string)"
    return make_conninfo(**{name: value for name, value in given.items() if name not in SECRETS})


def ignore_environment(
    environment: MutableMapping[str, str] = os.environ, *, embedded: bool
) -> None:
    """Take the variables out of `environment` that would change what libpq does.

    For the embedded server these are all of libpq's; for yours those that name no place, nobody
    and no secret.
    """
    for name in [name for name in environment if name.startswith("PG")]:
        if embedded or name in STEERING:
            del environment[name]


def _read(dsn: str) -> dict[str, str]:
    try:
        given = {name: str(value) for name, value in conninfo_to_dict(dsn.strip()).items()}
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


def _check(given: Mapping[str, str]) -> None:
    """Refuse what libpq would refuse, before anything is started; it would not say which part."""
    for port in filter(None, given.get("port", "").split(",")):
        if not port.isdecimal() or not 1 <= int(port) <= HIGHEST_PORT:
            raise _refused(f"port is {port}", f"ports are 1 to {HIGHEST_PORT}")
    for name in given.keys() & NUMBERS:
        if not given[name].lstrip("+-").isdecimal():
            raise _refused(f"{name} is {given[name]!r}", "write a whole number")
    for name in given.keys() & WORDS.keys():
        if given[name] not in WORDS[name]:
            raise _refused(f"{name} is {given[name]!r}", f"write one of: {', '.join(WORDS[name])}")
    for name in given.keys() & FILES:
        if not os.access(given[name], os.R_OK) and given[name] != "system":
            raise _refused(
                f"the file of {name} is not there, or not to be read",
                f"correct the path, or let uid {os.geteuid()} read it",
            )


def _whose(given: Mapping[str, str]) -> dict[str, str]:
    """Name the user whom nothing else names: libpq would look itself up for each connection."""
    if given.keys() & {"user", "service"} or os.environ.keys() & {"PGUSER", "PGSERVICE"}:
        return {}
    return {"user": _name_of(os.geteuid())}


@functools.cache
def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        reason = f"it names no user, and uid {uid} has no entry in /etc/passwd"
        raise _refused(reason, "write one: postgresql://USER@HOST:5432/DATABASE") from None


def _refused(reason: str, cure: str) -> WaremindError:
    message = f"cannot use database.url: {reason}"
    return WaremindError(ErrorCode.INVALID_INPUT, message, hint=cure)
