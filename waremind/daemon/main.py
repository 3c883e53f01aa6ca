"""The composition root: everything is made here, runs in one TaskGroup, and ends here."""

import asyncio
import contextlib
import logging
import os
import random
import shutil
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Coroutine, Generator
from functools import partial
from pathlib import Path
from typing import Any, cast

from waremind.config import Configuration
from waremind.daemon.accounts.device_keys import DeviceKeys, LocalKeys, SharedKeys
from waremind.daemon.accounts.environment import AccountEnvironment
from waremind.daemon.accounts.groups import Groups
from waremind.daemon.accounts.registry import Accounts
from waremind.daemon.accounts.sessions import OpeningGate, SessionPlace
from waremind.daemon.api.server import Server
from waremind.daemon.api.socket import listening_on, preflight, refuse_if_answered
from waremind.daemon.delivery.holds import Holds
from waremind.daemon.delivery.outbox import Outbox, StoredReports
from waremind.daemon.delivery.receipts import Receipts
from waremind.daemon.rules.evaluator import RuleEvaluator
from waremind.daemon.services import Services
from waremind.daemon.status.attention_watch import tell_of_attention
from waremind.daemon.status.watchdog import beat
from waremind.daemon.system import descriptors, logs
from waremind.daemon.system.clock import WallClock
from waremind.daemon.system.cluster import ClusterMembership
from waremind.daemon.system.event_feed import EventFeed
from waremind.daemon.system.failures import Failures
from waremind.daemon.system.instruments import Instruments
from waremind.daemon.system.logs import event
from waremind.daemon.system.membership import Membership
from waremind.daemon.system.operators import name_of
from waremind.daemon.system.postgres import Access, patiently, postgres
from waremind.daemon.system.recent import Recent
from waremind.daemon.system.relay import Relay
from waremind.daemon.system.runtime import Runtime
from waremind.daemon.system.schema import take_and_migrate
from waremind.daemon.system.settings import LiveSettings, reload
from waremind.daemon.system.systemd import Systemd
from waremind.errors import ErrorCode, WaremindError
from waremind.lock_file import LockFileHeld, locked
from waremind.objects import Operator
from waremind.paths import client_socket, is_root
from waremind.settings import Settings
from waremind.store.database import Database
from waremind.store.lock import DaemonLock
from waremind.store.notifications import Notifications
from waremind.whatsapp.deadline import Deadline
from waremind.whatsapp.gateway import Gateway
from waremind.whatsapp.process_gateway import ProcessGateway

log = logging.getLogger("waremind.daemon")

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
LEAVE_SECONDS = 2.0  # for a database that is away at the end
READERS = 4  # connections to PostgreSQL for those who ask, whoever sends meanwhile


def run(configuration: Configuration, *, frozen: bool = False) -> int:
    """Run the daemon until SIGTERM or SIGINT; returns the exit code.

    Raises WaremindError when it cannot start.
    """
    current, systemd = LiveSettings(configuration), Systemd()
    settings = configuration.settings
    logs.start(settings.log_format, settings.log_level)
    try:
        preflight(settings)
        if not systemd.sockets:
            refuse_if_answered(settings.socket)
        with state_directory(settings.state_dir), contextlib.suppress(asyncio.CancelledError):
            asyncio.run(_main(current, systemd, frozen=frozen))
    except WaremindError as error:
        systemd.tell(STATUS=error)
        raise
    event(log, "stopped", pid=os.getpid())
    return 0


