"""The daemon's settings: which source wins, and what is told of what is wrong."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from waremind import config, paths
from waremind.errors import ErrorCode, WaremindError

EXAMPLE = Path(__file__).parents[1] / "config.example.toml"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away what this machine's own environment and files say."""
    for name in [name for name in os.environ if name.startswith(("WAREMIND_", "XDG_", "CRED"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(paths, "SYSTEM_CONFIG", tmp_path / "none.toml")
    monkeypatch.setenv("HOME", str(tmp_path))


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def refused(file: Path | None = None, **flags: object) -> WaremindError:
    with pytest.raises(WaremindError) as error:
        config.load(file, flags)
    assert error.value.hint
    return error.value


def test_without_any_source_the_defaults_hold() -> None:
    configuration = config.load()
    assert configuration.settings == config.Settings()
    assert not configuration.origins
    assert configuration.settings.database.url is None


def test_flag_wins_over_environment_over_credential_over_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(
        tmp_path / "c.toml",
        'socket = "/file"\nlog_level = "error"\nsocket_group = "file"\n[database]\nurl = "file"\n',
    )
    written(tmp_path / "waremind.dsn", "credential\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("WAREMIND_SOCKET", "/environment")
    monkeypatch.setenv("WAREMIND_LOG_LEVEL", "debug")
    configuration = config.load(file, {"socket": "/flag"})
    settings = configuration.settings
    assert settings.socket == Path("/flag")
    assert settings.log_level == "debug"
    assert settings.socket_group == "file"
    assert settings.database.url
    assert settings.database.url.get_secret_value() == "credential"
    assert dict(configuration.origins) == {
        "socket": "flag",
        "log_level": "environment",
        "socket_group": str(file),
        "database.url": "credential",
    }


def test_the_user_s_file_is_read_when_the_system_has_none(tmp_path: Path) -> None:
    file = tmp_path / ".config/waremind/config.toml"
    file.parent.mkdir(parents=True)
    written(file, 'default_tz = "Europe/Berlin"')
    assert config.load().settings.default_tz == "Europe/Berlin"


def test_a_nested_setting_has_an_environment_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREMIND_GOVERNOR__ENABLED", "false")
    monkeypatch.setenv("WAREMIND_DATABASE__POOL_SIZE", "9")
    settings = config.load().settings
    assert (settings.governor.enabled, settings.database.pool_size) == (False, 9)


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREMIND_DATABASE__URL", "")
    assert config.load().settings.database.url is None


@pytest.mark.parametrize(
    ("text", "said", "cure"),
    [
        ('sokcet = "/x"', "sokcet is not a setting", "did you mean socket?"),
        ("[database]\nurll = 1", "database.urll is not a setting", "did you mean database.url?"),
        ('default_tz = "Mars/Base"', "default_tz: not an IANA time zone", "config.example.toml"),
        ('log_level = "loud"', "log_level", "config.example.toml"),
        ("[database]\npool_size = 1", "database.pool_size", "config.example.toml"),
        ("[sessions]\nretry_replaced_seconds = 1", "retry_replaced_seconds", "config.example"),
        ("socket", "Expected '='", "mend that line"),
        ("socket = 1\nsocket = 2", "Cannot overwrite a value", "mend that line"),
        ("a = " + "[" * 3000, "it is nested too deep", "mend that line"),
        ("a." * 3000 + "b = 1", "a is not a setting", "did you mean"),
        ("database = 5", "database: Input should be a valid dict", "config.example.toml"),
        ('socket = "~nobody-at-all/x"', "socket: there is no home directory", "config.example"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_the_setting_and_the_cure(
    tmp_path: Path, text: str, said: str, cure: str
) -> None:
    error = refused(written(tmp_path / "c.toml", text), database={"bin_dir": "/x"})
    assert error.code is ErrorCode.INVALID_INPUT
    assert error.message.startswith(f"cannot read {tmp_path}/c.toml: ")
    assert said in error.message
    assert cure in error.hint


def test_a_variable_that_is_wrong_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREMIND_DELIVERY__GRACE_SECONDS", "soon")
    assert refused().message.startswith("cannot read environment: delivery.grace_seconds: ")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("WAREMIND_DATABASE_URL", "WAREMIND_DATABASE__URL"),
        ("WAREMIND_DEFAULT_TX", "WAREMIND_DEFAULT_TZ"),
        ("waremind_statedir", "WAREMIND_STATE_DIR"),
    ],
)
def test_a_variable_that_is_nearly_a_setting_is_refused(
    name: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "x")
    error = refused()
    assert error.message == f"cannot read environment: {name} is not a setting"
    assert error.hint == f"did you mean {meant}?"


def test_a_variable_that_is_like_no_setting_is_somebody_else_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("WAREMIND_TEST", "WAREMIND_SOCKET_PATH", "WAREMIND_"):
        monkeypatch.setenv(name, "x")
    assert not config.load().origins


def test_a_section_is_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREMIND_DATABASE", "postgresql://ops@db")
    error = refused()
    assert error.message.startswith("cannot read environment: ")
    assert "WAREMIND_DATABASE__URL" in error.hint


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    assert refused(tmp_path / "none").code is ErrorCode.NOT_FOUND


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path).code is ErrorCode.INVALID_INPUT


def test_a_file_that_is_not_utf_8_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes(b'socket = "\xff"')
    assert refused(file).code is ErrorCode.INVALID_INPUT


def test_a_secret_is_not_shown() -> None:
    settings = config.load(flags={"database": {"url": "postgresql://u:xyzzy@h/d"}}).settings
    assert "xyzzy" not in repr(settings)


def test_the_example_names_every_setting() -> None:
    lines = EXAMPLE.read_text().splitlines()
    plain = "\n".join(line.removeprefix("# ") if " = " in line else line for line in lines)
    text = tomllib.loads(plain)
    assert set(dotted(text)) == set(config.known_keys())


def dotted(table: dict[str, object], above: str = "") -> list[str]:
    names: list[str] = []
    for name, value in table.items():
        names += dotted(value, f"{name}.") if isinstance(value, dict) else [above + name]
    return names


@pytest.mark.parametrize(
    ("url", "mode", "is_refused"),
    [
        ("postgresql://u:hunter2@db/waremind", 0o640, True),
        ("postgresql://u:hunter2@db/waremind", 0o604, True),
        ("postgresql://u:hunter2@db/waremind", 0o600, False),
        ("postgresql://u@db/waremind?password=hunter2", 0o644, True),
        ("host=db password = hunter2", 0o644, True),
        ("postgresql://u@db:5432/waremind", 0o644, False),
        ("host=db user=u", 0o644, False),
    ],
)
def test_a_password_that_others_can_read_is_refused(
    tmp_path: Path, url: str, mode: int, *, is_refused: bool
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[database]\nurl = "{url}"\n')
    file.chmod(mode)
    if not is_refused:
        assert config.load(file).settings.database.url
        return
    with pytest.raises(WaremindError) as refused:
        config.load(file)
    assert "group or others can read the password" in refused.value.message
    assert refused.value.hint.startswith(f"chmod 600 {file}")
    assert "hunter2" not in f"{refused.value.message} {refused.value.hint}"
