"""Images and documents: handed over, kept once, uploaded by the real engine, saved."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import struct
import zlib
from pathlib import Path

from command import run
from daemon_process import until
from delivery.conftest import Staging
from delivery.stage import Stage, moment

from waremind.objects import MediaFile, MediaKind
from waremind.requests.reminder import ReminderAdd, ReminderEdit
from waremind.requests.run import ReminderRun, RunRevoke

MIB = 1 << 20


def png(width: int, height: int, padding: int = 0) -> bytes:
    """Make a picture; its last chunk is as long as the test wants."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    rows = b"".join(b"\0" + b"\x20\x60\xa0" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"noIs", os.urandom(padding)) + chunk(b"IEND", b"")


def keep(stage: Stage, content: bytes, name: str, kind: MediaKind) -> MediaFile:
    """Hand a file over, with a reminder that is due later."""
    file = MediaFile(kind=kind, name=name, sha256=hashlib.sha256(content).hexdigest())
    later = ReminderAdd(
        name=f"of {stage.label}",
        account=stage.label,
        to=stage.groups,
        text="",
        at=moment(days=1),
        media=file,
    )
    with stage.daemon.client() as client:
        client.upload(io.BytesIO(content), file.sha256 or "", len(content))
        client.call(later)
    return file


def kept(stage: Stage, content: bytes) -> list[tuple[int, int]]:
    """Read how large a content is as it is kept, and in how many pieces."""
    return stage.sql(
        "SELECT sum(length(p.content))::int, count(*)::int FROM media m"
        " JOIN media_pieces p ON p.media_id = m.id WHERE m.id = %s GROUP BY m.id",
        hashlib.sha256(content).hexdigest(),
    )


def test_the_phones_of_all_groups_save_an_image_byte_for_byte(
    staging: Staging, tmp_path: Path
) -> None:
    stage = staging(2)
    content = png(320, 200, padding=MIB)
    picture = tmp_path / "board.png"
    picture.write_bytes(content)
    to = [word for jid in stage.groups for word in ("--to", jid)]
    command = ["send", "--account", stage.label, *to, "--image", str(picture), "--text", "Today"]
    ended = run("--json", *command, environment=stage.daemon.environment)
    assert ended.code == 0, ended
    first, second = stage.messages()
    for message in (first, second):
        assert (message.kind, message.text) == ("imageMessage", "Today")
        assert message.media is not None
        assert (message.media.mime, message.media.size) == ("image/png", len(content))
        assert message.media.thumbnail
        assert stage.whatsapp.file(message) == content
    assert first.media is not None
    assert second.media is not None
    assert first.media.path == second.media.path  # it was uploaded once
    assert kept(stage, content) == [(len(content), 3)]


def test_a_document_keeps_its_name_and_goes_with_its_reminder(staging: Staging) -> None:
    stage = staging(1)
    content = os.urandom(10_000)
    file = keep(stage, content, "Plan B.pdf", "document")
    assert stage.send("", media=file).status == "sent"  # it is not handed over again
    made = stage.remind(at=moment(days=1), text="with *words*", media=file)
    assert made.media == file
    run = stage.daemon.call(ReminderRun(reminder=made.id)).run
    assert run is not None
    assert (run.status, run.media) == ("sent", file)
    bare, captioned = stage.messages()
    assert (bare.kind, bare.text) == ("documentMessage", "")
    assert (captioned.kind, captioned.text) == ("documentWithCaptionMessage", "with *words*")
    for message in (bare, captioned):
        assert message.media is not None
        assert (message.media.file_name, message.media.mime) == (file.name, "application/pdf")
        assert stage.whatsapp.file(message) == content
    stage.daemon.call(ReminderEdit(reminder=made.id, media=None))
    stage.daemon.call(ReminderRun(reminder=made.id))
    assert stage.messages()[-1].media is None
    revoked = stage.daemon.call(RunRevoke(run=run.id)).run
    assert revoked is not None
    assert revoked.status == "revoked"
    assert stage.messages()[1].deleted


def test_what_cannot_be_uploaded_was_not_sent_and_is_tried_again(staging: Staging) -> None:
    stage = staging(1)
    content = png(10, 10)
    file = keep(stage, content, "a.png", "image")
    with stage.behaving(upload_status=500):
        stage.send("", media=file, wait=False)
        until(lambda: stage.deliveries()[0].attempts > 2, "a third attempt")
    assert stage.settled() == {"sent": 1}
    (message,) = stage.messages()
    assert stage.whatsapp.file(message) == content


def test_what_is_never_uploaded_has_failed_when_the_grace_has_ended(staging: Staging) -> None:
    stage = staging(1)
    file = keep(stage, png(11, 11), "a.png", "image")
    with stage.behaving(media_conn_error=503):
        stage.remind(text="", media=file, grace_seconds=2)
        assert stage.settled() == {"failed": 1}
    run = stage.run()
    assert run.reason == "not_uploaded"
    assert "media connections" in (run.reason_text or "")
    assert not stage.messages()


def test_who_dies_or_stops_in_an_upload_has_sent_nothing_and_sends_it_once_later(
    alone: Staging,
) -> None:
    stage = alone(1)
    content = png(12, 12)
    file = keep(stage, content, "a.png", "image")
    stage.behave(upload_delay=3)
    stage.send("", media=file, wait=False)
    stage.has("sending")
    stage.daemon.signal_child(stage.wait("connected").id, signal.SIGKILL)
    stage.has("scheduled")
    stage.wait("connected")
    stage.has("sending")
    assert stage.daemon.stop() == 0
    assert stage.sql("SELECT status FROM deliveries") == [("scheduled",)]
    stage.behave(upload_delay=0)
    stage.daemon.start()
    assert stage.settled() == {"sent": 1}
    (message,) = stage.messages()
    assert stage.whatsapp.file(message) == content
