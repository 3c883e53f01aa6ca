"""What may be typed after `waremind`: every command, with options and values in any disorder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from random import Random
from typing import Any

from campaigns.fuzz.requests import RULES, TIMES, ZONES
from campaigns.fuzz.stage import SPARE, VICTIM, Stage

from waremind.cli.app import _Root
from waremind.errors import ErrorCode

LINES = 20
CODES = set(range(11))
SAYS_NO_ERROR = {0, 3, 10}
# What would start a daemon, or install one.
NEVER = {"daemon", "systemd"}
FOR_ALL = {"freeze", "thaw"}
SHARED = (
    "--json",
    "--quiet",
    "--socket",
    "--debug",
    "--help",
    "-h",
    "--version",
    "--",
    "-",
    "--jso",
)
PLAIN = (
    SPARE,
    VICTIM,
    "victim group",
    "bad 1",
    "12345@g.us",
    "run_0123456789ab",
    "a text",
    "a,b=c",
)
HOSTILE = (
    "",
    " ",
    "-1",
    "9" * 30,
    "1e9",
    "nan",
    "\udcff",
    "é" * 99,
    "x" * 9_000,
    "\x1b[2J",
    "--x",
    "%s",
)
VALUES = (*PLAIN, *PLAIN, *RULES, *TIMES, *ZONES, *HOSTILE, "10m", "1", "+628110000009", "sent")
FITTING: dict[str, tuple[str, ...]] = {
    "account": (SPARE, VICTIM),
    "label": (SPARE, "new"),
    "new": (SPARE, "new"),
    "to": ("victim group",),
    "group": ("victim group",),
    "name": ("bad 1", "bad 2"),
    "reminder": ("bad 1", "bad 2"),
    "rrule": RULES,
    "at": TIMES,
    "start": TIMES,
    "from_": TIMES,
    "tz": ZONES,
    "limit": ("0", "7"),
    "count": ("1", "1000"),
    "timeout": ("1s", "0.5s"),
    "grace": ("10m",),
    "since": ("1d", "2026-01-01T00:00:00Z"),
}


def round_(stage: Stage, chance: Random) -> Counter[str]:
    """Type some lines, and look at what each one left."""
    counts = Counter[str]()
    with _typist(stage) as typist:
        for _ in range(LINES):
            arguments = _arguments(chance)
            typist.stdin.write(json.dumps(arguments).encode() + b"\n")
            typist.stdin.flush()
            left = json.loads(typist.stdout.readline())
            _judge(arguments, **left)
            counts[f"exit {left['code']}"] += 1
    stage.sweep()
    return counts


@contextmanager
def _typist(stage: Stage) -> Iterator[Any]:
    """Have a process at hand that can be `waremind` many times, without its imports."""
    environment = stage.daemon.environment | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-m", "campaigns.fuzz.typist"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        cwd=stage.directory,
    ) as typist:
        yield typist


@cache
def _commands() -> dict[tuple[str, ...], list[Any]]:
    """List each command with its parameters."""
    found: dict[tuple[str, ...], list[Any]] = {}
    for noun, command in _Root().items():
        verbs: dict[str, Any] = getattr(command, "commands", {"": command})
        for verb, each in verbs.items():
            if noun not in NEVER:
                found[(noun, *filter(None, [verb]))] = each.params
    return found


def _arguments(chance: Random) -> list[str]:
    """Type a command with some of what it takes, and some of what it does not."""
    command = chance.choice(list(_commands()))
    rest: list[str] = []
    for parameter in _commands()[command]:
        if parameter.name == "follow":  # which has no end
            continue
        needed = parameter.required or parameter.param_type_name == "argument"
        if chance.random() < (0.9 if needed else 0.3):
            rest += _given(chance, parameter)
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        rest.insert(chance.randrange(len(rest) + 1), chance.choice((*SHARED, *VALUES)))
    if command[0] == "account":  # the other parts need the victim
        rest = [SPARE if word == VICTIM else word for word in rest]
    before = [chance.choice(SHARED)] * (chance.random() < 0.1)
    after = [*command, *["--check"] * (command[0] in FOR_ALL), *_patience(command), *rest]
    return [*before, *["--json"] * (chance.random() < 0.5), *after]


def _given(chance: Random, parameter: Any) -> list[str]:
    """Give a parameter a value, which mostly fits."""
    fitting = getattr(parameter.type, "choices", None) or FITTING.get(parameter.name, PLAIN)
    value = chance.choice(fitting if chance.random() < 0.8 else VALUES)
    if parameter.param_type_name == "argument":
        return [value]
    option = chance.choice(parameter.opts)
    if parameter.is_flag:
        return [option]
    return [f"{option}={value}"] if chance.random() < 0.3 else [option, value]


def _patience(command: tuple[str, ...]) -> list[str]:
    """Wait for nothing, whatever follows."""
    takes = any("--no-wait" in parameter.opts for parameter in _commands()[command])
    return ["--no-wait"] if takes else []


def _judge(arguments: list[str], code: int, out: str, err: str) -> None:
    """Compare what a line has left with what the contract says of all of them."""
    said = f"waremind {arguments}: exit {code}\n{out[-2000:]}\n{err[-2000:]}"
    assert code in CODES, said
    assert "--debug" in arguments or "Traceback" not in err, said
    if "--json" not in arguments or {"-h", "--help", "--version"} & set(arguments):
        return
    if code not in SAYS_NO_ERROR and _is_flag(arguments):
        error = json.loads(err.splitlines()[-1])["error"]
        assert ErrorCode(error["code"]) is not ErrorCode.INTERNAL, said
        assert ErrorCode(error["code"]).exit_code == code, said
    if out and _is_flag(arguments):
        _check_json(out)


def _is_flag(arguments: list[str]) -> bool:
    """Tell whether `--json` is said where nothing can take it for a value."""
    return arguments[0] == "--json" or (
        arguments[0] in {"--quiet", "--debug"} and arguments[1] == "--json"
    )


def _check_json(out: str) -> None:
    try:
        json.loads(out)
    except ValueError:  # a stream
        for line in out.splitlines():
            json.loads(line)
