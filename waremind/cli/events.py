"""`waremind events`."""

import time
from collections.abc import Iterator
from typing import Annotated, NoReturn

import typer
from msgspec.structs import replace

from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.cli.views import here
from waremind.domain.quoting import quoted
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.events import Event, Events, EventsOverflow

commands = Commands()

# What ends when the daemon, or its PostgreSQL, is back.
PASSING = {ErrorCode.DAEMON_UNREACHABLE, ErrorCode.DATABASE_UNAVAILABLE, ErrorCode.BUSY}
RETRY_SECONDS = 0.5

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with those to come, for ever.")]
SinceEvent = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="ID|WHEN",
        help="Only after this id, or newer: 1d, 2h30m, or an RFC 3339 time.",
    ),
]
Types = Annotated[
    list[str] | None,
    typer.Option(
        "--type", metavar="TYPE", help="Only such: delivery.failed, account.*; repeatable."
    ),
]


@commands.verb()
def events(
    cli: Invocation, *, follow: Follow = False, since: SinceEvent = None, types: Types = None
) -> None:
    """Print what happened, one event a line, in order.

    With --follow it goes on after the daemon was restarted, and leaves nothing out.
    """
    request = Events(since=since, types=tuple(types or ()))
    if not follow:
        _print(cli, request)
        return
    # Now is an id: the daemon may be restarted before anything happens.
    newest = cli.call(Events(since="0s")).resume
    _follow(cli, replace(request, follow=True, since=since or str(newest)))


def _follow(cli: Invocation, request: Events) -> NoReturn:
    """Print what happens; when the daemon is back, ask it for what comes after the last event."""
    is_away = False
    while True:
        try:
            for event in _stream(cli, request):
                request = replace(request, since=str(event.id))
                is_away = False
        except WaremindError as failure:
            if failure.code not in PASSING:
                raise
            if not is_away:
                cli.note(f"{failure.message}; it is waited for")
            is_away = True
            time.sleep(RETRY_SECONDS)


def _print(cli: Invocation, request: Events) -> None:
    for _ in _stream(cli, request):
        pass


def _stream(cli: Invocation, request: Events) -> Iterator[Event]:
    """Print each event of a stream, and yield it."""
    with cli.client() as client:
        for told in client.watch(request, Event):
            if isinstance(told, Event):
                cli.output.event(told)
                if not cli.output.json:
                    cli.output.line(_line(told))
                yield told
            elif isinstance(told, EventsOverflow):
                cli.output.event(told)
                raise _too_slow(told.resume)


def _line(event: Event) -> str:
    ids = (event.account, event.reminder, event.run, event.group)
    data = (
        f"{name}={quoted(str(value))}" for name, value in event.data.items() if value is not None
    )
    return " ".join([str(event.id), here(event.at), event.type, *filter(None, ids), *data])


def _too_slow(resume: int) -> WaremindError:
    return WaremindError(
        ErrorCode.TIMED_OUT,
        f"cannot follow events further: nothing was read for too long, after event {resume}",
        hint=f"read faster, and go on: waremind events --follow --since {resume}",
    )
