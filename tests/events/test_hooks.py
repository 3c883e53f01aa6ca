"""The operator's programs are told of events, each in order, and never in the way of a message."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from delivery.clockwork import NOBODY, START, Engine, engine, failing_once, until

from waremind import config
from waremind.daemon.api.handlers import account
from waremind.daemon.status import attention_watch
from waremind.daemon.status.attention_watch import AttentionWatch
from waremind.daemon.status.hooks import Hook
from waremind.daemon.status.report import status_report
from waremind.daemon.system.event_feed import event_of
from waremind.daemon.system.program import OUTPUT_BYTES, run_program
from waremind.errors import WaremindError
from waremind.requests.account import AccountAdd
from waremind.settings import Hooks
from waremind.store import events as table

HANGING = ["/bin/sh", "-c", "sleep 600"]


def shell(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


class Told:
    """What a program has written down of what it was told."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "told"
        self.program = shell(f"cat >> {self._file}")

    def events(self) -> list[dict[str, Any]]:
        text = self._file.read_text() if self._file.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def has(self, count: int) -> Any:
        async def probe() -> bool:
            return len(self.events()) >= count

        return until(probe)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


@asynccontextmanager
async def hooked(
    dsn: str, directory: Path, *, attention: Sequence[str] = (), **hooks: Any
) -> AsyncIterator[tuple[Engine, AttentionWatch]]:
    """Run the engine with hooks, from the moment at which they are known."""
    flags = {"hooks": {"attention": list(attention), **hooks}}
    async with engine(dsn, directory, **flags) as playing:
        ours = Hook(playing.daemon, "attention")
        tasks = [asyncio.create_task(hook.run()) for hook in (ours, Hook(playing.daemon, "events"))]
        names = ["attention"] * bool(attention) + ["events"] * ("events" in hooks)
        await until(lambda: _known(playing, names))
        yield playing, AttentionWatch(playing.daemon, ours)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _known(playing: Engine, names: Sequence[str]) -> bool:
    return {name for (name,) in await playing.sql("SELECT name FROM hooks")} == set(names)


async def test_a_hook_hears_when_something_needs_a_person_and_when_it_does_no_more(
    dsn: str, tmp_path: Path, told: Told
) -> None:
    async with hooked(dsn, tmp_path, attention=told.program) as (playing, watch):
        await watch.look()
        await playing.freeze()
        await watch.look()
        await watch.look()
        await playing.thaw("skip")
        await watch.look()
        await told.has(2)
    begun, ended = [each for each in told.events() if each["data"]["code"] == "frozen"]
    assert (begun["type"], ended["type"]) == ("attention.begun", "attention.ended")
    assert begun["data"]["fix"] == "waremind thaw"
    assert begun["id"] < ended["id"]


async def test_a_bug_in_what_needs_a_person_is_noted_and_ends_nothing(
    dsn: str, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention_watch, "status_report", failing_once(status_report))
    monkeypatch.setattr(attention_watch, "EVERY_SECONDS", 0.05)
    async with hooked(dsn, tmp_path, attention=told.program) as (playing, watch):
        watching = asyncio.create_task(watch.run())
        await playing.freeze()
        await told.has(1)
        watching.cancel()
        await asyncio.wait([watching])
    assert "frozen" in {each["data"]["code"] for each in told.events()}


async def test_a_hook_hears_at_once_what_the_database_cannot_take(
    dsn: str, tmp_path: Path, told: Told
) -> None:
    async with hooked(dsn, tmp_path, attention=told.program) as (playing, watch):
        await watch.look()
        await playing.freeze()
        playing.daemon.runtime.membership.held.clear()
        await watch.look()
        await watch.look()
        playing.daemon.runtime.membership.held.set()
        await playing.thaw("skip")
        await watch.look()
    frozen = [(each["id"], each["type"]) for each in told.events()]
    assert frozen == [(0, "attention.begun"), (0, "attention.ended")]


async def test_a_hook_of_events_hears_those_that_it_wants_also_of_while_it_was_down(
    dsn: str, tmp_path: Path, told: Told
) -> None:
    wanted = {"events": told.program, "types": ["account.*"]}
    async with hooked(dsn, tmp_path, **wanted) as (playing, _):
        await account.add(playing.daemon, NOBODY, AccountAdd(label="sales"))
        await told.has(1)
    async with engine(dsn, tmp_path) as playing:
        await account.add(playing.daemon, NOBODY, AccountAdd(label="people"))
    async with hooked(dsn, tmp_path, **wanted):
        await until(lambda: _has_label(told, "people"))
    # One that the end of the daemon has cut off is told again, with the same id.
    labels = {each["id"]: each["data"]["label"] for each in told.events()}
    assert [labels[id_] for id_ in sorted(labels) if labels[id_] != "ops"] == ["sales", "people"]
    assert {each["type"].partition(".")[0] for each in told.events()} == {"account"}


