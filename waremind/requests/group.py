"""Requests about groups."""

from msgspec import Struct

from waremind.objects import Group
from waremind.requests.core import Request


class GroupResult(Struct, frozen=True):
    """One group."""

    group: Group


class Groups(Struct, frozen=True):
    """Groups by account and name."""

    groups: list[Group]


class GroupList(Request[Groups], frozen=True, kw_only=True):
    method = "group.list"
    account: str | None = None
    search: str | None = None


class GroupShow(Request[GroupResult], frozen=True, kw_only=True):
    method = "group.show"
    group: str
