"""`waremind reminder …`: looking at reminders, pausing and deleting them."""

from collections.abc import Iterable
from typing import Annotated, Literal

import typer

from waremind.cli import confirmation
from waremind.cli import reminder_views as views
from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.cli.options import (
    AccountFilter,
    Check,
    ExitStatus,
    MissingOk,
    NoWait,
    ReminderArgument,
    SendTimeout,
    Yes,
)
from waremind.cli.reminder_ics import export, import_
from waremind.cli.reminder_options import Crontab, OnCalendar
from waremind.cli.reminder_words import Calendars
from waremind.cli.reminder_writing import edit, writer, written
from waremind.cli.waiting import finish, wait_for_run
from waremind.domain.duration import parse_duration
from waremind.domain.quoting import quoted
from waremind.errors import ErrorCode, WaremindError
from waremind.objects import Reminder
from waremind.requests import reminder as requests
from waremind.requests.calendar import CalendarList
from waremind.requests.plan import ReminderMove, ReminderSkip, ReminderUnskip
from waremind.requests.run import ReminderRun

commands = Commands("reminder", "Texts that go to groups, once or by a rule.")

State = Literal["active", "paused", "finished"]


_add = writer(requests.ReminderAdd)
_set = writer(requests.ReminderSet)
_SET = "Add a reminder, change it, or leave it as it is."
commands.verb("add", help="Add a reminder.", epilog=views.EXAMPLES)(_add)
commands.verb("set", help=_SET, epilog=views.EXAMPLES)(_set)
commands.verb()(edit)
commands.verb("import")(import_)
commands.verb()(export)


@commands.verb("list")
def list_(
    cli: Invocation,
    *,
    account: AccountFilter = None,
    state: Annotated[State | None, typer.Option("--state", help="Only in this state.")] = None,
) -> None:
    """List reminders."""
    result = cli.call(requests.ReminderList(account=account, state=state))
    calendars = _kept(cli, result.reminders)
    cli.show(result, lambda found: views.table(found, calendars))
    if not result.reminders:
        cli.note(
            "no reminder fits"
            if account or state
            else "no reminder yet; waremind reminder add --help shows how to make one"
        )


@commands.verb()
def show(cli: Invocation, reminder: ReminderArgument, *, exit_status: ExitStatus = False) -> None:
    """Show a reminder, when it fires next, and how it went last time."""
    result = cli.call(requests.ReminderShow(reminder=reminder))
    calendars = _kept(cli, [result.reminder])
    cli.show(result, lambda found: views.record(found, calendars))
    cli.settle(asked=exit_status, good=not result.reminder.attention)


def _kept(cli: Invocation, reminders: Iterable[Reminder]) -> Calendars:
    """Ask what the calendars are that reminders keep, where a person reads of them."""
    if cli.output.json or not any(reminder.off for reminder in reminders):
        return {}
    return {each.name: each for each in cli.call(CalendarList()).calendars}


@commands.verb("next", epilog=views.NEXT_EXAMPLES)
def next_(
    cli: Invocation,
    reminder: Annotated[
        str | None, typer.Argument(metavar="REMINDER", help="Name or id; or give a --rrule.")
    ] = None,
    *,
    rrule: Annotated[
        str | None, typer.Option("--rrule", metavar="RULE", help="Preview this rule instead.")
    ] = None,
    crontab: Crontab = None,
    on_calendar: OnCalendar = None,
    start: Annotated[
        str | None, typer.Option("--start", metavar="WHEN", help="Where that rule starts.")
    ] = None,
    tz: Annotated[str | None, typer.Option("--tz", metavar="ZONE", help="Its zone.")] = None,
    count: Annotated[
        int, typer.Option("-n", "--count", min=1, metavar="N", help="How many times.")
    ] = 10,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="WHEN", help="The first time to look at.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what is special about a time.")
    ] = False,
    text: Annotated[bool, typer.Option("--text", help="Print what will be sent.")] = False,
) -> None:
    """Show exactly when a reminder fires next, or when a rule would."""
    request = requests.ReminderNext(
        reminder=reminder,
        rrule=rrule,
        crontab=crontab,
        on_calendar=on_calendar,
        start=start,
        tz=tz,
        count=count,
        from_=from_,
        explain=explain,
        text=text,
    )
    result = cli.call(request)
    cli.show(result, views.times)
    if not result.occurrences:
        cli.note("it does not fire any more")


