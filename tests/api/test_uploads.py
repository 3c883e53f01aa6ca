"""A file comes in pieces over the socket, for its connection alone, and is gone with it."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from daemon_process import DaemonProcess, environment

from waremind.daemon.system import uploads
from waremind.daemon.system.uploads import ConnectionUploads, UploadedFile, UploadRoom
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.upload import PIECE_BYTES, Upload

pytestmark = pytest.mark.anyio

CONTENT = os.urandom(PIECE_BYTES + 1_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
US, THEM = 1000, 1001


@pytest.fixture
def room(tmp_path: Path) -> UploadRoom:
    return UploadRoom(tmp_path)


@pytest.fixture
def ours(room: UploadRoom) -> Iterator[ConnectionUploads]:
    ours = ConnectionUploads(room, US)
    yield ours
    ours.close()


def piece(offset: int = 0, data: bytes = b"", sha256: str = DIGEST, size: int = 0) -> Upload:
    return Upload(sha256=sha256, size=size or len(CONTENT), offset=offset, data=data)


async def refused(ours: ConnectionUploads, asked: Upload) -> WaremindError:
    with pytest.raises(WaremindError) as refusal:
        await ours.add(asked)
    return refusal.value


async def test_what_came_in_pieces_is_read_as_it_was(ours: ConnectionUploads) -> None:
    assert await ours.add(piece()) == 0
    assert await ours.add(piece(0, CONTENT[:PIECE_BYTES])) == PIECE_BYTES
    assert ours.whole(DIGEST) is None
    assert await ours.add(piece(PIECE_BYTES, CONTENT[PIECE_BYTES:])) == len(CONTENT)
    file = ours.whole(DIGEST)
    assert file
    pieces = [each async for each in file.pieces()]
    assert (b"".join(pieces), len(pieces)) == (CONTENT, 2)
    assert ours.whole("0" * 64) is None


async def handed_over(ours: ConnectionUploads) -> UploadedFile:
    await ours.add(piece(0, CONTENT[:PIECE_BYTES]))
    await ours.add(piece(PIECE_BYTES, CONTENT[PIECE_BYTES:]))
    file = ours.whole(DIGEST)
    assert file
    return file


async def test_two_requests_that_read_a_file_at_once_read_it_as_it_was(
    ours: ConnectionUploads,
) -> None:
    file = await handed_over(ours)

    async def read() -> bytes:
        return b"".join([each async for each in file.pieces()])

    for _ in range(100):
        assert await asyncio.gather(read(), read()) == [CONTENT, CONTENT]


async def test_a_file_is_not_read_to_its_end_when_another_one_comes_meanwhile(
    ours: ConnectionUploads,
) -> None:
    reading = (await handed_over(ours)).pieces()
    await anext(reading)
    await ours.add(piece(sha256="0" * 64))
    with pytest.raises(WaremindError) as refusal:
        await anext(reading)
    assert refusal.value.code is ErrorCode.INVALID_INPUT


@pytest.mark.parametrize(
    ("asked", "reason", "cure"),
    [
        (piece(sha256="DEAD"), "'DEAD' is no SHA-256", "sha256sum"),
        (piece(size=uploads.LARGEST + 1), "67108865 bytes are not within", "at most 64 MiB"),
        (piece(size=-1), "-1 bytes are not within", "at most 64 MiB"),
        (piece(1, b"a"), "0 of 525288 bytes have been received", "what was received"),
        (piece(0, CONTENT, size=3), "0 of 3 bytes have been received", "what was received"),
        (piece(0, b"abc", size=3), "it is not what its SHA-256 says", "try again"),
    ],
)
async def test_what_makes_no_file_is_refused_with_its_cure(
    ours: ConnectionUploads, asked: Upload, reason: str, cure: str
) -> None:
    refusal = await refused(ours, asked)
    assert refusal.code is ErrorCode.INVALID_INPUT
    assert reason in refusal.message
    assert cure in refusal.hint


async def test_one_uid_fills_its_own_room_and_gives_it_back(
    room: UploadRoom, ours: ConnectionUploads
) -> None:
    await ours.add(piece(size=uploads.MOST_OF_ONE))
    more, theirs = ConnectionUploads(room, US), ConnectionUploads(room, THEM)
    assert (await refused(more, piece())).code is ErrorCode.BUSY
    assert await theirs.add(piece()) == 0
    other = piece(sha256="0" * 64, size=1_000)
    assert await ours.add(other) == 0  # in place of the large one
    assert await more.add(piece()) == 0
    for each in (ours, more, theirs):
        each.close()
    assert not room.taken


async def test_a_disk_without_room_is_told_as_such(tmp_path: Path) -> None:
    nowhere = ConnectionUploads(UploadRoom(tmp_path / "gone"), US)
    refusal = await refused(nowhere, piece())
    assert "No such file or directory" in refusal.message
    assert nowhere.whole(DIGEST) is None


def test_a_client_hands_a_file_over_and_another_client_has_not(dsn: str) -> None:
    with DaemonProcess(environment(None, dsn)) as daemon, daemon.client() as client:
        client.upload(io.BytesIO(CONTENT), DIGEST, len(CONTENT))
        asked = piece()
        assert client.call(asked).received == len(CONTENT)
        client.upload(io.BytesIO(), DIGEST, len(CONTENT))  # nothing is sent twice
        with daemon.client() as other:
            assert other.call(asked).received == 0
            with pytest.raises(WaremindError, match="has become shorter"):
                other.upload(io.BytesIO(CONTENT[:-1]), DIGEST, len(CONTENT))
        kept = [path for path in daemon.state.iterdir() if path.is_file()]
        assert not [path for path in kept if path.stat().st_size >= PIECE_BYTES]
