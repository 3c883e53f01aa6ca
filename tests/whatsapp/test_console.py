"""What children print: a bounded log without secrets."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable

import pytest

from waremind.whatsapp.console import LINES, Console

pytestmark = pytest.mark.anyio


SUBJECT = {"account": "acc_1", "session": 7}


async def printed(*texts: bytes) -> None:
    """Print through a pipe, as a child does, and wait until all is read."""
    reader, writer = os.pipe()
    loop = asyncio.get_running_loop()
    with os.fdopen(reader, "rb", 0) as pipe:
        _, console = await loop.connect_read_pipe(lambda: Console(SUBJECT), pipe)
        await asyncio.to_thread(write_all, writer, texts)
        await console.closed


def write_all(writer: int, texts: Iterable[bytes]) -> None:
    with os.fdopen(writer, "wb", 0) as pipe:
        for text in texts:
            pipe.write(text)


@pytest.mark.parametrize(
    "secret",
    [
        "QR https://wa.me/settings/linked_devices#2@Ab,Cd,Ef",
        "Emitting QR code 2@RyZd0vNjUI8UjMfEfxbNpGHhWOCcSx4uIc4VZ8X5k7mOgeJT2CTG",
        "Pair Code:  ABCD-1234",
        "noise key g6OrzTBAZFdvlOVkGJ7efrGvp2oifgosBRYixixF4Gs=",
        "adv secret " + "0123456789abcdef" * 4,
    ],
)
async def test_a_line_with_a_secret_is_never_logged(
    secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    await printed(secret.encode() + b"\n", b"harmless\n")
    assert caplog.messages == ["printed: harmless"]


@pytest.mark.parametrize("noise", ["Press Ctrl+C to exit", "Login event: success", "", "  "])
async def test_what_the_library_always_prints_is_not_news(
    noise: str, caplog: pytest.LogCaptureFixture
) -> None:
    await printed(noise.encode() + b"\n")
    assert not caplog.records


async def test_a_crash_is_logged_line_by_line(caplog: pytest.LogCaptureFixture) -> None:
    crash = b"panic: runtime error\n\ngoroutine 1 [running]:\nmain.main()\n\t/go/src/main.go:7\n"
    await printed(crash[:30], crash[30:])
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 4


async def test_a_line_without_an_end_is_logged_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await printed(b"last ", b"words")
    (record,) = caplog.records
    assert (record.getMessage(), vars(record)["fields"]) == ("printed: last words", SUBJECT)


async def test_a_flood_is_cut_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    await printed(b"line\n" * (LINES + 500))
    assert len(caplog.messages) == LINES + 1
    assert caplog.messages[-1] == "printed 500 lines more"


async def test_an_endless_line_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    await printed(*[b"x" * 65536] * 64)
    assert len(caplog.text) < 3_000
