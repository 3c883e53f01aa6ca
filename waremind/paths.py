"""Where things lie when nobody says otherwise; shared by the daemon and the command line."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from waremind.errors import ErrorCode, WaremindError

SYSTEM_SOCKET = Path("/run/waremind/waremind.sock")
SYSTEM_STATE = Path("/var/lib/waremind")
SYSTEM_CONFIG = Path("/etc/waremind/config.toml")
SOCKET_PATH_LIMIT = 107  # bytes; sun_path of unix(7) less its terminating zero

Environment = Mapping[str, str]


def is_root() -> bool:
    """Tell whether we are root."""
    return os.geteuid() == 0


def _home(environment: Environment, variable: str, default: str) -> Path:
    # The XDG base directory specification: a relative path is to be ignored.
    given = Path(environment.get(variable, ""))
    if given.is_absolute():
        return given
    try:
        return Path.home() / default
    except RuntimeError:
        message = "cannot tell where your files are: there is no home directory"
        hint = "set HOME, or name the places: WAREMIND_SOCKET, WAREMIND_STATE_DIR"
        raise WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint) from None


def state_dir(environment: Environment = os.environ) -> Path:
    """Say where state lies: for root the system's place, else the user's.

    Raises WaremindError `invalid_input` for a user without a home directory.
    """
    if is_root():
        return SYSTEM_STATE
    return _home(environment, "XDG_STATE_HOME", ".local/state") / "waremind"


def config_files(environment: Environment = os.environ) -> list[Path]:
    """List the places of config.toml; the first that exists is read."""
    with suppress(WaremindError):  # who has no home has no file there
        user = _home(environment, "XDG_CONFIG_HOME", ".config") / "waremind/config.toml"
        return [SYSTEM_CONFIG, user]
    return [SYSTEM_CONFIG]


def user_socket(environment: Environment = os.environ, state: Path | None = None) -> Path:
    """Say where an unprivileged user's daemon listens."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / "waremind/waremind.sock"
    return (state or state_dir(environment)) / "waremind.sock"


def daemon_socket(state: Path, environment: Environment = os.environ) -> Path:
    """Say where a daemon with this state directory listens."""
    return SYSTEM_SOCKET if is_root() else user_socket(environment, state)


def read_socket(socket: Path) -> Path:
    """Say where the socket is that only lets look, beside the operators' own."""
    return socket.with_name(f"{socket.stem}-read{socket.suffix}")


def client_socket(given: str | None, environment: Environment = os.environ) -> Path:
    """Say where a client looks for the daemon: flag, environment, system, user."""
    if chosen := given or environment.get("WAREMIND_SOCKET"):
        return Path(chosen)
    # A socket that we may not even see (PermissionError) is there all the same.
    if is_root() or os.path.lexists(SYSTEM_SOCKET):
        return _permitted(SYSTEM_SOCKET)
    return user_socket(environment)


def _permitted(socket: Path) -> Path:
    """Choose the socket that only lets look for who may use that one alone."""
    looking = read_socket(socket)
    return looking if not os.access(socket, os.W_OK) and os.access(looking, os.W_OK) else socket