@commands.verb()
def pause(cli: Invocation, reminder: ReminderArgument, *, check: Check = False) -> None:
    """Pause a reminder: what is due meanwhile is skipped."""
    result = cli.call(requests.ReminderPause(reminder=reminder, check=check))
    cli.changed(result, f"reminder {quoted(reminder)}", "paused")


@commands.verb()
def resume(cli: Invocation, reminder: ReminderArgument, *, check: Check = False) -> None:
    """Let a paused reminder fire again."""
    result = cli.call(requests.ReminderResume(reminder=reminder, check=check))
    cli.changed(result, f"reminder {quoted(reminder)}", "resumed", *views.upcoming(result))


@commands.verb()
def skip(
    cli: Invocation,
    reminder: ReminderArgument,
    when: Annotated[
        str | None, typer.Argument(metavar="WHEN", help="Its own time; without: the next one.")
    ] = None,
    *,
    count: Annotated[
        int | None, typer.Option("-n", "--count", min=1, metavar="N", help="The next so many.")
    ] = None,
    check: Check = False,
) -> None:
    """Skip one occurrence, or the next ones."""
    if when is not None and count is not None:
        message = "cannot read the command line: WHEN and -n exclude each other"
        raise WaremindError(ErrorCode.USAGE, message, hint="leave one of them out")
    request = ReminderSkip(reminder=reminder, at=when, count=count or 1, check=check)
    written(cli, cli.call(request), reminder, "skipped")


@commands.verb()
def unskip(
    cli: Invocation,
    reminder: ReminderArgument,
    when: Annotated[str, typer.Argument(metavar="WHEN", help="Its own time.")],
    *,
    check: Check = False,
) -> None:
    """Take back what skip or move has done to an occurrence."""
    request = ReminderUnskip(reminder=reminder, at=when, check=check)
    written(cli, cli.call(request), reminder, "put back")


@commands.verb()
def move(
    cli: Invocation,
    reminder: ReminderArgument,
    when: Annotated[str, typer.Argument(metavar="WHEN", help="Its own time.")],
    *,
    to: Annotated[str, typer.Option("--to", metavar="WHEN", help="When it fires instead.")],
    check: Check = False,
) -> None:
    """Move one occurrence to another time."""
    request = ReminderMove(reminder=reminder, at=when, to=to, check=check)
    written(cli, cli.call(request), reminder, "moved")


@commands.verb("run")
def run_(
    cli: Invocation,
    reminder: ReminderArgument,
    *,
    to: Annotated[
        list[str] | None,
        typer.Option("--to", metavar="GROUP", help="Rehearse it there, not in its own groups."),
    ] = None,
    timeout: SendTimeout = "60s",
    no_wait: NoWait = False,
    check: Check = False,
) -> None:
    """Fire a reminder now, beside its rule; wait until it is sent."""
    seconds = parse_duration(timeout, flag="--timeout").total_seconds()
    request = ReminderRun(
        reminder=reminder,
        to=tuple(to or ()),
        timeout_seconds=seconds,
        wait=not no_wait,
        check=check,
    )
    name = f"rehearsal of {quoted(reminder)}" if to else f"reminder {quoted(reminder)}"
    finish(cli, wait_for_run(cli, request, name), name, no_wait=no_wait)


@commands.verb()
def delete(
    cli: Invocation,
    reminder: ReminderArgument,
    *,
    yes: Yes = False,
    missing_ok: MissingOk = False,
    check: Check = False,
) -> None:
    """Delete a reminder with its runs."""

    def ask(check: bool) -> requests.ReminderDeleted:  # noqa: FBT001 - the one thing it differs in
        request = requests.ReminderDelete(reminder=reminder, missing_ok=missing_ok, check=check)
        return cli.call(request)

    confirmation.delete(cli, f"reminder {quoted(reminder)}", ask, views.loss, yes=yes, check=check)
