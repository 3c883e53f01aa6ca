"""Marks of deliveries as being sent that are to be taken back, as nothing was sent.

Either a freeze came between the mark and its time, or PostgreSQL was gone before it could say
whether the mark was written.
"""

import contextlib
from collections.abc import Generator, Sequence
from datetime import datetime
from typing import NamedTuple


class Marking(NamedTuple):
    """Accounts of which a delivery was marked, or was to be marked, and when."""

    accounts: Sequence[str]
    at: datetime


class TakeBacks:
    """The markings to be taken back, each by one lane only: a mark made since then has to stay."""

    def __init__(self) -> None:
        self._waiting: list[Marking] = []
        self._under_way: list[Marking] = []

    def add(self, accounts: Sequence[str], at: datetime) -> None:
        """Take back what was marked of these accounts at `at`, if it was."""
        self._waiting.append(Marking(accounts, at))

    @contextlib.contextmanager
    def taking(self) -> Generator[list[Marking]]:
        """Give what waits to whoever takes it back in the block; on an exception it waits again."""
        taken, self._waiting = self._waiting, []
        self._under_way += taken
        try:
            yield taken
        except BaseException:
            self._waiting += taken
            raise
        finally:
            self._under_way = [each for each in self._under_way if each not in taken]

    @property
    def waiting(self) -> set[str]:
        """The accounts of which something is to be taken back."""
        return {account for marking in self._waiting for account in marking.accounts}

    @property
    def under_way(self) -> set[str]:
        """The accounts of which something is being taken back."""
        return {account for marking in self._under_way for account in marking.accounts}
