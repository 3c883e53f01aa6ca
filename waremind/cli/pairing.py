"""Watching a pairing: the QR or the code as it rotates, until the account is connected."""

import sys
from contextlib import closing
from pathlib import Path

import typer

from waremind.cli.display import Display, Form, Scroll
from waremind.cli.invocation import CHANGES_PENDING, Invocation
from waremind.cli.live_events import Moment, ended_by_signals, live_events, stop
from waremind.cli.progress import Progress
from waremind.cli.qr_file import QrFile
from waremind.cli.views import here
from waremind.domain.quoting import quoted
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import (
    AccountPair,
    PairCode,
    PairConnected,
    PairEvent,
    PairPending,
    PairQr,
)

_TYPE_IT = (
    "On the phone: WhatsApp > Linked devices > Link a device > Link with phone number instead"
)


def check_form(form: Form, file: Path | None) -> None:
    """Refuse a form that has nowhere to go.

    Raises WaremindError `usage`.
    """
    if form == "png" and file is None:
        message = "cannot show a PNG here: it needs a FILE"
        raise WaremindError(ErrorCode.USAGE, message, hint="add: -o FILE")


def begin(cli: Invocation, request: AccountPair) -> None:
    """Begin a pairing and leave it running; with `check`, say whether it would begin."""
    result = cli.call(request)
    cli.output.document(result, lambda _: ())
    cli.note(_begun(result, request.account))
    _note_old_device(cli, result)
    if isinstance(result, PairConnected) and result.check is True and result.changed:
        raise typer.Exit(CHANGES_PENDING)


def _note_old_device(cli: Invocation, event: PairPending | PairConnected) -> None:
    if isinstance(event, PairPending) and not event.device_removed:
        cli.note("the phone still lists the old device: remove it there, under Linked devices")


def _begun(result: PairPending | PairConnected, account: str) -> str:
    match result:
        case PairPending():
            return f"{_name(account)} is being paired; {_command('pair', account)} joins it"
        case PairConnected(changed=True):
            return f"{_name(account)} would be paired"
        case PairConnected():
            return f"{_name(account)}: nothing to do"


def watch(cli: Invocation, request: AccountPair, form: Form, file: Path | None) -> None:
    """Pair, and show what the phone needs until the account is connected."""
    try:
        last = _shown(cli, request, form, file)
    except (KeyboardInterrupt, SystemExit):
        for line in _left(request.account):
            cli.note(line)
        raise
    except WaremindError:
        cli.output.event({"type": "failed"})
        raise
    cli.note(_ended(last, request.account))


def _shown(
    cli: Invocation, request: AccountPair, form: Form, file: Path | None
) -> PairEvent | None:
    last: PairEvent | None = None
    display = _display(cli, request, form, file)
    with ended_by_signals(), closing(display), cli.client() as client:
        for event in live_events(client.watch(request, PairEvent)):
            if isinstance(event, Moment):
                _do(event, display)
            else:
                last = event
                cli.output.event(event)
                _show(cli, display, event)
    return last


def _do(moment: Moment, display: Display) -> None:
    match moment:
        case Moment.CLOCK:
            display.update()
        case Moment.REDRAW:
            display.redraw()
        case Moment.STOP:
            display.pause()
            stop()


def _display(cli: Invocation, request: AccountPair, form: Form, file: Path | None) -> Display:
    if file is not None:
        return QrFile(cli.output, form, file)
    if cli.obj.json:
        return Display()
    if not cli.output.draws(sys.stdout) or form == "raw":
        return Scroll(cli.output, form)
    from waremind.cli.screen import Screen  # noqa: PLC0415 - only people need it

    what = f"waiting for WhatsApp to pair {_name(request.account)}"
    return Screen(cli.output, form, Progress(cli.output, what, request.timeout_seconds))


def _show(cli: Invocation, display: Display, event: PairEvent) -> None:
    match event:
        case PairPending():
            display.pause()
            cli.note(f"{_name(event.account.label)} is being paired")
            _note_old_device(cli, event)
        case PairQr():
            display.show(event)
        case PairCode():
            display.pause()
            cli.note(_TYPE_IT)
            cli.note(f"and type this code until {here(event.expires_at)}:")
            if not cli.obj.json:
                cli.output.line(event.code)
        case PairConnected():
            pass  # said when the screen is the person's own again


def _ended(last: PairEvent | None, account: str) -> str:
    match last:
        case PairConnected(changed=True, account=paired):
            who = paired.phone or paired.jid
            return f"{_name(account)} is connected" + (f" as {who}" if who else "")
        case _:
            return f"{_name(account)}: nothing to do, it is connected"


def _left(account: str) -> list[str]:
    return [
        "a pairing that has begun goes on without you",
        f"join it:   {_command('pair', account)}",
        f"cancel it: {_command('unpair', account)}",
    ]


def _name(account: str) -> str:
    return f"account {quoted(account)}"


def _command(verb: str, account: str) -> str:
    return f"waremind account {verb} {quoted(account)}"
