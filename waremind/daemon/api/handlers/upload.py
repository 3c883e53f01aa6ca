"""The request that hands a file over."""

from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.requests.upload import Upload, Uploaded


async def upload(_services: Services, caller: Caller, request: Upload) -> Uploaded:
    """Take a piece of a file, for another request of this connection."""
    return Uploaded(await caller.uploads.add(request))
