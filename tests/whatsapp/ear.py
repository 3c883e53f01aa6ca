"""What a test hears of a session, and how it waits for it."""

from __future__ import annotations

import asyncio

from waremind.domain.lifecycle import Cause
from waremind.whatsapp.reports import AnyReport, Code, LifeReport

PATIENCE_SECONDS = 20.0


class Ear:
    """Keeps the reports; each wait goes on behind the one before."""

    def __init__(self) -> None:
        self.reports: list[AnyReport] = []
        self._news = asyncio.Event()
        self._heard = 0

    def __call__(self, report: AnyReport) -> None:
        self.reports.append(report)
        self._news.set()

    @property
    def causes(self) -> list[Cause]:
        return [report.cause for report in self.reports if isinstance(report, LifeReport)]

    async def next(self, kind: type, seconds: float = PATIENCE_SECONDS) -> AnyReport:
        """Wait for the next report of a kind, passing over others."""
        async with asyncio.timeout(seconds):
            while True:
                for position in range(self._heard, len(self.reports)):
                    if isinstance(self.reports[position], kind):
                        self._heard = position + 1
                        return self.reports[position]
                self._news.clear()
                await self._news.wait()

    async def turn(self, cause: Cause, seconds: float = PATIENCE_SECONDS) -> LifeReport:
        """Wait for the next turn, which must be this one."""
        report = await self.next(LifeReport, seconds)
        assert isinstance(report, LifeReport)
        assert report.cause is cause, report
        return report

    async def code(self, seconds: float = PATIENCE_SECONDS) -> Code:
        """Wait for the next code."""
        report = await self.next(Code, seconds)
        assert isinstance(report, Code)
        return report
