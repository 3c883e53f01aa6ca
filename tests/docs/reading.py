"""Reading a page as a person does: everything is typed, saved, and compared with the page."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path

from docs.pages import Block
from docs.shell import STRICT, Shell
from docs.transcripts import is_as_printed, steps

_CRON = re.compile(r"(?:@\w+|(?:\S+\s+){5})(?P<command>.+)")

ELSEWHERE = ("skip", "systemd", "debian", "machine")


class Reader:
    """Does what the blocks of one page say, in one shell; a daemon of theirs ends with `life`."""

    def __init__(self, shell: Shell, directory: Path, life: contextlib.ExitStack) -> None:
        self._shell = shell
        self._directory = directory
        self._life = life
        self._types: dict[str, Callable[[Block], None]] = {
            "sh": self._script,
            "console": self._transcript,
            "cron": self._crontab,
        }

    def follow(self, block: Block) -> None:
        """Do what a block says."""
        if block.word == "file":
            (self._directory / block.detail).write_text(block.body)
        elif block.word == "daemon":
            self._life.enter_context(self._shell.daemon(block.body))
        elif block.is_command and block.word not in ELSEWHERE:
            self._types[block.language](block)

    def _script(self, block: Block) -> None:
        code, printed = self._shell.run(block.body, STRICT)
        assert code == 0, f"{block} ended with {code}:\n{printed}"

    def _transcript(self, block: Block) -> None:
        for command, expected in steps(block.body):
            _, printed = self._shell.run(command)
            assert is_as_printed(expected, printed), f"{block}: {command}printed:\n{printed}"

    def _crontab(self, block: Block) -> None:
        """Run the command of each line as cron does: a bare `%` would end it."""
        for line in block.body.splitlines():
            entry = _CRON.fullmatch(line)
            if entry and not line.startswith("#"):
                command = re.split(r"(?<!\\)%", entry["command"])[0].replace("\\%", "%")
                code, printed = self._shell.run(command, STRICT)
                assert code == 0, f"{block}: {line}\nended with {code}:\n{printed}"
