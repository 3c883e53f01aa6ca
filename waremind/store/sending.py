"""A delivery that was just marked as being sent, with all that its message needs."""

from dataclasses import dataclass
from datetime import datetime

from waremind.domain.media import Attachment, MediaKind
from waremind.store.attachments import attachment_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A delivery that was just marked as being sent; `members` are LIDs to mention.

    `started_at` is when its message may leave, which is not before it is due. `left` says that the
    account has left the group since the run was made.
    """

    run_id: str
    group_id: str
    account_id: str
    jid: str
    text: str
    members: list[str]
    mention_all: bool
    expiration_seconds: int
    attempts: int
    session: int
    started_at: datetime
    give_up_at: datetime
    left: bool
    media: str | None = None
    media_kind: MediaKind | None = None
    media_name: str | None = None

    @property
    def attachment(self) -> Attachment | None:
        """The image or document that goes with its text."""
        return attachment_of(self)
