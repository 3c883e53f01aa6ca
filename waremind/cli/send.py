"""`waremind send`."""

from typing import Annotated

import typer

from waremind.cli.commands import Commands
from waremind.cli.invocation import Invocation
from waremind.cli.media import DocumentFile, FileName, ImageFile, given_file
from waremind.cli.message import Text, TextFile, message_text
from waremind.cli.options import AccountOption, Check, NoWait, SendTimeout
from waremind.cli.reminder_options import Mention
from waremind.cli.waiting import finish, wait_for_run
from waremind.domain.duration import parse_duration
from waremind.domain.quoting import quoted
from waremind.requests.run import Send

commands = Commands()


@commands.verb(
    epilog="""\b
Examples:
  waremind send --account ops --to Team --text "Deploy is done"
  df -h | waremind send --account ops --to Team --text-file - --key nightly
  waremind send --account ops --to Team --image board.png --text "The board"
"""
)
def send(
    cli: Invocation,
    *,
    account: AccountOption,
    to: Annotated[
        list[str], typer.Option("--to", metavar="GROUP", help="Group; repeat it for more.")
    ],
    text: Text = None,
    text_file: TextFile = None,
    image: ImageFile = None,
    document: DocumentFile = None,
    file_name: FileName = None,
    mention: Mention = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="K", help="Never send twice with this in 24 h.")
    ] = None,
    timeout: SendTimeout = "60s",
    no_wait: NoWait = False,
    check: Check = False,
) -> None:
    """Send a text, image or document now, and wait for its end."""
    file = given_file(image, document, file_name, text_file)
    request = Send(
        account=account,
        to=to,
        text=message_text(text, text_file, needed=file is None),
        media=file and file.media,
        mention=mention or [],
        key=key,
        timeout_seconds=parse_duration(timeout, flag="--timeout").total_seconds(),
        wait=not no_wait,
        check=check,
    )
    message = f"message to {', '.join(map(quoted, to))}"
    finish(cli, wait_for_run(cli, request, message, file), message, no_wait=no_wait)