@contextlib.contextmanager
def state_directory(path: Path) -> Generator[None]:
    """Make the state directory and hold it against another daemon.

    Raises WaremindError `permission_denied`, or `conflict` with the pid of that daemon.
    """
    lock = contextlib.ExitStack()
    try:
        # PostgreSQL, which refuses to be root, has to pass through root's; nobody may look inside.
        path.mkdir(mode=0o711 if is_root() else 0o700, parents=True, exist_ok=True)
        lock.enter_context(locked(path / "daemon.lock"))
    except OSError as error:
        message = f"cannot use the state directory {path}: {error.strerror}"
        hint = f"make it writable for uid {os.geteuid()}, or choose another: WAREMIND_STATE_DIR"
        raise WaremindError(ErrorCode.PERMISSION_DENIED, message, hint=hint) from None
    except LockFileHeld as held:
        who, how = (f", with pid {held.pid}", f": kill {held.pid}") if held.pid else ("", "")
        message = f"cannot use the state directory {path}: a daemon uses it{who}"
        hint = f"use that one, or stop it{how}"
        raise WaremindError(ErrorCode.CONFLICT, message, hint=hint) from None
    with lock:
        yield


async def _main(current: LiveSettings, systemd: Systemd, *, frozen: bool) -> None:
    """Make everything from the database up, and end it the other way round when cancelled."""
    _obey_signals(current, systemd)
    settings = current.settings
    async with contextlib.AsyncExitStack() as stack:
        async with systemd.patience("starting PostgreSQL"):
            access = await stack.enter_async_context(postgres(settings))
            # First the lock: the schema is never changed under another daemon that runs.
            lock = DaemonLock(access.dsn, shared=settings.cluster.name is not None)
            await patiently(lambda: take_and_migrate(access, lock, systemd), systemd)
            stack.push_async_callback(lock.release)
        pool_size = settings.database.pool_size
        # What a node that hangs has locked must not keep others from its accounts.
        idle_seconds = settings.cluster.lease_seconds if settings.cluster.name else None
        database, readers = [
            await stack.enter_async_context(
                Database(access.dsn, pool_size=size, idle_seconds=idle_seconds)
            )
            for size in (pool_size, READERS)
        ]
        clock = stack.enter_context(WallClock())
        failures = Failures(clock.now)
        deadline = Deadline()
        membership = (
            ClusterMembership(lock, database, clock, failures, settings.cluster, deadline)
            if settings.cluster.name
            else Membership(lock, database, clock, failures, socket.gethostname())
        )
        stack.push_async_callback(leave, membership)
        recent = Recent(clock)
        if settings.database.url:  # the embedded one loses nothing
            database.begin_with(recent.reassert)
        runtime = Runtime(current, database, readers, membership, clock, failures, recent)
        if frozen:
            ourselves = Operator(os.geteuid(), name_of(os.geteuid()), settings.cluster.name)
            await Holds(runtime).freeze(None, ourselves, "started with --frozen")
        await _serve(runtime, systemd, access, deadline)


def _obey_signals(current: LiveSettings, systemd: Systemd) -> None:
    main = cast("asyncio.Task[None]", asyncio.current_task())
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for number in (*STOP_SIGNALS, signal.SIGHUP):
            loop.add_signal_handler(number, lambda: None)  # a second one does not make it hurry
        systemd.tell(STOPPING=1, STATUS="stopping")
        main.cancel()

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop)
    # On a terminal it says that the terminal is gone.
    if sys.stderr.isatty():
        loop.add_signal_handler(signal.SIGHUP, stop)
    else:
        loop.add_signal_handler(signal.SIGHUP, reload, current, systemd)


