"""Linking a device: which codes are shown, how long they live, and how it can end."""

from datetime import datetime, timedelta
from types import MappingProxyType

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.reports import Code

FIRST_QR_SECONDS = 60
NEXT_QR_SECONDS = 20
PAIR_CODE_SECONDS = 160  # as long as the six QR codes beside it would last

# The library's private login status → how the pairing ends. Those that are not here go on.
# The connection broke while a code was showing.
CUT = (Cause.PAIRING_FAILED, "the connection to WhatsApp broke before the code was used")

# Statuses that an event may explain better.
VAGUE = frozenset({"timeout", "err-unexpected-state"})

ENDINGS = MappingProxyType(
    {
        "error": (Cause.PAIRING_FAILED, "the phone and WhatsApp did not agree on the device"),
        "timeout": (Cause.PAIRING_TIMED_OUT, "nobody scanned the code in time"),
        "passkey-request": (Cause.PASSKEY_REQUIRED, ""),
        "passkey-confirmation": (Cause.PASSKEY_REQUIRED, ""),
        "err-client-outdated": (Cause.CLIENT_OUTDATED, "WhatsApp wants a newer engine (405)"),
        "err-scanned-without-multidevice": (
            Cause.PAIRING_FAILED,
            "the phone's WhatsApp is too old to link devices",
        ),
        "err-unexpected-state": (Cause.PAIRING_FAILED, "WhatsApp refused the pairing"),
    }
)


def qr(session: int, payload: str, number: int, now: datetime) -> Code:
    """Make the report of the QR of that number; the first lives longer than the others."""
    seconds = FIRST_QR_SECONDS if number == 1 else NEXT_QR_SECONDS
    expires_at = now + timedelta(seconds=seconds)
    return Code(session=session, kind="qr", code=payload, expires_at=expires_at)


def pair_code(session: int, code: str, now: datetime) -> Code:
    """Make the report of a pairing code."""
    expires_at = now + timedelta(seconds=PAIR_CODE_SECONDS)
    return Code(session=session, kind="pair_code", code=code, expires_at=expires_at)


def was_cut(expires_at: datetime, now: datetime) -> bool:
    """Tell a connection that broke from one that WhatsApp closed when the last code was old."""
    return now < expires_at - timedelta(seconds=2)
