"""The table `receipts`: whose devices said that a message arrived, or was read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from waremind.store.database import Connection, as_json


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """What a participant (a JID without a device) says of messages of an account."""

    account: str
    message_ids: Sequence[str]
    participant: str
    at: datetime
    read: bool

    def rows(self, place: int) -> Iterator[dict[str, object]]:
        """Write it as one row a message, each with the receipt's place among others."""
        for message in self.message_ids:
            yield {
                "place": place,
                "account": self.account,
                "message": message,
                "participant": self.participant,
                "at": self.at,
                "read": self.read,
            }


async def note(connection: Connection, receipts: Sequence[ReceiptRow]) -> set[int]:
    """Note receipts; who has read a message has it too.

    Returns the places of those that fit a delivery.
    """
    cursor = await connection.execute(
        """
        WITH heard AS (
            SELECT v.place, d.run_id, d.group_id, v.at, v.read,
                   member_of(d.group_id, v.participant) AS participant
            FROM json_to_recordset(%s) AS v (
                place integer, account text, message text, participant text, at timestamptz,
                read boolean)
            JOIN deliveries d ON d.account_id = v.account AND d.message_id = v.message
        ), noted AS (
            INSERT INTO receipts (run_id, group_id, participant, delivered_at, read_at)
            SELECT run_id, group_id, participant, min(at), min(at) FILTER (WHERE read)
            FROM heard GROUP BY run_id, group_id, participant
            ON CONFLICT (run_id, group_id, participant) DO UPDATE SET
                read_at = coalesce(receipts.read_at, EXCLUDED.read_at)
        ), received AS (
            UPDATE deliveries d SET received_at = h.at
            FROM (SELECT run_id, group_id, min(at) AS at FROM heard GROUP BY run_id, group_id) h
            WHERE d.run_id = h.run_id AND d.group_id = h.group_id AND d.received_at IS NULL
        )
        SELECT DISTINCT place FROM heard
        """,
        [as_json([row for place, each in enumerate(receipts) for row in each.rows(place)])],
    )
    return {place async for (place,) in cursor}
