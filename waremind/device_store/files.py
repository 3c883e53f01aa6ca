"""A SQLite database as it lies on the disk, read without being changed: with its log, if any."""

import filecmp
import os
import sqlite3
import stat
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import BinaryIO

from waremind.errors import ErrorCode, WaremindError

MAGIC = b"SQLite format 3\0"  # https://www.sqlite.org/fileformat2.html
HEADER_BYTES = 100
WITH_LOG = 2  # the version of who writes, or reads, a database with a write-ahead log
COPIES = 3  # tries to read what another program writes meanwhile
LARGEST = 64 << 20  # of a store that nobody vouches for
CHUNK_BYTES = 1 << 20
STEPS = 100_000  # of SQLite's machine, between two looks at the clock
PATIENCE_SECONDS = 60.0  # with what SQLite makes of a file: a view of a stranger's may never end

_SIDES = ("", "-wal", "-journal")
_LOCK_MARK = "-shm"


def unreadable(reason: str, hint: str) -> WaremindError:
    """Make the refusal of a store."""
    return WaremindError(
        ErrorCode.INVALID_INPUT, f"cannot read the device store: {reason}", hint=hint
    )


@contextmanager
def opened(
    path: Path, scratch: Path | None = None, largest: int | None = None
) -> Generator[sqlite3.Connection]:
    """Open a private copy of the database at `path`, what its log holds included.

    The copy lies in a directory below `scratch` (None: where temporary files do) that only we can
    enter, and is gone afterwards. Links are not followed: whoever gives us the path resolves it.
    Raises WaremindError that says what is wrong with the file, also when it has more bytes than
    `largest`.
    """
    with tempfile.TemporaryDirectory(prefix="waremind-", dir=scratch) as directory:
        copy = Path(directory) / "store"
        sides = _copied(path, copy, largest)
        lacks_log = _refuse_no_database(copy) and "-wal" not in sides
        if lacks_log and os.path.lexists(f"{path}{_LOCK_MARK}"):
            raise _without_log(path)
        if sides == {""}:
            _refuse_truncated(copy)
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            distrust(connection)
            _merge_log(connection)
            _refuse_truncated(copy)
            if lacks_log and not has_tables(connection):
                raise _without_log(path)
            yield connection


def distrust(connection: sqlite3.Connection) -> None:
    """Let nothing that stands in a database's schema reach out of it, or run for ever."""
    connection.execute("PRAGMA trusted_schema = OFF")
    end = monotonic() + PATIENCE_SECONDS
    connection.set_progress_handler(lambda: monotonic() > end, STEPS)


def has_tables(connection: sqlite3.Connection) -> bool:
    """Tell whether anything at all is in a database."""
    return connection.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,)


def _copied(path: Path, copy: Path, largest: int | None) -> set[str]:
    """Copy the files of a database as they were at one moment; returns which there were.

    Two readings that are alike say that nothing changed between the end of the first one of each
    file and the beginning of the second one of any.
    """
    for _ in range(COPIES):
        sides = {side for side in _SIDES if _copy(f"{path}{side}", f"{copy}{side}", largest)}
        if "" not in sides:
            raise _no_file(path)
        if all(_is_unchanged(f"{path}{side}", f"{copy}{side}") for side in _SIDES):
            return sides
    message = f"cannot read the device store: {path} changes meanwhile, another program uses it"
    raise WaremindError(ErrorCode.CONFLICT, message, hint="stop the other program first")


def _copy(source: str, target: str, largest: int | None) -> bool:
    """Copy a file; False, and no copy, when there is none."""
    with suppress(FileNotFoundError):
        Path(target).unlink()
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unopened(source, error) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise unreadable(f"{source} is not a regular file", "name the file itself")
        with open(descriptor, "rb", closefd=False) as given, Path(target).open("xb") as copy:
            _copy_content(given, copy, largest)
    finally:
        os.close(descriptor)
    return True


def _copy_content(given: BinaryIO, copy: BinaryIO, largest: int | None) -> None:
    """Copy what is in a file, which may grow meanwhile."""
    while chunk := given.read(CHUNK_BYTES):
        copy.write(chunk)
        if largest is not None and copy.tell() > largest:
            raise unreadable(f"it is larger than {largest >> 20} MiB", "pair anew")


def _is_unchanged(source: str, copy: str) -> bool:
    try:
        return filecmp.cmp(source, copy, shallow=False)
    except FileNotFoundError:
        return os.path.lexists(source) == os.path.lexists(copy)
    finally:
        filecmp.clear_cache()


def _no_file(path: Path) -> WaremindError:
    message = f"cannot read the device store: there is no file {path}"
    hint = "it is the other program's SQLite file: whatsapp.db, mautrix-whatsapp.db, or so"
    return WaremindError(ErrorCode.NOT_FOUND, message, hint=hint)


def _unopened(source: str, error: OSError) -> WaremindError:
    denied = isinstance(error, PermissionError)
    code = ErrorCode.PERMISSION_DENIED if denied else ErrorCode.INVALID_INPUT
    message = f"cannot read the device store: {source}: {error.strerror}"
    return WaremindError(code, message, hint="be a user who may read it, or name another")


def _refuse_no_database(copy: Path) -> bool:
    """Refuse what is no SQLite database; tells whether it is one that keeps a write-ahead log."""
    with copy.open("rb") as file:
        header = file.read(HEADER_BYTES)
    return is_logging(header)


def is_logging(header: bytes) -> bool:
    """Tell from its first bytes whether a database keeps a write-ahead log.

    Raises WaremindError `invalid_input` when it is none.
    """
    if not header:
        raise unreadable("it is empty", "name the file in which the other program keeps its keys")
    if len(header) < HEADER_BYTES or not header.startswith(MAGIC):
        reason = "it is not a SQLite database"
        raise unreadable(reason, "name the file in which the other program keeps its keys")
    return WITH_LOG in header[18:20]


def _without_log(path: Path) -> WaremindError:
    reason = f"a part of it is in its write-ahead log, {path.name}-wal, which is not beside it"
    return unreadable(reason, "stop the other program, then copy both; or name the original")


def _merge_log(connection: sqlite3.Connection) -> None:
    """Bring what is in the log into the file, and do without one from now on."""
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
    except sqlite3.Error as error:
        raise damaged(error) from None


def damaged(error: object) -> WaremindError:
    """Say that SQLite cannot make sense of a file."""
    return unreadable(f"it is damaged: {error}", "stop the other program, then copy it again")


def _refuse_truncated(copy: Path) -> None:
    with copy.open("rb") as file:
        refuse_truncated(file.read(HEADER_BYTES), copy.stat().st_size)


def refuse_truncated(header: bytes, size: int) -> None:
    """Raise WaremindError `invalid_input` for a database that has fewer bytes than it says."""
    page_size = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    expected = pages * (1 << 16 if page_size == 1 else page_size)
    if size < expected:
        reason = f"it ends too early, after {size} of {expected} bytes"
        raise unreadable(reason, "copy it again")
