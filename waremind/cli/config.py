"""`waremind config …`: the settings that a daemon started here would have."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import typer
from msgspec import UNSET, Struct, UnsetType

from waremind.cli.commands import Commands
from waremind.cli.daemon import ConfigFile
from waremind.cli.invocation import Invocation
from waremind.cli.layout import Block

commands = Commands("config", "The daemon's settings, and where each one comes from.")


class Effective(Struct, frozen=True):
    """Each setting by its dotted name; `origins` says where it comes from."""

    settings: dict[str, Any]
    origins: dict[str, str] | UnsetType = UNSET


class Checked(Struct, frozen=True):
    """What `config check` prints when the settings can be used."""

    ok: bool


@commands.verb()
def show(
    cli: Invocation,
    *,
    config: ConfigFile = None,
    origin: Annotated[
        bool, typer.Option("--origin", help="Say where each setting comes from.")
    ] = False,
) -> None:
    """Show every setting as the daemon would use it; secrets are hidden."""
    from waremind.config import load  # noqa: PLC0415 - 250 ms that no client needs
    from waremind.settings import known_keys  # noqa: PLC0415 - 250 ms that no client needs

    configuration = load(config)
    dumped = configuration.settings.model_dump(mode="json")
    values = {key: _value(dumped, key) for key in known_keys()}
    origins = {key: configuration.origins.get(key, "default") for key in values}
    cli.show(Effective(values, origins if origin else UNSET), _lines)


def _value(dumped: Any, key: str) -> Any:
    for name in key.split("."):
        dumped = dumped[name]
    return dumped


def _lines(effective: Effective) -> Iterator[Block]:
    origins = effective.origins or {}
    for key, value in effective.settings.items():
        origin = f"  # {origins[key]}" if key in origins else ""
        yield f"{key} = {_written(value)}{origin}"


def _written(value: Any) -> str:
    """Write a value as config.toml would."""
    # For text, numbers and truth TOML's form is JSON's.
    return "(not set)" if value is None else msgspec.json.encode(value).decode()


@commands.verb()
def check(cli: Invocation, *, config: ConfigFile = None) -> None:
    """Check the settings without starting anything."""
    from waremind.config import load  # noqa: PLC0415 - 250 ms that no client needs
    from waremind.daemon.api.socket import preflight  # noqa: PLC0415 - nor this

    preflight(load(config).settings)
    cli.output.document(Checked(ok=True), lambda _: ())
    cli.note("the settings can be used")
