"""The small picture that phones show until they have fetched an image."""

# pyright: basic
# Pillow comes with neonize, and is loaded where that is.

from contextlib import suppress
from io import BytesIO

from PIL import Image, ImageOps

FORMATS = ("JPEG", "PNG")
Image.preinit()  # loads them before the fork
LONGEST_SIDE = 100  # pixels, about what WhatsApp's own apps send
QUALITY = 60
# What is larger is sent without: a progressive JPEG takes six bytes a pixel while it is read.
MOST_PIXELS = 24_000_000


def thumbnail_of(content: bytes) -> bytes | None:
    """Return a small JPEG of an image; None where none can be made of it."""
    with suppress(Exception):  # whatever Pillow thinks of the file: the phones are shown it all
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            small = ImageOps.exif_transpose(image).convert("RGBA")
        shown = Image.new("RGB", small.size, "white")
        shown.paste(small, mask=small)
        written = BytesIO()
        shown.save(written, "JPEG", quality=QUALITY)
        return written.getvalue()
    return None
