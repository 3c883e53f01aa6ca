"""The request that hands a file over."""

from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.requests.upload import Upload, Uploaded
from waremind.store import media


async def upload(services: Services, caller: Caller, request: Upload) -> Uploaded:
    """Take a piece of a file, for another request of this connection.

    Who asks before the first piece is told when the content is kept already.
    """
    received = await caller.uploads.add(request)
    if not (received or request.data):
        async with services.database.connection() as connection:
            kept = await media.find(connection, request.sha256)
        received = kept.size if kept else 0
    return Uploaded(received)
