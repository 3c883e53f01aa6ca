"""What reads text, in this process: nothing but its own error ever escapes, and it is quick."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from campaigns.fuzz.requests import ACCENTS, RULES, TIMES, ZONES
from campaigns.fuzz.stage import Stage
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from waremind import protocol
from waremind.config import load
from waremind.daemon.accounts.pairing import phone_digits
from waremind.daemon.api.arguments import parse_since
from waremind.daemon.reminders.content import valid_text
from waremind.domain.duration import parse_duration
from waremind.domain.ids import valid_name
from waremind.domain.rule_text import PARTS, REFUSED_PARTS, parse_rule
from waremind.domain.wall_time import choose_zone, parse_instant, parse_local
from waremind.errors import WaremindError
from waremind.requests.daemon import Status

EXAMPLES = 100
LONG_SECONDS = 0.5  # for a megabyte
SENTENCE = 1_200  # characters of what is wrong; a rule's own text may be 1,000
UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def _configuration(text: str) -> None:
    """Read a config.toml, with a setting of the command line over it."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
        file.write(text.encode(errors="replace").decode())
        file.flush()
        load(Path(file.name), {"database": {"pool_size": 4}})


def _line(text: str) -> None:
    protocol.decode_call(text.encode(errors="surrogatepass"))


def _answer(text: str) -> None:
    protocol.decode_answer(text.encode(errors="surrogatepass"), Status())


# Each reader, and pieces of what it can read.
READERS: dict[str, tuple[Callable[[str], object], tuple[str, ...]]] = {
    "rules": (
        parse_rule,
        (*RULES, *PARTS, *REFUSED_PARTS, "RRULE:", "=", ";", ",", "-1", "MO", "+5FR", "20311231T"),
    ),
    "durations": (lambda t: parse_duration(t, flag="--grace"), ("1", "9" * 11, *"dhms", "1h30m")),
    "--at": (lambda t: parse_instant(t, UTC_ZONE), (*TIMES, "T", "Z", "+", ":60", "24:00")),
    "--start": (parse_local, (*TIMES, "-", ":", "٣")),
    "--since": (lambda t: parse_since(t, NOW), (*TIMES, "1d", "T", "t")),
    "--tz": (lambda t: choose_zone(t, None), (*ZONES, "/", "..", "Europe", "\0")),
    "names": (lambda t: valid_name(t, "a reminder"), ("acc_", "-", " ", "7", "\u0300", "\u202e")),
    "texts": (valid_text, ("\r\n", "\r", " ", "x" * 4096, "\u2028")),
    "--phone": (phone_digits, ("+", "49", "0", "(", " ", "1511234567", "٣")),
    "config.toml": (
        _configuration,
        (
            *('state_dir = "', "~x/y", '"', "\n", "[database]\n", "[governor]\n", "url = 1\n"),
            *("database = 5\n", "[[delivery]]\n", "socket = ", "{}", "[" * 3000, "a.b.c = 1\n"),
            *('socket = "~nobody-at-all/x"\n', "burst = 1e999\n", "burst = nan\n", '"\\u0000"'),
            *('default_tz = "../x"\n', "pool_size = 99999999999999999999\n", "[sessions"),
        ),
    ),
    "requests": (
        _line,
        (
            *(
                '{"jsonrpc": "2.0", "id": 1, "method": "status"',
                "}",
                ', "params": {',
                '"x": 1',
                "[" * 2000,
            ),
            *('{"jsonrpc"', ': "2.0"', '"id": ', "1e400", "-0", '"\\u0000"', '"\\ud800"', "\ud800"),
        ),
    ),
    "answers": (
        _answer,
        (
            *('{"jsonrpc": "2.0", "id": 1, ', '"result": ', "{}", "}", '"error": {"code": 1, '),
            *('"message": "x", "data": {}}', '"params": ', "[" * 2000, "null", "-1", '"x"'),
        ),
    ),
}
LONG = (
    "x" * (1 << 20),
    " " * (1 << 20),
    "9" * (1 << 20),
    "\\" * (1 << 20),
    "[" * (1 << 20),
    "\\u0000" * 170_000,
    "FREQ=DAILY;" * 95_000,
    "1d" * 500_000,
    '{"jsonrpc": "2.0", "id": 1, "method": "' + "x" * (1 << 20) + '"}',
    '{"jsonrpc": "2.0", "id": 1, "method": "status", "params": {"' + "\\\\" * 500_000 + '": 1}}',
    ACCENTS,
)


def round_(_stage: Stage, chance: Random) -> Counter[str]:
    """Have each reader read what is almost right, and one of them a megabyte."""
    for read, pieces in READERS.values():
        _try(read, pieces, chance.randrange(1 << 32))
    what = chance.choice([name for name in READERS if name != "config.toml"])
    for text in LONG:
        begin = time.process_time()
        said = _said(READERS[what][0], text)
        seconds = time.process_time() - begin
        assert seconds < LONG_SECONDS, f"{seconds:.1f} s for {what}: {text[:60]!r}…"
        assert len(said) < SENTENCE, f"{len(said)} characters about {what}: {text[:60]!r}…"
    return Counter({"texts read": EXAMPLES * len(READERS), "megabytes read": len(LONG)})


def _try(read: Callable[[str], object], pieces: tuple[str, ...], number: int) -> None:
    """Read random texts, and random pieces of sound ones; a failure is shrunk."""
    piece = st.sampled_from(pieces) | st.text(max_size=3)

    @seed(number)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(piece, max_size=6).map("".join) | st.text())
    def examine(text: str) -> None:
        assert len(_said(read, text)) < SENTENCE

    examine()


def _said(read: Callable[[str], object], text: str) -> str:
    """Read it; returns the refusal, if it is one."""
    try:
        read(text)
    except WaremindError as refused:
        return refused.message + refused.hint
    except protocol.BadCallError as refused:
        return refused.failure.message + refused.failure.hint
    return ""
