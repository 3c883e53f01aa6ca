"""config.example.toml has every setting with its default, and says which can change live."""

from __future__ import annotations

import re
import tomllib
from operator import attrgetter

import pytest
from docs.pages import ROOT

from waremind.settings import LIVE, Settings, known_keys

TEXT = (ROOT / "config.example.toml").read_text()
# A setting that has no fixed default is commented out: its example is somebody's.
UNCOMMENTED = re.sub(r"^# (?=\w+ = )", "", TEXT, flags=re.MULTILINE)


def settings(text: str) -> dict[str, object]:
    return {
        f"{name}.{key}" if isinstance(value, dict) else name: inner
        for name, value in tomllib.loads(text).items()
        for key, inner in (value.items() if isinstance(value, dict) else [("", value)])
    }


def test_every_setting_is_there_and_no_other() -> None:
    assert sorted(settings(UNCOMMENTED)) == sorted(known_keys())


def test_what_is_not_commented_out_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAREMIND_STATE_DIR", raising=False)
    defaults = Settings.model_construct()
    written = settings(TEXT)
    plain = {key: attrgetter(key)(defaults) for key in written}
    # TOML has no tuples.
    assert written == {
        key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()
    }


def test_only_what_has_no_fixed_default_is_commented_out() -> None:
    commented = set(settings(UNCOMMENTED)) - set(settings(TEXT))
    machine = {"state_dir", "socket", "default_tz", "database.url", "database.bin_dir"}
    assert commented == machine | {"quiet.hours", "cluster.name"}


def test_what_can_change_live_says_so() -> None:
    live = set(re.findall(r"^\[(\w+)\] # \(live\)$", TEXT, re.MULTILINE))
    live |= set(re.findall(r"\(live\)\n(?:# )?(\w+) = ", TEXT))
    assert live == set(LIVE)
