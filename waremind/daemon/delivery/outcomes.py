"""An attempt to send, and how it ended: as what is written of its delivery."""

import logging
from datetime import datetime, timedelta

from waremind.daemon.delivery.attaching import Handed
from waremind.daemon.system.logs import event
from waremind.domain.backoff import delay_seconds
from waremind.settings import Delivery, MentionAll
from waremind.store.deliveries import Ending
from waremind.store.sending import Sending
from waremind.whatsapp.gateway import Media, Message, Session
from waremind.whatsapp.reports import (
    LONGEST_DETAIL,
    AdminsOnly,
    NotInGroup,
    NotSent,
    NotUploaded,
    Outcome,
    SendRefused,
    SendUnknown,
    Sent,
)
from waremind.whatsapp.sending import RATE_CODES

log = logging.getLogger(__name__)


async def attempt(
    session: Session, sending: Sending, mention_all: MentionAll, handed: Handed | None
) -> Outcome:
    """Send the message of a delivery, and say how that ended, whatever goes wrong."""
    media = handed if isinstance(handed, Media) else None
    if sending.media_kind and media is None:
        return handed if isinstance(handed, NotUploaded) else NotSent("not connected")
    try:
        return await session.send(message_of(sending, mention_all, media))
    except Exception as error:
        log.exception("a bug", extra={"fields": {"run": sending.run_id}})
        return SendUnknown(f"the send ended in {type(error).__name__}")


def message_of(sending: Sending, mention_all: MentionAll, media: Media | None) -> Message:
    """Write the message of a delivery; who is to be mentioned is named, or left to the phones."""
    is_native = sending.mention_all and mention_all == "native"
    return Message(
        sending.jid,
        sending.text,
        mentions=() if is_native else tuple(sending.members),
        mentions_all=is_native and bool(sending.members),
        expiration_seconds=sending.expiration_seconds,
        media=media,
    )


def trips_breaker(outcome: Outcome) -> bool:
    """Tell whether the account must not send for a while."""
    return isinstance(outcome, SendRefused) and outcome.code in RATE_CODES


def ending_of(
    sending: Sending, outcome: Outcome, now: datetime, settings: Delivery, chance: float
) -> Ending:
    """Say how an attempt ended; only what certainly sent nothing is tried again."""

    def ending(status: str, reason: str | None, detail: str = "", **more: object) -> Ending:
        return Ending(
            run_id=sending.run_id,
            group_id=sending.group_id,
            session=sending.session,
            status=status,
            now=now,
            reason=reason,
            detail=detail[:LONGEST_DETAIL],
            **more,  # pyright: ignore[reportArgumentType] - keywords of Ending
        )

    match outcome:
        case Sent():
            return ending("sent", None, message_id=outcome.message_id)
        case NotSent():
            first, most = settings.retry_first_seconds, settings.retry_max_seconds
            delay = delay_seconds(sending.attempts, first, most, chance)
            due_at = now + timedelta(seconds=delay)
            if due_at > sending.give_up_at and not _was_first_tried_late(sending):
                reason = "not_uploaded" if isinstance(outcome, NotUploaded) else "not_connected"
                return ending("failed", reason, outcome.detail)
            return ending("scheduled", None, outcome.detail, due_at=due_at)
        case _:
            return ending(*_final(outcome), outcome.detail)


def _was_first_tried_late(sending: Sending) -> bool:
    """Tell whether its pace kept it until after the grace, for which it is not given up."""
    return sending.attempts == 1 and sending.started_at > sending.give_up_at


def _final(outcome: NotInGroup | AdminsOnly | SendRefused | SendUnknown) -> tuple[str, str]:
    """Say status and reason of what is not tried again by itself."""
    match outcome:
        case NotInGroup():
            return "missed", "group_left"
        case AdminsOnly():
            return "failed", "announce_only"
        case SendRefused() if trips_breaker(outcome):
            return "held", "restricted"
        case SendRefused():
            return "failed", f"refused_{outcome.code}"
        case SendUnknown():
            return "unknown", "interrupted"


def log_ending(account: str, sending: Sending, ending: Ending) -> None:
    """Log an ending; the thousands that go well are in the run history."""
    event(
        log,
        "delivery ended",
        logging.DEBUG if ending.status == "sent" else logging.INFO,
        account=account,
        run=sending.run_id,
        group=sending.jid,
        status=ending.status,
        reason=ending.reason or "",
    )
