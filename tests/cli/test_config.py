"""`config show`, `config check`, and a daemon whose settings are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.conftest import Typed


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give a configuration file."""
    file = tmp_path / "config.toml"
    file.write_text('default_tz = "Europe/Berlin"\n[database]\nurl = "postgresql://u:secret@h/d"\n')
    file.chmod(0o600)  # it has a password
    return file


def test_every_setting_is_shown_with_its_origin(typed: Typed, config: Path) -> None:
    ended = typed(
        *("config", "show", "--origin", "--config", str(config)), WAREMIND_GOVERNOR__ENABLED="false"
    )
    assert ended.code == 0
    for line in [
        f'default_tz = "Europe/Berlin"  # {config}',
        "governor.enabled = false  # environment",
        "delivery.grace_seconds = 600  # default",
    ]:
        assert line in ended.out.splitlines()


def test_a_secret_is_never_shown(typed: Typed, config: Path) -> None:
    for flag in ("--json", "--origin"):
        ended = typed("config", "show", "--config", str(config), flag)
        assert ended.code == 0
        assert "secret@" not in ended.out + ended.err


def test_json_names_each_setting_and_with_origin_where_it_is_from(
    typed: Typed, config: Path
) -> None:
    plain = typed("config", "show", "--config", str(config), "--json").document
    assert plain["settings"]["default_tz"] == "Europe/Berlin"
    assert "origins" not in plain
    traced = typed("config", "show", "--config", str(config), "--json", "--origin").document
    assert traced["origins"]["default_tz"] == str(config)


def test_settings_that_can_be_used_are_said_to_be(typed: Typed, config: Path) -> None:
    assert typed("config", "check", "--config", str(config)).code == 0
    assert typed("config", "check", "--json").document == {"ok": True}


@pytest.mark.parametrize(
    ("content", "reason", "cure"),
    [
        ("[governor]\nenabeld = true\n", "governor.enabeld", "governor.enabled"),
        ('default_tz = "Berlin"\n', "default_tz", "config.example.toml"),
        ("default_tz = \n", "line 1", "mend"),
        ('[database]\nurl = "mysql://u:xyzzy@h/d"\n', "database.url", "write postgresql://"),
    ],
)
@pytest.mark.parametrize(("command", "code"), [("config check", 2), ("daemon", 78)])
def test_a_wrong_setting_is_named_with_its_cure(  # noqa: PLR0913, PLR0917 - parameters
    command: str, code: int, content: str, reason: str, cure: str, typed: Typed, config: Path
) -> None:
    config.write_text(content)
    ended = typed(*command.split(), "--config", str(config), "--json")
    assert ended.code == code
    assert reason in ended.error["message"]
    assert "xyzzy" not in ended.err
    assert cure in ended.error["hint"]


@pytest.mark.parametrize(("command", "code"), [("config check", 2), ("daemon", 78)])
def test_a_path_that_no_socket_can_have_is_a_wrong_setting(
    command: str, code: int, typed: Typed
) -> None:
    ended = typed(*command.split(), "--json", WAREMIND_SOCKET="/" + "x" * 110)
    assert (ended.code, ended.error["hint"]) == (code, "choose a shorter one: WAREMIND_SOCKET")


def test_a_missing_file_is_not_found_and_for_the_daemon_a_configuration_error(
    typed: Typed, tmp_path: Path
) -> None:
    missing = str(tmp_path / "nowhere.toml")
    assert typed("config", "check", "--config", missing).code == 6
    assert typed("daemon", "--config", missing).code == 78
