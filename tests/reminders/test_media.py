"""Images and documents as operators ask for them: kept once, shown, refused with a cure."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs
from postgres_fixtures import Postgres
from reminders.conftest import furnish
from reminders.running import Running, running
from reminders.samples import LATER, a_name, adding, setting

from waremind.domain.media import LARGEST
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import MediaFile, MediaKind
from waremind.requests.reminder import ReminderDelete, ReminderEdit
from waremind.requests.upload import Upload

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes.fromhex(
    "ffc2001108007b00c803012200021101031101ffd9"
)
PDF = b"%PDF-1.7\n"
ROOM_MIB = 17


@pytest.fixture(scope="module")
def small(postgres: Postgres, migrated_template: str) -> Iterator[Running]:
    """Give a daemon that has little room for media."""
    room = {"WAREMIND_DELIVERY__MEDIA_MEGABYTES": str(ROOM_MIB)}
    with postgres.database(migrated_template) as dsn, running(dsn, **room) as daemon:
        furnish(daemon)
        yield daemon


def handed(
    daemon: Running, content: bytes, name: str = "a.jpg", kind: MediaKind = "image"
) -> MediaFile:
    digest = hashlib.sha256(content).hexdigest()
    daemon.client.upload(io.BytesIO(content), digest, len(content))
    return MediaFile(kind=kind, name=name, sha256=digest)


def kept(daemon: Running) -> set[str]:
    return {id_ for (id_,) in daemon.sql("SELECT id FROM media")}


def refused(daemon: Running, **fields: object) -> WaremindError:
    with pytest.raises(WaremindError) as refusal:
        daemon.call(adding(**fields))
    return refusal.value


def test_an_image_is_kept_once_shown_as_it_was_asked_for_and_taken_away(small: Running) -> None:
    file = handed(small, JPEG)
    asked = setting(media=file, text=" \n")
    assert small.call(structs.replace(asked, check=True)).changed
    assert file.sha256 not in kept(small)
    made = small.call(asked).reminder
    assert (made.media, made.text) == (file, "")
    seen = "SELECT image_type, width, height FROM media WHERE id = %s"
    assert small.sql(seen, file.sha256) == [("image/jpeg", 200, 123)]
    assert not small.call(asked).changed
    other = MediaFile(kind="document", name="b.jpg", sha256=file.sha256)
    assert small.call(adding(media=other)).reminder.media == other
    edited = small.call(ReminderEdit(reminder=made.id, media=None, text="words"))
    assert edited.reminder.media is None
    with pytest.raises(WaremindError, match="cannot send this text: it is empty"):
        small.call(ReminderEdit(reminder=made.id, text=""))


def test_who_has_handed_over_nothing_may_name_what_is_kept(small: Running) -> None:
    file = handed(small, PDF, "a.pdf", "document")
    unknown = "cannot find the file 'a.pdf': it was not handed over"
    with small.process.client() as other:
        with pytest.raises(WaremindError, match=unknown):
            other.call(adding(media=file))
        small.call(adding(media=file))
        asked = Upload(sha256=file.sha256 or "", size=len(PDF))
        assert other.call(asked).received == len(PDF)
        assert other.call(adding(media=file)).changed


def test_what_cannot_be_sent_is_refused_with_its_cure(small: Running, tmp_path: Path) -> None:
    for content, file, reason, cure in (
        (PDF, ("a.png", "image"), "'a.png': it is neither a JPEG nor a PNG", "--document 'a.png'"),
        (PDF, ("../a", "document"), "without slashes", "rename"),
        (bytes(LARGEST + 1), ("a", "document"), "16777217 bytes, more than 16777216", "smaller"),
    ):
        refusal = refused(small, media=handed(small, content, *file))
        assert refusal.code is ErrorCode.INVALID_INPUT
        assert reason in refusal.message
        assert cure in refusal.hint
    follow = refused(small, media=handed(small, JPEG + b"again"), text="", follow_up_seconds=3600)
    assert "it says the text once more, and there is none" in follow.message
    large = tmp_path / "large.jpg"
    large.write_bytes(JPEG)
    os.truncate(large, 40 << 20)
    command = ["reminder", "add", a_name(), "--account", "ops", "--to", "Team", "--at", LATER]
    ended = small.cli(*command, "--image", str(large))
    assert (ended.code, ended.error["code"]) == (2, "invalid_input")
    assert "41943040 bytes, more than 16777216 (16 MiB)" in ended.error["message"]
    assert (
        small.cli(*command, "--document", str(tmp_path))
        .error["message"]
        .endswith("it is no regular file")
    )
    both = small.cli(*command, "--image", "a", "--document", "b")
    assert both.error["code"] == "usage"
    assert small.cli(*command, "--image", str(tmp_path / "no")).error["code"] == "not_found"
    piped = small.cli(*command, "--image", "-", stdin=JPEG + bytes(LARGEST))
    assert "more than 16777216 (16 MiB)" in piped.error["message"]
    for words, cure in (
        (("--document", "-"), "--file-name NAME"),
        (("--image", "-", "--text-file", "-"), "give the text by --text"),
        (("--image", "-", "--file-name", "a.png"), "name one: --document FILE"),
    ):
        wrong = small.cli(*command, *words, stdin=JPEG)
        assert (wrong.code, cure in wrong.error["hint"]) == (2, True)


def test_no_more_is_kept_than_there_is_room_for_and_what_is_unused_makes_room(
    small: Running,
) -> None:
    first, second = os.urandom(LARGEST), os.urandom(LARGEST)
    made = small.call(adding(media=handed(small, first, "a", "document"))).reminder
    file = handed(small, second, "b", "document")
    refusal = refused(small, media=file)
    assert refusal.code is ErrorCode.CONFLICT
    assert "16 MiB of images and documents are kept already" in refusal.message
    assert "delivery.media_megabytes" in refusal.hint
    small.call(ReminderDelete(reminder=made.id))
    assert refused(small, media=file).code is ErrorCode.CONFLICT  # somebody may want it yet
    small.sql("UPDATE media SET kept_at = kept_at - interval '11 minutes'")
    assert small.call(adding(media=file)).changed
    assert made.media is not None
    assert made.media.sha256 not in kept(small)
    assert file.sha256 in kept(small)


def test_the_command_line_hands_over_what_it_names(small: Running, tmp_path: Path) -> None:
    picture = tmp_path / "board.jpg"
    picture.write_bytes(JPEG + b"cli")
    name = a_name()
    command = ["reminder", "set", name, "--account", "ops", "--to", "Team", "--at", LATER]
    made = small.cli(*command, "--image", str(picture)).document
    assert (made["created"], made["reminder"]["media"]["name"]) == (True, "board.jpg")
    assert not small.cli(*command, "--image", str(picture)).document["changed"]
    assert small.cli(*command, "--image", "-", stdin=JPEG + b"piped").document["changed"]
    called = ("--document", "-", "--file-name", "Plan.pdf", "--text", "Read it")
    piped = small.cli(*command, *called, stdin=PDF + b"piped").document["reminder"]["media"]
    assert (piped["kind"], piped["name"]) == ("document", "Plan.pdf")
    assert piped["sha256"] == hashlib.sha256(PDF + b"piped").hexdigest()
    edited = small.cli("reminder", "edit", name, "--image", "", "--text", "none").document
    assert edited["reminder"]["media"] is None
