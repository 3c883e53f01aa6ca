"""Arguments and options that several commands share."""

from typing import Annotated

import typer

Check = Annotated[
    bool, typer.Option("--check", help="Change nothing; exit 10 if something would change.")
]
ExitStatus = Annotated[
    bool, typer.Option("--exit-status", help="Exit 3 unless all is as it should be.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
ExistOk = Annotated[bool, typer.Option("--exist-ok", help="Exit 0 if the name is taken.")]
MissingOk = Annotated[bool, typer.Option("--missing-ok", help="Exit 0 if there is none.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the end.")]

AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Label or id.")]
AccountFilter = Annotated[
    str | None, typer.Option("--account", "-a", metavar="ACCOUNT", help="Only of this account.")
]
AccountOption = Annotated[
    str, typer.Option("--account", "-a", metavar="ACCOUNT", help="Account that sends.")
]
GroupArgument = Annotated[str, typer.Argument(metavar="GROUP", help="Name, id or JID.")]
ReminderArgument = Annotated[str, typer.Argument(metavar="REMINDER", help="Name or id.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Id.")]

Since = Annotated[
    str | None,
    typer.Option("--since", metavar="WHEN", help="Only newer: 1d, 2h30m, or an RFC 3339 time."),
]
Limit = Annotated[int, typer.Option("--limit", min=0, metavar="N", help="At most N; 0: all.")]
SendTimeout = Annotated[
    str, typer.Option("--timeout", metavar="DURATION", help="How long to wait for the end.")
]
