"""`waremind version`."""

from collections.abc import Iterator

from msgspec import Struct

from waremind import __version__
from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.cli.layout import Block, Record
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.daemon import Version

commands = Commands()


class Versions(Struct, frozen=True):
    """The version of this program, and the daemon's if one can be reached."""

    version: str
    daemon: str | None


@commands.verb()
def version(cli: Invocation) -> None:
    """Show the version of this program and of the running daemon."""
    versions = Versions(__version__, _daemon_version(cli))
    cli.show(versions, _record)
    if versions.daemon not in {None, __version__}:
        cli.note("the daemon is of another version; restart it after an upgrade")


def _daemon_version(cli: Invocation) -> str | None:
    try:
        return cli.call(Version()).version
    except WaremindError as failure:
        if failure.code is ErrorCode.DAEMON_UNREACHABLE:
            return None
        raise


def _record(versions: Versions) -> Iterator[Block]:
    daemon = versions.daemon or "cannot be reached"
    yield Record([("waremind", versions.version), ("daemon", daemon)])
