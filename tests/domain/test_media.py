"""What phones make of a file: an image by its first bytes, a document's type by its name."""

from __future__ import annotations

import pytest

from waremind.domain.media import (
    ANYTHING,
    LARGEST,
    Attachment,
    Image,
    check_size,
    checked_name,
    image_of,
    no_image,
    type_of,
)
from waremind.errors import WaremindError

PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000140000000c8")
JFIF = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")
FRAME = bytes.fromhex("ffc0001108007b00c803012200021101031101")
TABLE = bytes.fromhex("ffc40004aaaa")  # no frame, though its number is among theirs


@pytest.mark.parametrize(
    ("head", "image"),
    [
        (PNG, Image("image/png", 320, 200)),
        (PNG[:20], None),
        (JFIF + TABLE + FRAME, Image("image/jpeg", 200, 123)),
        (JFIF + FRAME.replace(b"\x00\x7b", b"\0\0"), Image("image/jpeg", 200, None)),
        (JFIF + FRAME[:6], Image("image/jpeg", None, None)),
        (JFIF + b"\x00" * 20, Image("image/jpeg", None, None)),
        (b"GIF89a" + b"\0" * 30, None),
        (b"", None),
    ],
)
def test_an_image_is_known_by_its_first_bytes(head: bytes, image: Image | None) -> None:
    assert image_of(head) == image


@pytest.mark.parametrize(
    ("attachment", "type_"),
    [
        (Attachment("image", "", "a.gif"), "image/png"),
        (Attachment("document", "", "a.PNG"), "image/png"),
        (Attachment("document", "", "a.pdf"), "application/pdf"),
        (Attachment("document", "", "a.of-no-type"), ANYTHING),
    ],
)
def test_a_message_says_of_which_type_its_file_is(attachment: Attachment, type_: str) -> None:
    assert type_of(attachment, Image("image/png", 1, 1)) == type_


@pytest.mark.parametrize("name", ["", "a" * 256, "a/b", "a\\b", "a\nb", "\u202ea"])
def test_a_name_that_phones_cannot_show_is_refused(name: str) -> None:
    with pytest.raises(WaremindError, match="printable characters without slashes"):
        checked_name(name)
    assert checked_name("Plan B (1).pdf") == "Plan B (1).pdf"


def test_a_file_that_is_empty_or_too_large_or_no_image_is_refused() -> None:
    check_size("a", LARGEST)
    with pytest.raises(WaremindError, match="it is empty"):
        check_size("a", 0)
    with pytest.raises(WaremindError, match="16777217 bytes, more than 16777216"):
        check_size("a", LARGEST + 1)
    assert "--document 'a b'" in no_image("a b").hint
