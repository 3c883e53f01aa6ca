"""Who may use the embedded PostgreSQL: two roles, by passwords that its owner's files hold.

The socket's directory keeps other users out; the passwords keep out what runs as the same user and
cannot read these files, as a session cannot. `waremind` owns the tables, and is the superuser that
initdb made: only migrations and backups need it. `waremind_daemon` is the daemon's, day and night.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

OWNER, DAEMON = "waremind", "waremind_daemon"
# In place of the cluster's own pg_hba.conf, so that an older cluster has it too.
HBA = "local all all scram-sha-256\n"


@dataclass(frozen=True)
class Passwords:
    """The files in PostgreSQL's directory: `hba.conf`, and `passwords` as libpq reads them."""

    directory: Path

    @property
    def hba(self) -> Path:
        """Which PostgreSQL reads, maybe as another user; it holds no secret."""
        return self.directory / "hba.conf"

    @property
    def file(self) -> Path:
        """A password file (libpq, 34.16), for its owner alone."""
        return self.directory / "passwords"

    def write_hba(self) -> None:
        """Write who may connect, and how."""
        self.hba.write_text(HBA)
        self.hba.chmod(0o644)

    def draw(self) -> dict[str, str]:
        """Draw a password for each role."""
        return {role: secrets.token_urlsafe(24) for role in (OWNER, DAEMON)}

    def keep(self, passwords: dict[str, str]) -> None:
        """Write the passwords, all or none."""
        draft = self.file.with_suffix(".new")
        draft.unlink(missing_ok=True)
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "w") as lines:
            lines.writelines(f"*:*:*:{role}:{word}\n" for role, word in passwords.items())
            lines.flush()
            os.fsync(lines.fileno())
        draft.rename(self.file)


def statements(passwords: dict[str, str]) -> bytes:
    """Write what gives the roles their passwords, one statement a line."""
    # Not CREATE ROLE and what it raises: to a server alone, every error is the end.
    make = (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{DAEMON}') "
        f"THEN CREATE ROLE {DAEMON} LOGIN; END IF; END $$"
    )
    give = (f"ALTER ROLE {role} PASSWORD '{word}'" for role, word in passwords.items())
    return "\n".join([make, *give, ""]).encode()
