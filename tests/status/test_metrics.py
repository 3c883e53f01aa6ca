"""What Prometheus is told, is in its format, is true, and does not grow."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from delivery.clockwork import ACCOUNT, START, Engine, engine
from docs.pages import ROOT, blocks_of
from prometheus_client.parser import text_string_to_metric_families

from waremind.daemon.status.metrics import metrics_text
from waremind.store import receipts
from waremind.store.receipts import ReceiptRow

promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is missing: apt install prometheus"
)


@pytest.fixture
async def playing(dsn: str, tmp_path: Path) -> AsyncIterator[Engine]:
    async with engine(dsn, tmp_path) as playing:
        await playing.daemon.instruments.catch_up()
        yield playing


async def told(playing: Engine) -> dict[tuple[str, ...], float]:
    """Read all metrics: name and labels' values, and value."""
    text = await metrics_text(playing.daemon)
    return {
        (sample.name.removeprefix("waremind_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def send(playing: Engine, days: int) -> None:
    await playing.add("stand-up", rrule="FREQ=DAILY", start="2026-03-02T09:00")
    await playing.pass_to(START + timedelta(days=days))


async def test_messages_are_counted_with_how_late_they_left(playing: Engine) -> None:
    await send(playing, 3)
    metrics = await told(playing)
    assert metrics["deliveries_total", "sent"] == 3
    assert metrics["lateness_seconds_count",] == 3
    assert metrics["lateness_seconds_bucket", "0.05"] == 3
    assert metrics["accounts", "connected"] == 1
    assert metrics["due_messages",] == 0
    assert metrics["up",] == 1


async def test_what_was_before_the_daemon_is_not_counted_again(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await send(playing, 2)
    async with engine(dsn, tmp_path, START + timedelta(days=2)) as playing:
        assert (await told(playing))["deliveries_total", "sent"] == 0


async def test_the_first_receipt_of_a_message_counts_and_no_other(playing: Engine) -> None:
    await send(playing, 1)
    await told(playing)
    ((message, at),) = await playing.sql("SELECT message_id, finished_at FROM deliveries")
    for seconds, participant in ((20, "1@lid"), (200, "2@lid")):
        row = ReceiptRow(ACCOUNT, [message], participant, at + timedelta(seconds=seconds), False)
        async with playing.daemon.database.connection() as connection:
            await receipts.note(connection, [row])
        metrics = await told(playing)
    assert metrics["receipt_seconds_count",] == 1
    assert metrics["receipt_seconds_bucket", "10.0"] == 0
    assert metrics["receipt_seconds_bucket", "30.0"] == 1


async def test_what_needs_a_person_is_there_also_without_the_database(playing: Engine) -> None:
    await playing.freeze()
    assert (await told(playing))["attention", "warning"] == 1
    assert (await told(playing))["frozen",] == 1


async def test_however_much_is_sent_there_are_as_many_metrics(playing: Engine) -> None:
    before = await told(playing)
    await send(playing, 60)
    after = await told(playing)
    assert after.keys() == before.keys()
    assert after["deliveries_total", "sent"] == 60


@promtool
async def test_promtool_finds_nothing_wrong_with_the_metrics(playing: Engine) -> None:
    await send(playing, 1)
    check = ["promtool", "check", "metrics"]
    text = await metrics_text(playing.daemon)
    done = subprocess.run(check, input=text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


async def test_the_alert_rules_speak_of_metrics_that_there_are(playing: Engine) -> None:
    names = {f"waremind_{name}" for name, *_ in await told(playing)}
    expressions = [line for line in rules().splitlines() if "expr:" in line]
    assert expressions
    for line in expressions:
        assert any(name in line for name in names), line


@promtool
def test_promtool_finds_nothing_wrong_with_the_alert_rules(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(rules())
    check = ["promtool", "check", "rules", str(file)]
    done = subprocess.run(check, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def rules() -> str:
    """Read the rules of the page."""
    [block] = [each for each in blocks_of(ROOT / "docs/metrics.md") if each.language == "yaml"]
    return block.body
