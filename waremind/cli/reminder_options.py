"""The options that say when a reminder fires and what bends its rule."""

from typing import Annotated

import typer

from waremind.objects import MisfireRule, OnOffRule

At = Annotated[str | None, typer.Option("--at", metavar="WHEN", help="Once: 2026-12-01T09:00.")]
Rrule = Annotated[
    str | None, typer.Option("--rrule", metavar="RULE", help="Again and again: RFC 5545.")
]
Crontab = Annotated[
    str | None, typer.Option("--cron", metavar="LINE", help='As crontab(5): "0 9 * * 1-5".')
]
OnCalendar = Annotated[
    str | None,
    typer.Option("--on-calendar", metavar="WHEN", help='As systemd.time(7): "Mon..Fri 09:00".'),
]
Start = Annotated[
    str | None,
    typer.Option("--start", metavar="WHEN", help="Where the rule starts (--cron: today)."),
]
Tz = Annotated[
    str | None, typer.Option("--tz", metavar="ZONE", help="Time zone, such as Europe/Berlin.")
]
Grace = Annotated[
    str | None, typer.Option("--grace", metavar="DURATION", help="How late is too late: 10m.")
]
Misfire = Annotated[
    MisfireRule | None,
    typer.Option("--misfire", help="What becomes of those that are too late."),
]
MentionAll = Annotated[
    bool | None,
    typer.Option(
        "--mention-all/--no-mention-all", help="Mention every member.", show_default=False
    ),
]
Except = Annotated[
    list[str] | None,
    typer.Option("--except", metavar="WHEN", help="Leave out the occurrence of this time; repeat."),
]
Also = Annotated[
    list[str] | None, typer.Option("--also", metavar="WHEN", help="Fire then, too; repeat it.")
]
Off = Annotated[
    list[str] | None,
    typer.Option("--off", metavar="CALENDAR", help="Keep its days off; repeat it for more."),
]
Workdays = Annotated[
    str | None, typer.Option("--workdays", metavar="DAYS", help="MO-FR: all others are days off.")
]
OnDayOff = Annotated[
    OnOffRule | None, typer.Option("--on-off", help="What becomes of one on a day off.")
]
Before = Annotated[
    list[str] | None,
    typer.Option("--before", metavar="DURATION", help="Send it ahead, too: 1d; repeat it."),
]
Quiet = Annotated[
    str | None,
    typer.Option(
        "--quiet-hours",
        metavar="HOURS",
        help="Send nothing then: 22:00-07:00, or none; also --quiet HOURS.",
    ),
]
Rotate = Annotated[
    str | None,
    typer.Option("--rotate", metavar="NAMES|@FILE", help="Whose turn it is: Ana,Ben,Cem."),
]
FollowUp = Annotated[
    str | None,
    typer.Option("--follow-up", metavar="DURATION", help="Say it once more then: 2h."),
]
UnlessRead = Annotated[
    str | None,
    typer.Option("--unless-read", metavar="PERCENT", help="But not where so many have read it."),
]
RotateSkipped = Annotated[
    bool | None,
    typer.Option(
        "--rotate-skipped/--no-rotate-skipped",
        help="Let those that are left out use up a turn.",
        show_default=False,
    ),
]
Fields = Annotated[
    bool | None,
    typer.Option(
        "--fields/--no-fields",
        help="Fill in {date} {time} {weekday} {days_left} {n} {turn}.",
        show_default=False,
    ),
]
Mention = Annotated[
    list[str] | None,
    typer.Option("--mention", metavar="MEMBER", help="Number, LID or {turn}; repeat it for more."),
]
UntilDay = Annotated[
    str | None, typer.Option("--until-day", metavar="DAY", help="What {days_left} counts to.")
]
