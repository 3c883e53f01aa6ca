"""The small picture that goes with an image."""

import os
from io import BytesIO

import pytest
from PIL import Image

from waremind.whatsapp.thumbnails import LONGEST_SIDE, thumbnail_of


def written(image: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("size", [(3000, 1500), (40, 20)])
def test_a_thumbnail_is_the_image_as_a_small_jpeg(kind: str, size: tuple[int, int]) -> None:
    made = thumbnail_of(written(Image.new("RGB", size, "red"), kind))
    assert made is not None
    with Image.open(BytesIO(made)) as small:
        assert (small.format, small.width) == ("JPEG", min(size[0], LONGEST_SIDE))
        assert small.width == 2 * small.height
        red, *others = small.convert("RGB").getpixel((10, 10))
        assert red > 240
        assert max(others) < 20
    assert len(made) < 4000


def test_what_can_be_seen_through_is_white_and_what_lies_on_its_side_stands_up() -> None:
    clear = thumbnail_of(written(Image.new("RGBA", (200, 100), (0, 0, 0, 0)), "PNG"))
    assert clear is not None
    with Image.open(BytesIO(clear)) as small:
        assert min(small.getpixel((50, 25))) > 240
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned
    lying = thumbnail_of(written(Image.new("RGB", (200, 100)), "JPEG", exif=exif))
    assert lying is not None
    with Image.open(BytesIO(lying)) as small:
        assert small.height > small.width


@pytest.mark.parametrize(
    "content",
    [
        b"",
        os.urandom(1000),
        written(Image.new("RGB", (200, 100)), "GIF"),
        written(Image.new("RGB", (200, 100)), "PNG")[:60],
        written(Image.new("1", (6000, 6000)), "PNG"),
    ],
    ids=["nothing", "noise", "another format", "its beginning", "too large"],
)
def test_of_what_is_no_picture_or_too_large_none_is_made(content: bytes) -> None:
    assert thumbnail_of(content) is None
