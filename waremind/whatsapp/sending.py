"""What the errors of a send mean: refused, certainly not sent, or nobody can know."""

import re

from waremind.whatsapp.reports import NotInGroup, NotSent, Outcome, SendRefused, SendUnknown

REFUSED = re.compile(r"server returned error (\d+)")

# Ack errors that mean "slow down" or "not to these", whatever the group.
RATE_CODES = frozenset({429, 463, 475})
NOT_IN_GROUP = ("you're not participating in that group", "that group does not exist")

# All that whatsmeow raises before the stanza reaches the socket; what is not here is unknown.
# A bare "websocket not connected" is not: it comes when the frame was to be sent again.
BEFORE_THE_STANZA = (
    "the store doesn't contain a device JID",
    "can't send message to unknown server",
    "message recipient must be a user JID",
    "failed to get group members: ",
    "failed to get device list: ",
    "failed to create sender key distribution message",
    "failed to marshal sender key distribution message",
    "failed to encrypt group message",
    "failed to send message node: websocket not connected",
    "failed to send message node: failed to marshal node",
)


def outcome_of(error: str) -> Outcome:
    """Judge the text of a failed send; it may be a person's only clue, so it is kept."""
    if refusal := REFUSED.search(error):
        return SendRefused(int(refusal[1]), error)
    if error.endswith(NOT_IN_GROUP):
        return NotInGroup(error)
    if error.startswith(BEFORE_THE_STANZA):
        return NotSent(error)
    return SendUnknown(error)
