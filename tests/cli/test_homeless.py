"""A user without a home directory: a service's or a container's, whom passwd does not know."""

from __future__ import annotations

import json
import subprocess

import pytest
from command import PROGRAM
from system.somebody import somebody_else

pytestmark = somebody_else

UNKNOWN = ("setpriv", "--reuid=54321", "--regid=54321", "--clear-groups")


def typed(*words: str, **variables: str) -> tuple[int, dict[str, str]]:
    """Type a command line; returns the exit code and the error."""
    ended = subprocess.run(
        [*UNKNOWN, PROGRAM, *words, "--json"], env=variables, capture_output=True, check=False
    )
    return ended.returncode, json.loads(ended.stderr)["error"] if ended.stderr else {}


@pytest.mark.parametrize(("command", "code"), [("status", 2), ("config check", 2), ("daemon", 78)])
def test_where_there_is_no_home_the_cure_is_to_set_one(command: str, code: int) -> None:
    ended, error = typed(*command.split())
    assert (ended, error["code"]) == (code, "invalid_input")
    assert error["message"] == "cannot tell where your files are: there is no home directory"
    assert error["hint"] == "set HOME, or name the places: WAREMIND_SOCKET, WAREMIND_STATE_DIR"


def test_who_names_the_places_needs_no_home() -> None:
    assert typed("config", "check", WAREMIND_STATE_DIR="/s", WAREMIND_SOCKET="/s/w") == (0, {})
