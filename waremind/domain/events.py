"""The types of events: a closed list, with what each one tells and what its `data` has."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType

from waremind.domain.ids import shown
from waremind.errors import ErrorCode, WaremindError

_ACCOUNT = "label, status, reason, detail, jid, phone, push_name, session and the times"
_REMINDER = "name, state, next_at"
_DELIVERY = "reason, attempts, due_at, started_at, finished_at, message_id"
_RUN = "occurs_at, until, count, outcome, reason"
_NEED = "kind, id, name, code, severity, since, text, fix"
_FREEZE = "since, by, reason"

# What happened, and what `data` has. The check constraint of the table `events` has them, too.
EVENTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "account.added": ("an account was added", _ACCOUNT),
        "account.changed": ("something else of it is another: reason, session, phone", _ACCOUNT),
        "account.renamed": ("its label is another", _ACCOUNT),
        "account.deleted": ("it is gone, with its groups, reminders and runs", _ACCOUNT),
        "account.unpaired": ("its status became `unpaired`", _ACCOUNT),
        "account.pending": ("its status became `pending`", _ACCOUNT),
        "account.connected": ("its status became `connected`", _ACCOUNT),
        "account.disconnected": ("its status became `disconnected`", _ACCOUNT),
        "account.banned": ("its status became `banned`", _ACCOUNT),
        "reminder.added": ("a reminder was added", _REMINDER),
        "reminder.changed": ("an operator changed it", _REMINDER),
        "reminder.paused": ("an operator paused it", _REMINDER),
        "reminder.resumed": ("it is active again", _REMINDER),
        "reminder.finished": ("its last occurrence is over", _REMINDER),
        "reminder.deleted": ("it is gone, with its runs", _REMINDER),
        "run.created": ("an occurrence is due, or did not fire", _RUN),
        "delivery.scheduled": ("a message waits to be sent, also once more", _DELIVERY),
        "delivery.sending": ("it is being sent", _DELIVERY),
        "delivery.sent": ("WhatsApp has it", _DELIVERY),
        "delivery.failed": ("it was not sent, and will not be", _DELIVERY),
        "delivery.unknown": ("nobody can know whether it was sent", _DELIVERY),
        "delivery.missed": ("it did not fire", _DELIVERY),
        "delivery.held": ("it is held", _DELIVERY),
        "delivery.skipped": ("it was due while paused, or its run was revoked", _DELIVERY),
        "delivery.revoking": ("what was sent is to be deleted for everyone", _DELIVERY),
        "delivery.revoked": ("it was deleted for everyone", _DELIVERY),
        "freeze.begun": ("nothing leaves (of `account`) until a thaw", _FREEZE),
        "freeze.ended": ("a freeze has ended", _FREEZE),
        "attention.begun": ("something needs a person", _NEED),
        "attention.ended": ("it needs nobody any more", _NEED),
        "audit.written": (
            "an operator did something",
            "id, operator, node, action, target, detail",
        ),
    }
)  # fmt: skip


def types_of(patterns: Iterable[str]) -> list[str]:
    """List the types that patterns such as `account.*` mean; without any, all.

    Raises WaremindError `invalid_input` for a pattern that means none.
    """
    found: set[str] = set()
    for pattern in patterns:
        meant = [type_ for type_ in EVENTS if fnmatchcase(type_, pattern)]
        if not meant:
            message = f"cannot choose events: {shown(pattern)} is none of their types"
            nouns = sorted({type_.partition(".")[0] for type_ in EVENTS})
            hint = "one such as delivery.failed, or " + ", ".join(f"{noun}.*" for noun in nouns)
            raise WaremindError(ErrorCode.INVALID_INPUT, message, hint=hint)
        found.update(meant)
    return [type_ for type_ in EVENTS if not found or type_ in found]