async def _serve(runtime: Runtime, systemd: Systemd, access: Access, deadline: Deadline) -> None:
    """Run the accounts and the outbox, and answer clients, until cancelled."""
    settings = runtime.current.settings
    async with contextlib.AsyncExitStack() as stack:
        sockets = stack.enter_context(listening_on(settings, systemd.sockets))
        evaluator = await stack.enter_async_context(RuleEvaluator())
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        hear = partial(runtime.failures.hear, "hold the database's lock")
        tasks.create_task(runtime.membership.keep(hear))
        gateway = ProcessGateway(deadline=deadline)
        services = assemble(runtime, tasks, gateway, evaluator, access.name)
        try:
            if settings.cluster.name:  # what it takes from others is not to wait for that
                await gateway.prepare()
            await services.holds.read_freezes()
            await services.accounts.start()
            sending = until_exit(tasks, services.outbox.run())
            connections = descriptors.for_clients(descriptors.raise_limit())
            telling = until_exit(tasks, tell_of_attention(services))
            measuring = until_exit(tasks, services.instruments.run())
            # Who follows events is told of the end before the server waits for its clients.
            following = until_exit(tasks, services.feed.run())
            server = Server(services, connections, relay_of(runtime, access))
            listening, relaying = server.listening(sockets), until_exit(tasks, server.relaying())
            async with telling, measuring, sending, listening, following, relaying:
                announce(settings)
                systemd.tell(READY=1)
                await beat(services, systemd)
        finally:
            await services.accounts.stop()
            await services.outbox.finish()


async def leave(membership: Membership) -> None:
    """Give the accounts back, if the database is there to be told."""
    with contextlib.suppress(WaremindError, TimeoutError):
        async with asyncio.timeout(LEAVE_SECONDS):
            await membership.leave()


@contextlib.asynccontextmanager
async def until_exit(
    tasks: asyncio.TaskGroup, work: Coroutine[Any, Any, None]
) -> AsyncGenerator[None]:
    """Run `work` in the task group until the end of the block, and wait until it has ended."""
    task = tasks.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def assemble(
    runtime: Runtime,
    tasks: asyncio.TaskGroup,
    gateway: Gateway,
    evaluator: RuleEvaluator,
    database_name: str,
) -> Services:
    """Put the accounts and the outbox together."""
    current = runtime.current
    gate = OpeningGate(lambda: current.settings.sessions.stagger_seconds)
    keys = device_keys_of(runtime, tasks)
    place = SessionPlace(gateway, current.settings.state_dir / "sessions", gate, tasks, keys)
    receipts = Receipts(runtime)
    sink = StoredReports(Groups(runtime.database, tasks, runtime.clock), receipts)

    accounts = Accounts(AccountEnvironment(runtime, place, sink, tasks, random.random))
    outbox = Outbox(runtime, accounts, receipts)
    feed = EventFeed(runtime.readers, runtime.failures)
    instruments = Instruments(runtime.readers, feed)
    return Services(
        runtime, database_name, accounts, outbox, evaluator, feed, instruments, runtime.clock.now()
    )


def relay_of(runtime: Runtime, access: Access) -> Relay | None:
    """Make what carries commands between nodes, if there may be others."""
    if runtime.current.settings.cluster.name is None:
        return None
    notifications = Notifications(access.dsn)
    return Relay(runtime.readers, runtime.membership, runtime.failures, notifications)


def device_keys_of(runtime: Runtime, tasks: asyncio.TaskGroup) -> DeviceKeys:
    """Say how devices' keys are kept: where they are, or also for the other nodes."""
    settings = runtime.current.settings
    if settings.cluster.name is None:
        return LocalKeys()
    stamps = settings.state_dir / "stamps"
    keys = SharedKeys(runtime.database, runtime.membership, runtime.clock, stamps)
    tasks.create_task(keys.run())
    return keys


def announce(settings: Settings) -> None:
    """Say that the daemon is ready, and to a person what to type next."""
    event(log, "ready", socket=settings.socket, pid=os.getpid())
    if not sys.stderr.isatty():
        return
    elsewhere = "" if settings.socket == client_socket(None) else f" --socket {settings.socket}"
    command = Path(sys.argv[0]).name if shutil.which("waremind") else sys.argv[0]
    lines = (
        "waremind is running. In another terminal:",
        f"  {command} account add ops{elsewhere}",
        f"  {command} account pair ops{elsewhere}",
        f"  {command} status{elsewhere}",
        "Ctrl-C here stops it.",
    )
    print(*lines, sep="\n", file=sys.stderr)  # noqa: T201 - a greeting is not an event
