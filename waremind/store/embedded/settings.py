"""How the embedded PostgreSQL is set: small in memory, and reached by its Unix socket only."""

from collections.abc import Mapping, Sequence
from pathlib import Path

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
    # In the cluster's directory: in /dev/shm it would outlive a server that was killed.
    "dynamic_shared_memory_type": "mmap",
    # What a client asked for ends soon after the client, also while it waits for a lock.
    "client_connection_check_interval": "1s",
    # A failed statement is its client's to report: only the server's own events are logged.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    "log_line_prefix": "",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "cluster_name": "waremind",
}
# Settings by the version that brought them, for a `bin_dir` that is older than the wheel.
SINCE: Mapping[str, int] = {"autovacuum_worker_slots": 18, "io_method": 18}


def arguments(sockets: Path, settings: Mapping[str, str], major: int) -> Sequence[str]:
    """Spell the settings for a PostgreSQL of version `major`: ours, `settings`, the socket."""
    known = {name: value for name, value in SMALL.items() if SINCE.get(name, 0) <= major}
    merged = {**known, **settings, **_socket_only(sockets)}
    return [part for name, value in merged.items() for part in ("-c", f"{name}={value}")]


def _socket_only(sockets: Path) -> Mapping[str, str]:
    return {
        "listen_addresses": "",
        "hba_file": str(sockets.with_name("hba.conf")),
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "port": str(PORT),
        "logging_collector": "off",
        "log_destination": "stderr",
        # Severities are read from the lines.
        "lc_messages": "C",
    }
