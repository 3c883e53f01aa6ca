"""Requests of every method: each field sound, odd, of another type, or not there."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import msgspec
from campaigns.fuzz.stage import SPARE, VICTIM, Stage

from waremind.requests.methods import REQUESTS

# Whatever they say, these stop or start the messages of all when no account is named.
FOR_ALL = {"freeze", "thaw"}
# The doctor loads an engine each time it is asked.
WEIGHTS = [0.05 if method == "doctor" else 1 for method in REQUESTS]
RULES = (
    "FREQ=DAILY",
    "FREQ=WEEKLY;BYDAY=MO,FR;COUNT=3",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=MINUTELY;INTERVAL=999999;BYMONTH=2;BYMONTHDAY=-29;BYHOUR=3;BYMINUTE=59;BYSETPOS=366",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=YEARLY;BYHOUR=0,1,2,3,4,5,6,7;BYMINUTE=0,1,2,3,4,5,6;BYSECOND=0,1,2,3;BYSETPOS=-1",
    "FREQ=HOURLY;BYYEARDAY=366",
    "FREQ=MONTHLY;BYDAY=5MO;UNTIL=20371231T235959Z",
    "FREQ=SECONDLY",
)
TIMES = (
    "2031-12-01T09:00",
    "2031-12-01T09:00:00Z",
    "2031-03-30T02:30:00+01:00",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2031-02-30T09:00",
    "1d",
    "9999999999d",
    "90m",
)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "Mars/Olympus",
    "posixrules",
)
FILE = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of "abc"
ACCENTS = "a" + "\u0334\u0300\u0315" * 50_000
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1 << 31,
    1 << 63,
    -(1 << 200),
    10**400,
    1e308,
    float("nan"),
    float("-inf"),
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "\x1b[2J\x07",
    "\u202e\u2066",
    "'; DROP TABLE accounts; --",
    "%s%n{0}$(id)`id`",
    "../../../etc/passwd",
    "acc_0123456789ab",
    "x" * 1_000,
    "x" * 1_000_000,
    ACCENTS,
    "💣" * 100_000,
    [],
    {},
    [[[[[[[[]]]]]]]],
    {"a": {"b": [1]}},
    ["x"] * 10_000,
    [f"{10_000 + n}@g.us" for n in range(40_000)],
)


def sound(chance: Random, stage: Stage, method: str, name: str) -> Any:
    """Make a value as an operator may send it; it never concerns the good account."""
    accounts = [SPARE] if method.startswith("account.") else [SPARE, VICTIM, VICTIM]
    values: dict[str, list[Any]] = {
        "account": accounts,
        "label": [SPARE, "ops", f"new {chance.randrange(9)}"],
        "to": [[stage.victim_group], ["victim group"], ["12345@g.us", stage.victim_group]],
        "group": [stage.victim_group, "victim group"],
        "reminder": [f"bad {chance.randrange(9)}"],
        "name": [f"bad {chance.randrange(9)}"],
        "text": ["a text", "x" * 4096, "\u0334" * 4096],
        "media": [{"kind": "document", "name": "a", "sha256": FILE}, None],
        "mention": [["+628110000009"], ["{turn}", "12345@lid"], []],
        "sha256": [FILE, "0" * 64],
        "size": [1, 3, 1 << 20, 1 << 30],
        "offset": [0, 1, 3],
        "data": ["", "YQ==", "YWJj", "A" * 600_000],
        "rrule": list(RULES),
        "at": list(TIMES),
        "start": list(TIMES),
        "from": list(TIMES),
        "since": list(TIMES),
        "tz": list(ZONES),
        "misfire": ["skip", "once", "all"],
        "held": ["skip", "once", "all"],
        "outcome": ["sent", "failed"],
        "status": ["unpaired", "sent", "held"],
        "state": ["active", "paused"],
        "count": [1, 10, 1_000],
        "limit": [0, 1, 1_000_000],
        "grace_seconds": [0, 600],
        "timeout_seconds": [1, 1.5],
        "phone": ["+628110000009", "0"],
        "expect": ["+628110000009", "0"],
        "run": ["run_0123456789ab"],
        "key": ["a key", f"key {chance.randrange(99)}"],
        "reason": ["maintenance"],
        "search": ["group"],
    }
    return chance.choice(values.get(name, [False, True]))


def request(chance: Random, stage: Stage) -> bytes:
    """Write a request; most have something wrong with them."""
    method = chance.choices(list(REQUESTS), WEIGHTS)[0]
    fields = msgspec.structs.fields(REQUESTS[method])
    params = {
        field.encode_name: sound(chance, stage, method, field.encode_name)
        for field in fields
        if field.required or chance.random() < 0.4
    }
    spoilt = [field.encode_name for field in fields] + ["unknown", "_", "", "__class__", "\ud800"]
    for name in chance.sample(spoilt, min(len(spoilt), chance.choice([0, 0, 1, 1, 2]))):
        if chance.random() < 0.2:
            params.pop(name, None)
        else:
            params[name] = chance.choice(ODD)
    whole: dict[str, Any] = {"jsonrpc": "2.0", "id": chance.randrange(9), "method": method}
    whole["params"] = _tamed(method, params)
    if chance.random() < 0.05 and method not in FOR_ALL:
        whole[chance.choice(["jsonrpc", "id", "method", "params", "more"])] = chance.choice(
            ODD[:20]
        )
    return json.dumps(whole, ensure_ascii=chance.random() < 0.5).encode(errors="surrogatepass")


def _tamed(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """Keep it from concerning all, from following, and from waiting in earnest too often."""
    if method in FOR_ALL and params.get("account") is None:
        params["account"] = SPARE
    if params.get("follow") is True:  # which is never answered; sockets.py has followers
        params["follow"] = False
    if params.get("wait") in [None, True]:
        params.pop("wait", None)
    if any(field.name == "wait" for field in msgspec.structs.fields(REQUESTS[method])):
        params.setdefault("wait", False)
    return params


def harmless(chance: Random, stage: Stage) -> bytes:
    """Write a request that means well whatever is missing of it."""
    method = chance.choice(["account.list", "reminder.list", "run.list", "status", "group.list"])
    fields = [field.encode_name for field in msgspec.structs.fields(REQUESTS[method])]
    params = {name: sound(chance, stage, method, name) for name in fields if chance.random() < 0.5}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
