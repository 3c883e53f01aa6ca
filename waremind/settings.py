"""Everything that can be set, with its default; the units stand in the names."""

from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from waremind import paths
from waremind.domain.events import types_of
from waremind.domain.quiet_hours import QuietHours
from waremind.errors import WaremindError

PREFIX = "WAREMIND_"  # of the settings' names in the environment
# What a running daemon takes over on SIGHUP; the rest needs a restart.
LIVE = (
    "default_tz",
    "mention_all",
    "log_level",
    "sessions",
    "governor",
    "delivery",
    "quiet",
    "hooks",
)


def _zone(name: str | None) -> str | None:
    if name is not None and name not in available_timezones():
        raise ValueError("not an IANA time zone, such as Europe/Berlin")
    return name


def _quiet(hours: object) -> object:
    if not isinstance(hours, str):
        return hours
    try:
        return QuietHours.parse(hours)
    except WaremindError:
        raise ValueError("not two times of a day, such as 22:00-07:00") from None


def _written(hours: QuietHours | None) -> str | None:
    return hours and str(hours)


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError:
        raise ValueError(f"there is no home directory {path.parts[0]}") from None


def _program(command: tuple[str, ...]) -> tuple[str, ...]:
    if command and not command[0].startswith("/"):
        raise ValueError("the program needs its whole path, such as /usr/local/bin/tell-me")
    return command


def _event_types(patterns: tuple[str, ...]) -> tuple[str, ...]:
    try:
        types_of(patterns)
    except WaremindError as error:
        raise ValueError(f"{error.message}; {error.hint}") from None
    return patterns


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Zone = Annotated[str | None, AfterValidator(_zone)]
MentionAll = Literal["members", "native"]
Command = Annotated[tuple[str, ...], AfterValidator(_program)]
EventTypes = Annotated[tuple[str, ...], AfterValidator(_event_types)]
Positive = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A table of config.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Database(Section):
    """PostgreSQL: the embedded one, or yours."""

    url: SecretStr | None = None
    bin_dir: AbsolutePath | None = None
    pool_size: Annotated[int, Field(ge=2, le=64)] = 6


class Sessions(Section):
    """How WhatsApp sessions are opened, watched and retried."""

    stagger_seconds: Annotated[float, Field(ge=0)] = 0.25
    resume_seconds: Positive = 15
    watch_seconds: Positive = 300
    retry_first_seconds: Positive = 2
    retry_max_seconds: Positive = 300
    retry_replaced_seconds: Annotated[float, Field(ge=30)] = 30
    retry_refused_seconds: Annotated[float, Field(ge=3600)] = 3600


class Governor(Section):
    """How fast an account may send, so that WhatsApp does not take it for a spammer."""

    enabled: bool = True
    messages_per_minute: Positive = 12
    burst: Annotated[int, Field(ge=1)] = 6
    spacing_min_seconds: Annotated[float, Field(ge=0)] = 1
    spacing_max_seconds: Annotated[float, Field(ge=0)] = 4
    fresh_days: Annotated[float, Field(ge=0)] = 7
    fresh_messages_per_minute: Positive = 4
    hold_seconds: Positive = 3600


class Delivery(Section):
    """How late is too late, and how failures are retried within that time."""

    grace_seconds: Annotated[int, Field(ge=0)] = 600
    alarm_seconds: Annotated[int, Field(ge=1)] = 900
    retry_first_seconds: Positive = 5
    retry_max_seconds: Positive = 120
    keep_days: Annotated[int, Field(ge=1)] = 90
    media_megabytes: Annotated[int, Field(ge=0)] = 1024


class Quiet(Section):
    """When nothing leaves, on the local clock of each reminder that says nothing of its own."""

    hours: Annotated[QuietHours | None, BeforeValidator(_quiet), PlainSerializer(_written)] = None


class Hooks(Section):
    """The programs that are told of events: their names and arguments, and of which events."""

    attention: Command = ()
    events: Command = ()
    types: EventTypes = ("*",)


class Cluster(Section):
    """Several machines on one database, which share the accounts out; each has its own lease."""

    name: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    lease_seconds: Annotated[float, Field(ge=4, le=300)] = 8


class Settings(BaseSettings):
    """All settings; `database.url` is a secret."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
    )

    state_dir: AbsolutePath = Field(default_factory=paths.state_dir)
    socket: AbsolutePath = Field(
        default_factory=lambda values: paths.daemon_socket(values["state_dir"])
    )
    socket_group: str = "waremind-operators"
    socket_read_group: str = ""
    default_tz: Zone = None
    mention_all: MentionAll = "members"
    log_format: Literal["auto", "text", "journal", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    database: Database = Database()
    sessions: Sessions = Sessions()
    governor: Governor = Governor()
    delivery: Delivery = Delivery()
    quiet: Quiet = Quiet()
    hooks: Hooks = Hooks()
    cluster: Cluster = Cluster()


def known_keys(model: type[BaseModel] = Settings, above: str = "") -> Iterator[str]:
    """Name every setting, dotted."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from known_keys(kind, f"{name}.")
        else:
            yield above + name


def differing(one: Settings, other: Settings) -> list[str]:
    """Name the settings, dotted, that are not the same in both."""
    return [key for key in known_keys() if attrgetter(key)(one) != attrgetter(key)(other)]
