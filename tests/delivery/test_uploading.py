"""What an upload does to its message, also in a freeze, and when a content is collected."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from delivery.clockwork import NOTHING, START, Engine, engine

from waremind.objects import MediaFile
from waremind.requests.upload import Upload
from waremind.store import media
from waremind.whatsapp.gateway import Media

pytestmark = pytest.mark.anyio

CONTENT = b"%PDF-1.7\n"
FILE = MediaFile(kind="document", name="a.pdf", sha256=hashlib.sha256(CONTENT).hexdigest())
SOON = START + timedelta(minutes=1)
DAY = timedelta(days=1)


async def add(playing: Engine, name: str) -> None:
    """Add a reminder with a document, due soon."""
    asked = Upload(sha256=FILE.sha256 or "", size=len(CONTENT), data=CONTENT)
    if not NOTHING.whole(FILE.sha256 or ""):
        await NOTHING.add(asked)
    await playing.add(name, at=SOON.isoformat(), media=FILE)


async def test_a_file_goes_with_its_text(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        await add(playing, "monthly")
        await playing.pass_to(SOON)
        (session,) = playing.gateway.sessions
        assert list(session.uploaded.values()) == [CONTENT]
        assert [one.media for one in session.sent] == [
            Media("document", FILE.sha256 or "", len(CONTENT), "application/pdf", "a.pdf")
        ]


@asynccontextmanager
async def uploading(playing: Engine) -> AsyncIterator[None]:
    """Let something happen while the file of a message is being uploaded."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def upload(_media: Media) -> None:
        begun.set()
        await go_on.wait()

    playing.gateway.whatsapp.answer_upload = upload
    await add(playing, "monthly")
    playing.clock.pass_to(SOON)
    await begun.wait()
    yield
    go_on.set()
    await playing.at_rest()


async def test_a_freeze_in_an_upload_lets_nothing_leave(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        async with uploading(playing):
            await playing.freeze()
        assert await playing.became("monthly") == [("held", "frozen", 1)]
        assert not playing.sent
        assert await playing.thaw("once") == 1
        await playing.at_rest()
        assert [seen.text for seen in playing.sent] == ["monthly"]


async def test_what_is_deleted_in_an_upload_does_not_leave(dsn: str, tmp_path: Path) -> None:
    async with engine(dsn, tmp_path) as playing:
        async with uploading(playing):
            await playing.delete("monthly")
        await playing.add("next", at=(SOON + timedelta(minutes=1)).isoformat())
        await playing.pass_to(SOON + timedelta(minutes=1))
        assert [seen.text for seen in playing.sent] == ["next"]


async def test_a_content_is_collected_when_all_is_sent_that_had_it(
    dsn: str, tmp_path: Path
) -> None:
    async def collected(playing: Engine) -> int:
        async with playing.daemon.database.transaction() as connection:
            return await media.collect(connection, playing.clock.now() + DAY)

    async with engine(dsn, tmp_path) as playing:
        await add(playing, "monthly")
        await playing.freeze()
        await playing.pass_to(SOON)
        await playing.sql("UPDATE reminders SET media = NULL, media_kind = NULL, media_name = NULL")
        assert await collected(playing) == 0  # what is held can still be sent
        await playing.sql("UPDATE deliveries SET status = 'scheduled', reason = NULL")
        await playing.sql("UPDATE deliveries SET status = 'failed', reason = 'late'")
        assert await collected(playing) == 1
        told = await playing.sql("SELECT media, media_kind, media_name FROM runs")
        assert told == [(None, "document", "a.pdf")]
        assert await playing.sql("SELECT 1 FROM media_pieces") == []
