"""What each SQLSTATE of PostgreSQL means to an operator: a sentence, a cure, and whether it stays.

PostgreSQL's own sentences may be in any language; its codes are the same in all:
https://www.postgresql.org/docs/current/errcodes-appendix.html. A code that is not in a table is
what its class is: its first two characters. Where it says too little, the server's function
follows.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence and its cure, with `{role}`, `{database}`; what `stays` is not waited out."""

    sentence: str
    cure: str
    stays: bool = False


URL = "database.url (or in the credential waremind.dsn)"
ITS_LOG = "the server's log says more"
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
SHARED = Reason(
    "the pooler in front of it shares sessions among connections (pool_mode is transaction or "
    "statement): locks, settings and notifications would get lost",
    "set pool_mode = session for {database} in pgbouncer.ini, then reload it; or let database.url "
    "lead to PostgreSQL itself",
    stays=True,
)
WRONG_PASSWORD = Reason("role or password is wrong", f"correct it in {URL}", stays=True)
NOT_LET_IN = Reason(
    "the server does not let this role and host in",
    "add a line for them to the server's pg_hba.conf (for peer and ident, the role to its "
    "pg_ident.conf), then reload it",
    stays=True,
)
NO_DATABASE = Reason(
    "there is no such database", "CREATE DATABASE {database} OWNER {role}", stays=True
)
REFUSES = Reason(
    "the server refuses",
    f"a trigger or function that is not of waremind has to let it write, or to go; {ITS_LOG}",
    stays=True,
)
REFUSES_TO_CONNECT = Reason(
    "the server refuses", f"a pooler or a trigger on login may have done it; {ITS_LOG}"
)
STOOD_STILL = Reason(
    "a transaction of ours stood still for too long, and was undone",
    "try again; what keeps the daemon from running is in the machine's log",
)
STOPPED = Reason(
    "the server is stopping, or has ended what was asked",
    f"try again when it is back; {ITS_LOG}",
)
# At connecting, where that says something else.
AT_CONNECTING: Mapping[str, Reason] = {
    "28000 InitializeSessionUserId": Reason(
        "there is no such role, or it may not log in",
        "CREATE ROLE {role} LOGIN, or: ALTER ROLE {role} LOGIN",
        stays=True,
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
    "08P01": Reason("the pooler in front of it refuses", "its log and its settings say why"),
}
IN_USE: Mapping[str, Reason] = {
    "08": Reason("the connection to it was lost", "try again; waremind doctor says if it answers"),
    "0A000 RevalidateCachedQuery": Reason(
        "tables have changed under a statement that was prepared",
        "try again: it is prepared anew",
    ),
    "0A": Reason(
        "the server cannot do what PostgreSQL does",
        f"let database.url lead to PostgreSQL 14 or newer; {ITS_LOG}",
        stays=True,
    ),
    "25006": Reason(
        "it can only be read",
        "let database.url lead to the server that is written to, as with "
        "target_session_attrs=read-write; a standby has to be promoted",
    ),
    "25P03": STOOD_STILL,
    "25P04": STOOD_STILL,
    "26": SHARED,
    "28": NOT_LET_IN,
    "28P01": WRONG_PASSWORD,
    "3D": NO_DATABASE,
    "3F": NO_SCHEMA,
    "40": Reason(
        "others were changing the same rows", "try again; nobody but waremind has to write there"
    ),
    "42501": TABLES,
    # Tables, columns, functions that are not there, or are there already, or are others than ours.
    "42701": FOREIGN,
    "42702": FOREIGN,
    "42703": FOREIGN,
    "42704": FOREIGN,
    "42710": FOREIGN,
    "42723": FOREIGN,
    "42725": FOREIGN,
    "42804": FOREIGN,
    "42809": FOREIGN,
    "42846": FOREIGN,
    "42883": FOREIGN,
    "428C9": FOREIGN,
    "42P01": FOREIGN,
    "42P05": SHARED,
    "42P06": FOREIGN,
    "42P07": FOREIGN,
    "42P10": FOREIGN,
    "42P17": FOREIGN,
    "42P21": FOREIGN,
    "42P22": FOREIGN,
    "44": FOREIGN,
    "53": Reason("the server has too little of something", f"give it more; {ITS_LOG}"),
    "53100": Reason("its disk is full", "make room on the server's disk"),
    "53200": Reason(
        "the server has no memory left", "give it more, or lower its work_mem or max_connections"
    ),
    "53300": Reason(
        "no connection is left",
        "raise max_connections of the server, or the CONNECTION LIMIT of {role} and {database}; or "
        "lower database.pool_size",
    ),
    "53400": Reason(
        "a limit of the server's settings is reached",
        f"raise it, as temp_file_limit or max_locks_per_transaction; {ITS_LOG}",
    ),
    "54": Reason(
        "a limit of the server is reached",
        f"{ITS_LOG}; where transaction IDs run out, as a superuser, in this database: VACUUM",
    ),
    "54001": Reason("the server's stack is too small", "raise max_stack_depth of the server"),
    "55": Reason("the server is not in the state for it", ITS_LOG),
    "55P03": Reason(
        "another program keeps its tables locked",
        "end that one: pg_locks and pg_stat_activity say which; pg_terminate_backend(PID) ends it",
    ),
    "57": STOPPED,
    "57014": Reason(
        "what was asked was cancelled on the server", f"try again; {ITS_LOG}, and who cancels there"
    ),
    "57P03": Reason(
        "the server is not ready", "wait until it has started; a standby has to be promoted"
    ),
    "57P04": Reason(
        "the database was deleted", "restore your backup: docs/operating.md", stays=True
    ),
    "58": Reason("the server cannot use its files", f"look at its disk; {ITS_LOG}"),
    "72": Reason("the server has dropped rows that were still read", "try again"),
    "F0": Reason("the server's configuration is at fault", f"correct it; {ITS_LOG}"),
    "HV": Reason(
        "its tables lie on another server, which fails",
        f"give waremind a database with tables of its own; {ITS_LOG}",
    ),
    "XX": Reason(
        "the server has failed by itself",
        f"{ITS_LOG}; upgrade it to its newest minor release, or restore your backup",
    ),
    "XX001": DAMAGED,
    "XX002": DAMAGED,
}
# Classes in which a statement, a value or a row of ours is at fault. Any other one is somebody
# else's: of a trigger, a function or a pooler, whose authors may choose their codes.
OURS = frozenset(
    {
        *("00", "01", "02", "03"),  # what is no error
        *("0B", "0F", "0L", "0P", "0Z", "10", "20", "21", "34", "3B", "42"),  # a statement
        *("22", "23"),  # a value, a row
        *("24", "25", "2B", "2D"),  # a transaction
    }
)


def at_connecting(sqlstate: str) -> Reason:
    """Say why a connection was refused: by the code, which the server's function may follow."""
    there = AT_CONNECTING.get(sqlstate) or AT_CONNECTING.get(sqlstate[:5])
    return there or _listed(sqlstate) or REFUSES_TO_CONNECT


def in_use(sqlstate: str) -> Reason | None:
    """Say why a statement failed, by the same; None when it is our own doing."""
    return _listed(sqlstate) or (None if sqlstate[:2] in OURS else REFUSES)


def _listed(sqlstate: str) -> Reason | None:
    code, class_ = sqlstate[:5], sqlstate[:2]
    return IN_USE.get(sqlstate) or IN_USE.get(code) or IN_USE.get(class_)
