"""An account's state in words for operators: a sentence, and who must act, with the cure."""

from typing import Literal, NamedTuple

from waremind.domain.lifecycle import State

Severity = Literal["warning", "critical"]


class Need(NamedTuple):
    """Why a person is needed, and the command that mends it; `{label}` is the account's label."""

    code: str
    severity: Severity
    fix: str


class Standing(NamedTuple):
    """A state in words."""

    sentence: str
    need: Need | None = None


def told(state: State, detail: str = "") -> str:
    """Say in a sentence how `state` is, with what WhatsApp or the session said of it."""
    sentence = STANDINGS[state].sentence
    return f"{sentence.removesuffix('.')} ({detail})." if detail else sentence


def clause(sentence: str) -> str:
    """Write a sentence as it follows a colon."""
    first = sentence if sentence.startswith("WhatsApp") else sentence[0].lower() + sentence[1:]
    return first.removesuffix(".")


def _pair(code: str, severity: Severity = "critical") -> Need:
    return Need(code, severity, "waremind account pair {label}")


STANDINGS = {
    State.NEW: Standing("Not paired yet."),
    State.UNPAIRED: Standing("Unpaired by an operator."),
    State.UNPAIRING: Standing("Unpaired by an operator; the device is being logged out."),
    State.LOGGED_OUT: Standing("The phone or WhatsApp unlinked the device.", _pair("logged_out")),
    State.PAIRING_TIMED_OUT: Standing(
        "Nobody scanned the code in time.", _pair("pairing_timed_out", "warning")
    ),
    State.PAIRING_FAILED: Standing(
        "The pairing did not complete.", _pair("pairing_failed", "warning")
    ),
    State.PAIRING_OUTDATED: Standing(
        "WhatsApp no longer accepts this version of the engine.",
        Need(
            "client_outdated", "critical", "upgrade waremind, then: waremind account pair {label}"
        ),
    ),
    State.PAIRING_CANCELLED: Standing("An operator cancelled the pairing."),
    State.DIFFERENT_NUMBER: Standing(
        "Another phone scanned the code than the one this account had.",
        Need(
            "different_number",
            "warning",
            "waremind account pair {label} (with --new-number if the new phone is right)",
        ),
    ),
    State.PASSKEY_REQUIRED: Standing(
        "WhatsApp demands a passkey for linking, which this engine cannot give.",
        Need(
            "passkey_required",
            "critical",
            "nothing on the phone helps, not even removing the passkey; another day: "
            "waremind account pair {label}",
        ),
    ),
    State.PAIRING: Standing("Waiting for the phone to scan the code."),
    State.LINKED: Standing("The phone has accepted; connecting."),
    State.RESUMING: Standing("Trying the keys that are there."),
    State.CONNECTED: Standing("Connected."),
    State.STARTING: Standing("Connecting."),
    State.NETWORK: Standing("The connection is lost; reconnecting by itself."),
    State.CONNECT_FAILED: Standing("WhatsApp could not be reached; trying again by itself."),
    State.CRASHED: Standing("The session ended unexpectedly; starting again by itself."),
    State.REPLACED: Standing("Another program took over the session; trying once more."),
    State.REPLACED_AGAIN: Standing(
        "Another program uses this device's keys.",
        Need(
            "replaced",
            "critical",
            "stop the other program, then: waremind account reconnect {label}",
        ),
    ),
    State.CLIENT_OUTDATED: Standing(
        "WhatsApp no longer accepts this version of the engine.",
        Need("client_outdated", "critical", "upgrade waremind, then restart it"),
    ),
    State.REFUSED: Standing(
        "WhatsApp refuses the connection; trying again once an hour.",
        Need("refused", "critical", "waremind account reconnect {label}"),
    ),
    State.STOPPED: Standing("Its daemon was stopped, or another node is about to have it."),
    State.TEMPORARY_BAN: Standing(
        "WhatsApp has banned the account for a time; trying again when it ends.",
        Need("temporary_ban", "critical", "send less; look at WhatsApp on the phone"),
    ),
    State.BANNED: Standing(
        "WhatsApp has banned the account.",
        Need("banned", "critical", "appeal in WhatsApp on the phone, then pair again"),
    ),
}
