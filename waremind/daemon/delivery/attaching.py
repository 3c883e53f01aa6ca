"""What goes with a message's text: read from PostgreSQL piece by piece, handed to WhatsApp."""

import asyncio
import logging
from collections.abc import AsyncIterator

from waremind.daemon.delivery.pace import SendingAccounts
from waremind.domain.media import Attachment, type_of
from waremind.errors import WaremindError
from waremind.store import deliveries
from waremind.store import media as table
from waremind.store.database import Database
from waremind.store.media import MediaRow
from waremind.store.sending import Sending
from waremind.whatsapp.gateway import Media, Session
from waremind.whatsapp.reports import NotUploaded

log = logging.getLogger(__name__)

Handed = Media | NotUploaded


class Attacher:
    """Hands the files of messages over before they leave; `give_up` ends what is under way."""

    def __init__(self, database: Database, senders: SendingAccounts) -> None:
        self._database = database
        self._senders = senders
        self._uploads: set[asyncio.Task[Handed]] = set()

    async def hand_over(self, sending: Sending) -> Handed | None:
        """Upload what goes with a text, ahead of its time: what fails then has sent nothing.

        None: there is nothing, or nobody to upload it.
        """
        if sending.media_kind is None or sending.left:
            return None
        if (session := self._senders.session(sending.account_id)) is None:
            return None
        if (attachment := sending.attachment) is None:
            return NotUploaded("its content is kept no longer")
        upload = asyncio.create_task(self._upload(session, attachment, sending))
        self._uploads.add(upload)
        upload.add_done_callback(self._uploads.discard)
        try:
            await asyncio.wait([upload])
        finally:
            upload.cancel()
        return NotUploaded("the daemon was stopped") if upload.cancelled() else upload.result()

    def give_up(self) -> None:
        """End all uploads: nothing of their messages was sent."""
        for upload in self._uploads:
            upload.cancel()

    async def _upload(self, session: Session, attachment: Attachment, sending: Sending) -> Handed:
        try:
            async with self._database.connection() as connection:
                row = await table.find(connection, attachment.sha256)
            if row is None:
                return NotUploaded("its content is kept no longer")
            media = media_of(attachment, row)
            if failed := await session.upload(media, self._pieces(row)):
                return failed
            async with self._database.connection() as connection:
                is_marked = await deliveries.is_marked(connection, sending)
            return media if is_marked else NotUploaded("it was deleted meanwhile")
        except WaremindError as error:
            return NotUploaded(error.message)
        except Exception as error:
            log.exception("a bug", extra={"fields": {"media": attachment.sha256}})
            return NotUploaded(f"the upload ended in {type(error).__name__}")

    async def _pieces(self, row: MediaRow) -> AsyncIterator[bytes]:
        """Read one piece after the other: no connection is kept while one of them leaves."""
        position, there = 0, 0
        while there < row.size:
            async with self._database.connection() as connection:
                content = await table.piece(connection, row.id, position)
            if not content:
                return
            yield content
            position, there = position + 1, there + len(content)


def media_of(attachment: Attachment, row: MediaRow) -> Media:
    """Describe what a message carries."""
    return Media(
        kind=attachment.kind,
        sha256=row.id,
        size=row.size,
        type=type_of(attachment, row.image),
        name=attachment.name,
        width=row.width,
        height=row.height,
    )
