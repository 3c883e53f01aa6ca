"""The request for events, and what its stream carries."""

from msgspec import Struct

from waremind.objects import Timestamp
from waremind.requests.core import Request


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened; `account`, `reminder`, `run` and `group` are ids.

    Ids grow and never repeat. They may leave numbers out: what was undone had drawn them.
    """

    id: int
    at: Timestamp
    type: str
    account: str | None
    reminder: str | None
    run: str | None
    group: str | None
    data: dict[str, object]


class EventsEnd(Struct, frozen=True, tag="end"):
    """The end of the stream: all up to the id `resume` was told of, as far as it was asked for."""

    resume: int


class EventsOverflow(Struct, frozen=True, tag="overflow"):
    """The end of a stream whose reader was too slow: ask for what comes after the id `resume`."""

    resume: int


class Events(Request[EventsEnd | EventsOverflow], frozen=True, kw_only=True):
    """Streams `Event`s in the order of their ids; with `follow`, also those to come.

    `since` is an id, an RFC 3339 time or a duration; without it they begin with the oldest that is
    kept, with `follow` now. `types` are names or patterns such as `account.*`.
    """

    method = "events"
    follow: bool = False
    since: str | None = None
    types: tuple[str, ...] = ()
