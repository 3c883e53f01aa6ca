"""Runs in a child in place of neonize: says to its parent what no child should.

`rubbish` is not even lines of the protocol. `late` speaks for other sessions, then goes on as if
nothing had been. `odd` says of its own session what is well-formed and makes no sense. `liar` says
that it is connected, and answers whatever it is asked with nonsense.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from campaigns.fuzz.bytes import bent, rubbish

from waremind.domain.lifecycle import REPORTS, Cause

LINES = 200
SOUND_TIMES = ("2026-12-01T09:00:00Z", "1970-01-01T00:00:00Z")
TIMES = (
    *SOUND_TIMES,
    *["2026-12-01T09:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"],
)
SOUND_JIDS = ("12345@g.us", "x" * 9_000 + "@g.us")
TEXTS = ("", "x", "a\0b", "\x1b[2J", "x" * 9_000, "a" + "\u0334\u0300\u0315" * 5_000, *SOUND_JIDS)
OTHER = (None, -1, 1 << 62, True, [], {}, "x")


def be(mood: str, session: int, seed: int) -> None:
    """Be in that mood; only `late` returns."""
    chance, parent = Random(seed), _parent()
    said = {"rubbish": _rubbish, "late": _late, "odd": _odd, "liar": _liar}[mood](session, chance)
    with suppress(OSError):  # it hangs up at the first rubbish
        parent.sendall(said)
    Path("told").write_bytes(said)
    if mood == "liar":
        _answer(parent, chance)
    while mood != "late":
        time.sleep(1)


def _parent() -> socket.socket:
    """Find our end of the parent's socketpair."""
    found = next(fd for fd in range(3, 99) if _is_socket(fd))
    return socket.socket(fileno=os.dup(found))


def _is_socket(descriptor: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False


def _line(said: object) -> bytes:
    return json.dumps(said).encode() + b"\n"


def _rubbish(session: int, chance: Random) -> bytes:
    sound = b"".join(_line(_report(session, chance, sorted(REPORTS))) for _ in range(3))
    return chance.choice(
        [
            rubbish(chance, 500) + b"\n",
            b"x" * (3 << 20),
            bent(chance, sound[:-1]) + b"\n{}\n",
            b"[" * 500_000 + b"\n",
            _line({"type": "LifeReport", "session": session, "cause": "conquered"}),
            _line({"type": "LifeReport", "cause": "connected"}),
            b"\n",
        ]
    )


def _late(session: int, chance: Random) -> bytes:
    others = [0, -1, session - 1, session + 1, session + 99, 1 << 62, -(1 << 62)]
    causes = sorted(REPORTS)
    sound = {"times": SOUND_TIMES, "jids": SOUND_JIDS}
    reports = (_report(chance.choice(others), chance, causes, **sound) for _ in range(LINES))
    return b"".join(map(_line, reports))


def _odd(session: int, chance: Random) -> bytes:
    causes = [Cause.CONNECTED, Cause.CONNECTED, Cause.DISCONNECTED, chance.choice(sorted(Cause))]
    return b"".join(_line(_report(session, chance, causes)) for _ in range(LINES))


def _liar(session: int, _chance: Random) -> bytes:
    return _line({"type": "LifeReport", "session": session, "cause": "connected"})


def _report(
    session: int,
    chance: Random,
    causes: list[Cause],
    *,
    times: tuple[str, ...] = TIMES,
    jids: tuple[str, ...] = TEXTS,
) -> dict[str, Any]:
    """Make a report of any kind, of texts and times that no child has."""
    text, at = chance.choice(TEXTS), chance.choice(times)
    group = {
        "jid": chance.choice(jids),
        "name": chance.choice(TEXTS),
        "announce_only": True,
        "admin": False,
    }
    group["members"] = [{"lid": chance.choice(TEXTS)} for _ in range(chance.randrange(3))]
    identity = {"jid": text, "phone": chance.choice(TEXTS), "lid": None, "push_name": text}
    kinds: dict[str, dict[str, Any]] = {
        "LifeReport": {"cause": chance.choice(causes), "detail": text, "until": at},
        "Code": {"kind": "qr", "code": text, "expires_at": at},
        "GroupChanged": {"group": group},
        "GroupStale": {"jid": text},
        "GroupLeft": {"jid": text},
        "Receipt": {"kind": "read", "message_ids": [text], "participant": text, "at": at},
        "PhoneSeen": {"at": at},
    }
    kind = chance.choice(list(kinds))
    if chance.random() < 0.3:
        kinds["LifeReport"]["identity"] = identity
    return {"type": kind, "session": session, **kinds[kind]}


def _answer(parent: socket.socket, chance: Random) -> None:
    """Answer all that is asked, but not as it was asked."""
    with parent.makefile("rb") as lines:
        for line in lines:
            asked = json.loads(line)
            parent.sendall(b"".join(map(_line, _answers(asked, chance))))
    os._exit(0)


def _answers(asked: dict[str, Any], chance: Random) -> list[dict[str, Any]]:
    number, kind = asked["id"], asked["request"]["type"]
    done = {"type": "Done", "id": number}
    sent = {"type": "Sent", "message_id": chance.choice(TEXTS)}
    if kind == "Ping":
        return [done]
    if kind == "Send" and chance.random() < 0.5:
        return [{"type": "Answer", "id": number, "result": sent}, done]
    group = {"jid": chance.choice(TEXTS), "name": "\0", "announce_only": False, "admin": False}
    results = [sent, group, {"type": "SendRefused", "code": 1 << 40, "detail": "x"}, *OTHER]
    answers = [{"type": "Answer", "id": number, "result": chance.choice(results)}]
    failed = {
        "type": "Failed",
        "id": number,
        "code": chance.choice(["refused", "not_connected"]),
        "message": chance.choice(TEXTS),
    }
    return chance.choice(
        [
            [done],
            [done, done],
            [*answers, done],
            [*answers, *answers, done],
            [failed],
            [failed, done, *answers],
            [{"type": "Answer", "id": number, "result": sent}, done],
            [{"type": "Answer", "id": number, "result": group}, done],
            [{"type": "Done", "id": number + 1}, {"type": "Done", "id": -1}, done],
        ]
    )
