"""The table `receipts`: whose devices said that a message arrived, or was read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from waremind.store.database import Connection


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """What a participant (a JID without a device) says of messages of an account."""

    account: str
    message_ids: Sequence[str]
    participant: str
    at: datetime
    read: bool


async def note(connection: Connection, receipt: ReceiptRow) -> bool:
    """Note a receipt; who has read a message has it too. False when no delivery has its message."""
    done = await connection.execute(
        """
        INSERT INTO receipts (run_id, group_id, participant, delivered_at, read_at)
        SELECT run_id, group_id, %(participant)s, %(at)s, CASE WHEN %(read)s THEN %(at)s END
        FROM deliveries WHERE account_id = %(account)s AND message_id = ANY (%(messages)s)
        ON CONFLICT (run_id, group_id, participant) DO UPDATE SET
            read_at = coalesce(receipts.read_at, EXCLUDED.read_at)
        """,
        {
            "account": receipt.account,
            "messages": list(receipt.message_ids),
            "participant": receipt.participant,
            "at": receipt.at,
            "read": receipt.read,
        },
    )
    return done.rowcount > 0
