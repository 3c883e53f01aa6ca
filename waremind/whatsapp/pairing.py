"""Linking a device: which codes are shown, how long they live, and how it can end."""

from datetime import datetime, timedelta
from types import MappingProxyType

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.reports import Code

FIRST_QR_SECONDS = 60
NEXT_QR_SECONDS = 20
PAIR_CODE_SECONDS = 160  # as long as the six QR codes beside it would last
SLACK = timedelta(seconds=5)

# The library's private login status → how the pairing ends; it is all that there is: no event
# comes before a device is linked. "timeout" stands for two things, see `ending`.
ENDINGS = MappingProxyType(
    {
        "error": (Cause.PAIRING_FAILED, "the phone and WhatsApp did not agree on the device"),
        "passkey-request": (Cause.PASSKEY_REQUIRED, ""),
        "passkey-confirmation": (Cause.PASSKEY_REQUIRED, ""),
        "err-client-outdated": (Cause.CLIENT_OUTDATED, "405"),
        "err-scanned-without-multidevice": (
            Cause.PAIRING_FAILED,
            "the phone's WhatsApp is too old to link devices",
        ),
        "err-unexpected-state": (Cause.PAIRING_FAILED, "WhatsApp refused the pairing"),
    }
)
UNUSED = (Cause.PAIRING_TIMED_OUT, "nobody used the code in time")
CUT = (Cause.PAIRING_FAILED, "the connection to WhatsApp broke before a code was used")


def ending(
    status: str, code_expires_at: datetime | None, now: datetime
) -> tuple[Cause, str] | None:
    """Say how a pairing ends by a login status; None: it goes on.

    A connection that breaks is a "timeout" too, but the code was still good then.
    """
    if status != "timeout":
        return ENDINGS.get(status)
    was_good = code_expires_at is None or now < code_expires_at - SLACK
    return CUT if was_good else UNUSED


def qr(session: int, text: str, number: int, now: datetime) -> Code:
    """Make the report of the QR of that number; the first lives longer than the others."""
    seconds = FIRST_QR_SECONDS if number == 1 else NEXT_QR_SECONDS
    expires_at = now + timedelta(seconds=seconds)
    return Code(session=session, kind="qr", code=text, expires_at=expires_at)


def pair_code(session: int, code: str, now: datetime) -> Code:
    """Make the report of a pairing code."""
    expires_at = now + timedelta(seconds=PAIR_CODE_SECONDS)
    return Code(session=session, kind="pair_code", code=code, expires_at=expires_at)
