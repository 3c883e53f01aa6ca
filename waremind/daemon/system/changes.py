"""The one place where whoever changes something says so, and whoever has to know hears of it."""

from collections.abc import Collection, Sequence

from waremind.store.accounts import AccountRow
from waremind.store.deliveries import ChangedDelivery


class Subscriber:
    """Who hears of changes, each when it is written; what it has no method for does not concern it.

    A method only takes note: whoever says that something has changed does not wait.
    """

    def account_changed(self, before: AccountRow, row: AccountRow) -> None:
        """Hear that the row of an account is another now."""

    def account_deleted(self, account: str) -> None:
        """Hear that an account (its id) is gone with all that belongs to it."""

    def account_added(self, account: str) -> None:
        """Hear that an account (its id) is new, and this node's."""

    def account_let_go(self, account: str) -> None:
        """Hear that an account (its id) is this node's no longer."""

    def accounts_lost(self, accounts: Collection[str]) -> None:
        """Hear that these accounts (ids) are this node's no longer: others may have them."""

    def accounts_claimed(self, rows: Collection[AccountRow], *, afresh: bool) -> None:
        """Hear that these accounts are this node's from now on; `afresh`: no other one had them."""

    def accounts_surplus(self, accounts: Sequence[str]) -> None:
        """Hear what accounts (ids) this node is to give away, and no others, in this order."""

    def work_for(self, accounts: Collection[str]) -> None:
        """Hear that these accounts (ids) may have something to send."""

    def runs_changed(self, deliveries: Collection[ChangedDelivery]) -> None:
        """Hear that something of runs was held, released or ended."""


class Changes(Subscriber):
    """Tells all subscribers, in the order in which they have subscribed."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def subscribe(self, *subscribers: Subscriber) -> None:
        """Let these hear of all changes from now on."""
        self._subscribers += subscribers

    def account_changed(self, before: AccountRow, row: AccountRow) -> None:
        """Say that the row of an account is another now."""
        for each in self._subscribers:
            each.account_changed(before, row)

    def account_deleted(self, account: str) -> None:
        """Say that an account (its id) is gone with all that belongs to it."""
        for each in self._subscribers:
            each.account_deleted(account)

    def account_added(self, account: str) -> None:
        """Say that an account (its id) is new, and this node's."""
        for each in self._subscribers:
            each.account_added(account)

    def account_let_go(self, account: str) -> None:
        """Say that an account (its id) is this node's no longer."""
        for each in self._subscribers:
            each.account_let_go(account)

    def accounts_lost(self, accounts: Collection[str]) -> None:
        """Say that these accounts (ids) are this node's no longer: others may have them."""
        for each in self._subscribers if accounts else ():
            each.accounts_lost(accounts)

    def accounts_claimed(self, rows: Collection[AccountRow], *, afresh: bool) -> None:
        """Say that these accounts are this node's from now on; `afresh`: no other one had them."""
        for each in self._subscribers if rows else ():
            each.accounts_claimed(rows, afresh=afresh)

    def accounts_surplus(self, accounts: Sequence[str]) -> None:
        """Say what accounts (ids) this node is to give away, and no others, in this order."""
        for each in self._subscribers:
            each.accounts_surplus(accounts)

    def work_for(self, accounts: Collection[str]) -> None:
        """Say that these accounts (ids) may have something to send."""
        for each in self._subscribers:
            each.work_for(accounts)

    def runs_changed(self, deliveries: Collection[ChangedDelivery]) -> None:
        """Say that something of runs was held, released or ended, when there is any such."""
        for each in self._subscribers if deliveries else ():
            each.runs_changed(deliveries)
