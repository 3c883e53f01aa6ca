"""An engine that WhatsApp may soon refuse is told of in time."""

from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest

from waremind.daemon.status.daemon_attention import engine_old
from waremind.whatsapp.engine_age import Engine, read_engine

MADE_ON = date(2026, 9, 21)
ENGINE = Engine("0.5.2", MADE_ON, "2.3000.1047769893")


@pytest.mark.parametrize(
    ("days", "severity"), [(44, None), (45, "warning"), (69, "warning"), (70, "critical")]
)
def test_an_engine_is_old_after_45_days_and_too_old_after_70(
    days: int, severity: str | None
) -> None:
    found = list(engine_old(ENGINE, MADE_ON + timedelta(days=days)))
    assert [each.severity for each in found] == ([severity] if severity else [])


def test_it_is_said_what_the_engine_announces_and_since_when_it_is_old() -> None:
    [entry] = engine_old(ENGINE, MADE_ON + timedelta(days=50))
    assert "neonize 0.5.2 is 50 days old (it announces 2.3000.1047769893)" in entry.text
    assert entry.since == "2026-11-05T00:00:00+00:00"


def test_an_engine_whose_age_nobody_knows_needs_nobody() -> None:
    assert not list(engine_old(Engine("0.6.0", None, None), MADE_ON))


def test_the_age_is_read_from_the_library_itself() -> None:
    engine = read_engine()
    assert engine.made_on is not None
    assert engine.announces is not None
    spec = find_spec("neonize")
    assert spec
    [library] = Path((spec.submodule_search_locations or [""])[0]).glob("*.so")
    assert b"v0.0.0-" + engine.made_on.strftime("%Y%m%d").encode() in library.read_bytes()
