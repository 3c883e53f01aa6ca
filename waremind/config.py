"""Where settings come from: flag, environment, credential, config.toml, default, in this order."""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import (
    ValidationError,
)
from pydantic_settings import EnvSettingsSource, SettingsError

from waremind import paths
from waremind.errors import ErrorCode, WaremindError
from waremind.settings import PREFIX, Settings, known_keys

CREDENTIAL = "waremind.dsn"  # below $CREDENTIALS_DIRECTORY of systemd.exec(5)
# In a connection string of either form.
PASSWORD = re.compile(r"://[^/@]*:[^@]+@|\bpassword\s*=")


@dataclass(frozen=True, slots=True)
class Configuration:
    """Validated settings, and where each one that is not a default came from.

    `file` and `flags` are what `load` was given.
    """

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None
    flags: Mapping[str, Any]

    def read_again(self) -> "Configuration":
        """Read the same sources as they are now; raises what `load` raises."""
        return load(self.file, self.flags)


def load(file: Path | None = None, flags: Mapping[str, Any] | None = None) -> Configuration:
    """Read every source and validate what they say together.

    Raises WaremindError `invalid_input` (or `permission_denied`) naming the setting and its source.
    """
    flags = flags or {}
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, values in reversed(list(_sources(file, flags))):
        for key, value in _leaves(values):
            _put(merged, key, value)
            origins[".".join(key)] = origin
    try:
        settings = Settings.model_validate(merged)
        _refuse_cluster_alone(settings, origins)
        return Configuration(settings, origins, file, flags)
    except ValidationError as error:
        raise _invalid(error, origins) from None


def _refuse_cluster_alone(settings: Settings, origins: Mapping[str, str]) -> None:
    """Refuse a cluster on the embedded database, which no other machine can reach."""
    if settings.cluster.name and settings.database.url is None:
        message = f"cannot read {origins['cluster.name']}: cluster.name needs database.url"
        hint = "name the PostgreSQL that all nodes use, or leave cluster.name out"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)


def _sources(
    file: Path | None, flags: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "flag", flags
    yield "environment", _environment()
    yield "credential", _credential()
    found = file or next((path for path in paths.config_files() if _is_there(path)), None)
    if found:
        values = read_toml(found)
        _refuse_open_secret(found, values)
        yield str(found), values


def _refuse_open_secret(path: Path, values: Mapping[str, Any]) -> None:
    """Refuse a password that others can read, as libpq does with a password file."""
    database = values.get("database")
    url = cast("dict[str, Any]", database).get("url") if isinstance(database, dict) else None
    if isinstance(url, str) and PASSWORD.search(url) and path.stat().st_mode & 0o077:
        message = f"cannot read {path}: group or others can read the password in database.url"
        hint = f"chmod 600 {path} (its owner has to be the daemon's user), or keep the password in "
        hint += "the systemd credential waremind.dsn, or in a password file: docs/operating.md"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)


def _is_there(path: Path) -> bool:
    """Tell whether a file exists; one that we may not even see does: it is not passed over."""
    try:
        return path.exists()
    except PermissionError:
        return True


def _environment() -> dict[str, Any]:
    for name in os.environ:
        _refuse_near_miss(name)
    try:
        return EnvSettingsSource(Settings)()
    except SettingsError as error:
        message = f"cannot read environment: {error}"
        hint = "a section's settings have names of their own, such as WAREMIND_DATABASE__URL"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint) from None


def _refuse_near_miss(name: str) -> None:
    """Refuse a variable that is nearly a setting; what resembles none is somebody else's."""
    prefix, given, word = name.upper().partition(PREFIX)
    known = [key.replace(".", "__").upper() for key in known_keys()]
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.85)
    if given and not prefix and near and word not in known:
        message = f"cannot read environment: {name} is not a setting"
        raise WaremindError(
            ErrorCode.INVALID_INPUT, message, hint=f"did you mean {PREFIX}{near[0]}?"
        )


def _credential() -> dict[str, Any]:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(directory or "/nonexistent") / CREDENTIAL
    return {"database": {"url": path.read_text().strip()}} if path.exists() else {}


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises WaremindError `invalid_input`, `not_found` or `permission_denied`.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        code, reason, hint = ErrorCode.NOT_FOUND, "there is no such file", "name another: --config"
    except PermissionError:
        code, reason = ErrorCode.PERMISSION_DENIED, "no permission"
        hint = f"make {path} readable, or name another: --config"
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        code, reason, hint = ErrorCode.INVALID_INPUT, str(error), "mend that line"
    except RecursionError:
        code, reason, hint = ErrorCode.INVALID_INPUT, "it is nested too deep", "mend that line"
    except OSError as error:
        code, reason, hint = ErrorCode.INVALID_INPUT, error.strerror or "", "name another: --config"
    raise WaremindError(code, f"cannot read {path}: {reason}", hint=hint)


def _leaves(values: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Take the sections apart; there are none in a section."""
    for name, value in values.items():
        if isinstance(value, dict):
            section = cast("dict[str, Any]", value)
            yield from (((name, inner), each) for inner, each in section.items())
        else:
            yield (name,), value


def _put(target: dict[str, Any], key: tuple[str, ...], value: object) -> None:
    """Set a setting, unless what should be its section is none: that is refused as it is."""
    *sections, name = key
    for section in sections:
        below = target.setdefault(section, {})
        if not isinstance(below, dict):
            return
        target = cast("dict[str, Any]", below)
    target[name] = value


def _invalid(error: ValidationError, origins: Mapping[str, str]) -> WaremindError:
    """Say the first thing that is wrong: where, which setting, why, and the cure."""
    first = error.errors(include_url=False, include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    origin = next((o for k, o in origins.items() if f"{k}.".startswith(f"{key}.")), "the settings")
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, list(known_keys()), n=1, cutoff=0)
        message = f"cannot read {origin}: {key} is not a setting"
        return WaremindError(ErrorCode.INVALID_INPUT, message, hint=f"did you mean {near[0]}?")
    reason = first["msg"].removeprefix("Value error, ")
    hint = "config.example.toml lists every setting with its default"
    return WaremindError(
        ErrorCode.INVALID_INPUT, f"cannot read {origin}: {key}: {reason}", hint=hint
    )
