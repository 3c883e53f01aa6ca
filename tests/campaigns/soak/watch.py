"""Someone who asks for the status all the time: how long it takes, and whether it is true."""

from __future__ import annotations

import time
from threading import Event

from campaigns.outages.watch import is_late
from campaigns.soak.town import Town
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.daemon import Status

PAUSE_SECONDS = 0.25
# An outage of PostgreSQL is part of the life; how long its end takes is not measured here.
OUTAGE = {ErrorCode.DATABASE_UNAVAILABLE}


class Watch:
    """Asks until the end; `seconds` are the answers' times."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self.seconds: list[float] = []

    def keep(self, end: Event) -> None:
        """Ask until the end."""
        while not end.wait(PAUSE_SECONDS):
            late, before = is_late(self._town.database), time.monotonic()
            try:
                report = self._town.daemon.call(Status())
            except WaremindError as error:
                self._town.count(f"status answered: {error.code}")
                if error.code not in OUTAGE:
                    self._town.fault(f"status: {error}")
            else:
                if report.runs:  # how long it takes to see that there is no database is fixed
                    self.seconds.append(time.monotonic() - before)
                if report.ok and late and is_late(self._town.database):
                    self._town.fault("status is ok while something is overdue")

    def quantile(self, share: float) -> float:
        """Tell within how many seconds a share of the answers came."""
        return sorted(self.seconds)[int(share * (len(self.seconds) - 1))]
