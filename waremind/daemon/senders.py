"""The accounts as those who send see them."""

from datetime import datetime
from typing import Protocol

from waremind.whatsapp.gateway import Session


class Senders(Protocol):
    """Whether an account can send, and what to send with; accounts are named by id."""

    def label(self, account: str) -> str:
        """Name the account to a person; by its id when it is gone."""
        ...

    def is_connected(self, account: str) -> bool:
        """Tell whether the account is connected now."""
        ...

    def is_starting(self, account: str) -> bool:
        """Tell whether the account is about to be connected, which has a bound."""
        ...

    def session(self, account: str) -> Session | None:
        """Give the open session of a connected account."""
        ...

    def linked_at(self, account: str) -> datetime | None:
        """Say when the account's device was linked."""
        ...

    def restrict(self, account: str, until: datetime) -> None:
        """Note that WhatsApp lets the account send no more until then."""
        ...
