"""From a file that an operator has handed over to the attachment of a message, kept by content."""

from datetime import timedelta

from msgspec import UnsetType

from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.daemon.system.uploads import UploadedFile
from waremind.domain.ids import shown
from waremind.domain.media import Attachment, Image, check_size, checked_name, image_of, no_image
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import MediaFile
from waremind.store import media as table
from waremind.store.database import Connection
from waremind.store.media import MediaRow

# What nothing refers to makes room for something new when nobody has wanted it for so long.
UNWANTED = timedelta(minutes=10)


async def attachment_for(
    services: Services, caller: Caller, file: MediaFile | UnsetType | None, *, check: bool
) -> Attachment | None:
    """Keep the content of a file that was handed over, or find it kept; with `check`, only look.

    Raises WaremindError `invalid_input`, `not_found`, or `conflict` when too much is kept already.
    """
    if not isinstance(file, MediaFile):
        return None
    name = checked_name(file.name)
    uploaded = caller.uploads.whole(file.sha256 or "")
    if uploaded is None:
        image = (await _known(services, file)).image
    else:
        check_size(name, uploaded.size)
        image = image_of(await anext(uploaded.pieces()))
    if file.kind == "image" and image is None:
        raise no_image(name)
    if uploaded and not check:
        await _keep(services, name, uploaded, image)
    return Attachment(file.kind, file.sha256 or "", name)


async def _known(services: Services, file: MediaFile) -> MediaRow:
    async with services.database.connection() as connection:
        row = await table.touch(connection, file.sha256 or "", services.now())
    if row is None:
        message = f"cannot find the file {shown(file.name)}: it was not handed over"
        hint = "hand it over on the same connection: upload, in docs/protocol.md"
        raise WaremindError(ErrorCode.NOT_FOUND, message, hint=hint)
    return row


async def _keep(services: Services, name: str, uploaded: UploadedFile, image: Image | None) -> None:
    now = services.now()
    row = MediaRow(
        id=uploaded.sha256,
        size=uploaded.size,
        image_type=image and image.type,
        width=image and image.width,
        height=image and image.height,
        kept_at=now,
    )
    async with services.database.transaction() as connection:
        if await table.find(connection, row.id) is None:
            await _make_room(services, connection, name, row.size)
        await table.write(connection, row, uploaded.pieces())


async def _make_room(services: Services, connection: Connection, name: str, size: int) -> None:
    megabytes = services.settings.delivery.media_megabytes
    total = await table.lock_total(connection)
    if total + size <= megabytes << 20:
        return
    await table.collect(connection, services.now() - UNWANTED)
    total = await table.lock_total(connection)
    if total + size > megabytes << 20:
        message = (
            f"cannot keep the file {shown(name)}: {total >> 20} MiB of images and documents are "
            f"kept already, and with it there would be more than {megabytes} MiB"
        )
        hint = "delete reminders that have some, or raise delivery.media_megabytes"
        raise WaremindError(ErrorCode.CONFLICT, message, hint=hint)
