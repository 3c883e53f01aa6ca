"""What other nodes ask of this one: done by the handlers that answer its own clients."""

import contextlib
import hashlib
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from msgspec import Raw

from waremind import protocol
from waremind.daemon.accounts.refusals import MovedError
from waremind.daemon.api.bugs import bug
from waremind.daemon.api.connection import HungUpError, unless_gone
from waremind.daemon.api.handlers import HANDLERS
from waremind.daemon.api.places import RemoteAnswer
from waremind.daemon.services import Services
from waremind.daemon.system.caller import Caller
from waremind.daemon.system.relay import Commanded
from waremind.daemon.system.uploads import ConnectionUploads, UploadRoom
from waremind.errors import WaremindError
from waremind.objects import Operator
from waremind.requests.core import Request
from waremind.requests.upload import PIECE_BYTES, Upload

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CommandedAnswers:
    """Answers commands of other nodes about accounts of this one."""

    services: Services
    uploads: UploadRoom

    async def answer(self, commanded: Commanded) -> str:
        """Do a command, and give the answer as another node's `places` reads it."""
        return msgspec.json.encode(await self._answer(commanded)).decode()

    async def _answer(self, commanded: Commanded) -> RemoteAnswer:
        try:
            request = protocol.decode_call(commanded.row.line.encode()).request
        except protocol.BadCallError as bad:
            return _failed(bad.failure)
        if self.services.accounts.find(getattr(request, "account", "")) is None:
            return RemoteAnswer(moved=True)
        try:
            return await self._done(commanded, request)
        except WaremindError as failure:
            return _failed(failure)
        except HungUpError:
            return RemoteAnswer()  # nobody hears it
        except Exception as error:  # noqa: BLE001 - it is logged, and nothing can end the daemon
            return _failed(bug(request, error))

    async def _done(self, commanded: Commanded, request: Request[object]) -> RemoteAnswer:
        row = commanded.row

        async def emit(what: object) -> None:
            await commanded.emit(msgspec.json.encode(what).decode())

        async def wait(work: Awaitable[T]) -> T:
            return await unless_gone(commanded.gone, work)

        with contextlib.closing(ConnectionUploads(self.uploads, row.uid)) as uploads:
            if row.upload:
                await _put(uploads, row.upload)
            operator = Operator(row.uid, row.operator, row.node)
            caller = Caller(operator, emit, _has_room, wait, uploads)
            result = await HANDLERS[type(request)].answer(self.services, caller, request)
        return RemoteAnswer(result=Raw(msgspec.json.encode(result)))


async def _has_room() -> bool:
    """Say that whoever asks reads: what is not read expires in the database."""
    return True


async def _put(uploads: ConnectionUploads, content: bytes) -> None:
    """Hand a file over that came along, as a client does."""
    digest = hashlib.sha256(content).hexdigest()
    for offset in range(0, len(content), PIECE_BYTES):
        data = content[offset : offset + PIECE_BYTES]
        await uploads.add(Upload(sha256=digest, size=len(content), offset=offset, data=data))


def _failed(failure: WaremindError) -> RemoteAnswer:
    if isinstance(failure, MovedError):
        return RemoteAnswer(moved=True)
    return RemoteAnswer(error=protocol.error_object(failure))
