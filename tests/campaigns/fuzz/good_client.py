"""A well-behaved client: asks `status` all the time, and has a reminder sent every now and then.

Arguments: the socket, an account, its group. Ends at the end of its input, and says as JSON what
was to be sent and how long each answer took.
"""

from __future__ import annotations

import json
import select
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from waremind.client import Client
from waremind.requests.daemon import Status
from waremind.requests.reminder import ReminderAdd

PAUSE_SECONDS = 0.05
REMIND_SECONDS = 0.5


def main(socket: str, account: str, group: str) -> None:
    seconds: list[float] = []
    texts: list[str] = []
    begin = time.monotonic()
    with Client(Path(socket)) as client:
        while not select.select([sys.stdin], [], [], PAUSE_SECONDS)[0]:
            asked = time.monotonic()
            client.call(Status())
            seconds.append(time.monotonic() - asked)
            if asked - begin >= REMIND_SECONDS * len(texts):
                texts.append(f"good {len(texts)}")
                at = datetime.now(UTC).isoformat(timespec="seconds")
                client.call(
                    ReminderAdd(name=texts[-1], account=account, to=[group], text=texts[-1], at=at)
                )
    json.dump({"reminders": texts, "seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