async def _has_label(told: Told, label: str) -> bool:
    return any(each["data"]["label"] == label for each in told.events())


async def test_a_hook_that_hangs_keeps_no_message_from_leaving(dsn: str, tmp_path: Path) -> None:
    async with hooked(dsn, tmp_path, events=HANGING, types=["*"]) as (playing, _):
        await playing.add("stand-up", rrule="FREQ=DAILY", start="2026-03-02T09:00")
        await playing.pass_to(START + timedelta(days=3))
        assert len(playing.fired("stand-up")) == 3


async def test_a_hook_that_fails_is_not_started_again_at_once(
    dsn: str, tmp_path: Path, told: Told
) -> None:
    clock = tmp_path / "started"
    failing = shell(f"date +%s.%N >> {clock}; {told.program[-1]}; exit 1")
    async with hooked(dsn, tmp_path, events=failing, types=["account.added"]) as (playing, _):
        for label in ("sales", "people"):
            await account.add(playing.daemon, NOBODY, AccountAdd(label=label))
        await told.has(2)
    first, second = map(float, clock.read_text().split())
    assert second - first >= 1


async def test_a_hook_that_a_reload_takes_away_while_it_is_waited_for_is_not_run(
    dsn: str, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    waiting = {"hooks": {"attention": shell(f"exec 0<{gate}; read line")}}
    async with engine(dsn, tmp_path, **waiting) as playing:
        await account.add(playing.daemon, NOBODY, AccountAdd(label="sales"))
        async with playing.daemon.database.connection() as connection:
            (event,) = map(event_of, await table.select(connection, 0, 10, ["account.added"], 1))
        hook, current = Hook(playing.daemon, "attention"), playing.daemon.runtime.current
        telling = [asyncio.create_task(hook.tell(event)) for _ in range(2)]
        opened = asyncio.to_thread(gate.open, "w")  # as the first one is run
        with await opened as line:
            current.settings = current.settings.model_copy(update={"hooks": Hooks()})
            line.write("\n")
        assert await asyncio.gather(*telling) == [True, True]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (shell("cat"), ""),
        (shell("echo cannot reach them; exit 3"), "it ended with 3: cannot reach them"),
        (["/nonexistent"], "it cannot be started"),
        (shell("echo so far; sleep 600"), "it did not end within 1 s: so far"),
        (shell("sleep 600 & sleep 600 & exit 4"), "it ended with 4"),
        (shell("exec 0<&-; exit 5"), "it ended with 5"),
    ],
)
async def test_how_a_program_failed_is_told_with_its_words(
    command: Sequence[str], reason: str
) -> None:
    said = await run_program(command, b"{}\n", 1)
    assert said.startswith(reason)
    assert bool(said) == bool(reason)


async def test_a_program_that_floods_is_not_read_to_its_end() -> None:
    said = await run_program(shell("yes; exit 1"), b"{}\n", 20)
    assert said.startswith("it ended with 1: y")
    assert len(said) < OUTPUT_BYTES + 100


async def test_what_a_program_leaves_behind_goes_with_it(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    await run_program(shell(f"sleep 600 & echo $! > {pid_file}"), b"", 20)
    status = Path(f"/proc/{pid_file.read_text().strip()}/status")

    async def is_gone() -> bool:
        return not status.exists() or "State:\tZ" in status.read_text()

    await until(is_gone)


async def test_a_program_is_told_nothing_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREMIND_DATABASE__URL", "postgresql://u:secret@h/d")
    assert "secret" not in await run_program(shell("env; exit 1"), b"", 20)


@pytest.mark.parametrize(
    ("hooks", "reason"),
    [
        ({"attention": ["tell-me"]}, "whole path"),
        ({"types": ["acount.*"]}, "none of their types"),
    ],
)
def test_a_hook_that_could_never_be_told_is_refused(hooks: dict[str, Any], reason: str) -> None:
    with pytest.raises(WaremindError, match=reason):
        config.load(None, {"hooks": hooks})


@pytest.mark.parametrize("steps", range(2, 10))
async def test_a_program_that_is_not_wanted_any_more_goes_with_all_that_it_has_started(
    steps: int, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    another = f"exec 3<&0; (touch {ready}; exec sleep 600 <&3) & exec sleep 600"
    running = asyncio.create_task(run_program(shell(another), b"x" * 1_000_000))
    for _ in range(steps):  # of its start, in which the loop sees nothing of what it does
        await asyncio.sleep(0)
    while not ready.exists():
        os.sched_yield()
    running.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait([running])
    assert running.cancelled()


async def test_a_program_that_has_sent_another_away_has_ended(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    away = (
        f"setsid sh -c 'echo $$ > {pid_file}; exec sleep 600' & until [ -s {pid_file} ]; do :; done"
    )
    try:
        async with asyncio.timeout(20):
            assert await run_program(shell(away), b"x" * 1_000_000) == ""
    finally:
        os.kill(int(pid_file.read_text()), signal.SIGKILL)
