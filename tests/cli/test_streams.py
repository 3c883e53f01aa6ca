"""Streams, usage errors, interruptions: what holds for every command."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from cli import samples
from cli.conftest import PROGRAM, OnTerminal, Waremind
from cli.played_daemon import SILENCE, PlayedDaemon

from waremind import __version__
from waremind.client import Client
from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import AccountList, Accounts
from waremind.requests.daemon import Status
from waremind.requests.group import GroupList, Groups
from waremind.requests.run import Send


def test_the_version_alone_is_printed_at_once(waremind: Waremind) -> None:
    assert waremind("--version").out == f"{__version__}\n"


def test_without_a_daemon_the_cure_is_to_start_it(waremind: Waremind) -> None:
    ended = waremind("status", "--json")
    assert (ended.code, ended.error["code"]) == (4, "daemon_unreachable")
    assert "waremind daemon" in ended.error["hint"]


def test_the_flag_goes_before_the_environment(
    waremind: Waremind, played: PlayedDaemon, tmp_path: Path
) -> None:
    played.answers[Status] = samples.status()
    nowhere = str(tmp_path / "nowhere")
    assert waremind("status", WAREMIND_SOCKET=nowhere).code == 4
    assert waremind("status", "--socket", str(played.path), WAREMIND_SOCKET=nowhere).code == 0
    assert waremind("--socket", str(played.path), "status", WAREMIND_SOCKET=nowhere).code == 0


def test_a_traceback_needs_debug(waremind: Waremind) -> None:
    assert "Traceback" not in waremind("status").err
    assert "Traceback" in waremind("status", "--debug").err
    assert waremind("status", "--debug", "--json").error["code"] == "daemon_unreachable"


def test_json_is_utf8_in_every_locale(waremind: Waremind, played: PlayedDaemon) -> None:
    played.answers[GroupList] = Groups([samples.group(name="Grüße 🎉")])
    for locale in ("C", "POSIX", "C.UTF-8"):
        ended = waremind("group", "list", "--json", LC_ALL=locale, PYTHONUTF8="0")
        assert ended.document["groups"][0]["name"] == "Grüße 🎉"


def test_a_terminal_that_cannot_show_a_name_gets_it_escaped(
    waremind: Waremind, played: PlayedDaemon
) -> None:
    played.answers[GroupList] = Groups([samples.group(name="Grüße 🎉")])
    ended = waremind("group", "list", PYTHONIOENCODING="ascii:strict")
    assert ended.code == 0
    assert r"Gr\xfc\xdfe \U0001f389" in ended.out


def test_a_reader_that_goes_away_is_no_failure(
    played: PlayedDaemon, environment: dict[str, str]
) -> None:
    played.answers[AccountList] = Accounts([samples.account()] * 5_000)
    command = f"'{PROGRAM}' account list; echo $? >&2"
    shell = ["bash", "-c", f"({command}) | head -n 1"]
    process = subprocess.run(shell, env=environment, capture_output=True, text=True, check=True)
    assert process.stdout.startswith("LABEL")
    assert process.stderr == "141\n"


def test_a_full_disk_is_a_failure_with_its_reason(
    played: PlayedDaemon, environment: dict[str, str]
) -> None:
    played.answers[Status] = samples.status()
    with Path("/dev/full").open("wb") as full:
        command = [PROGRAM, "status", "--json"]
        process = subprocess.run(
            command, env=environment, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert process.returncode == 1
    assert "No space left" in json.loads(process.stderr)["error"]["message"]


@pytest.mark.parametrize("line", ["--version", "--help", "account --help", "version"])
def test_whatever_cannot_be_written_is_told_without_a_traceback(
    line: str, environment: dict[str, str]
) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [PROGRAM, *line.split()]
        process = subprocess.run(
            command, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert process.returncode == 1
    assert process.stderr.splitlines() == [
        "error: cannot write to <stdout>: No space left on device",
        "hint: see where the output goes; what was asked has been done",
    ]


def test_a_closed_stdout_is_no_failure(played: PlayedDaemon, environment: dict[str, str]) -> None:
    played.answers[Status] = samples.status()
    shell = ["bash", "-c", f"'{PROGRAM}' status >&-"]
    process = subprocess.run(shell, env=environment, capture_output=True, check=False)
    assert (process.returncode, process.stderr) == (0, b"")


def test_ctrl_c_ends_a_waiting_command_quietly_with_130(
    on_terminal: OnTerminal, played: PlayedDaemon
) -> None:
    asked = threading.Event()

    def wait(_request: Status) -> object:
        asked.set()
        return SILENCE

    played.answers[Status] = wait
    terminal = on_terminal("status")
    assert asked.wait(30)
    terminal.type("\x03")
    assert terminal.wait_end() == 130
    assert terminal.text() == "^C"


def test_bytes_that_are_not_utf8_are_invalid_input(
    waremind: Waremind, played: PlayedDaemon
) -> None:
    ended = waremind("account", "add", b"\xff", "--json")
    assert (ended.code, ended.error["code"]) == (2, "invalid_input")
    assert played.asked == []


def test_a_text_is_read_from_stdin_less_one_newline(
    waremind: Waremind, played: PlayedDaemon
) -> None:
    played.answers[Send] = WaremindError(ErrorCode.FROZEN)
    words = ["send", "-a", "ops", "--to", "A", "--text-file"]
    waremind(*words, "-", stdin="é\r\ntwo\n\n".encode())
    [request] = played.asked
    assert isinstance(request, Send)
    assert request.text == "é\ntwo\n"


@pytest.mark.parametrize(
    ("content", "code", "reason"),
    [(b"ab\xff", 2, "byte 3 is not UTF-8"), (None, 6, "there is no such file")],
)
def test_a_text_that_cannot_be_read_is_refused(
    content: bytes | None, code: int, reason: str, waremind: Waremind, tmp_path: Path
) -> None:
    file = tmp_path / "text"
    if content is not None:
        file.write_bytes(content)
    ended = waremind("send", "-a", "ops", "--to", "A", "--text-file", str(file), "--json")
    assert ended.code == code
    assert reason in ended.error["message"]


@pytest.mark.parametrize(
    ("redirection", "reason"),
    [("<&-", "standard input is closed"), ("< /dev/zero", "longer than 1048576 bytes")],
)
def test_a_standard_input_that_holds_no_text_is_refused(
    redirection: str, reason: str, environment: dict[str, str]
) -> None:
    command = f"'{PROGRAM}' send -a ops --to A --text-file - --json {redirection}"
    process = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, timeout=30, check=False
    )
    error = json.loads(process.stderr)["error"]
    assert (process.returncode, error["code"]) == (2, "invalid_input")
    assert reason in error["message"]


def test_a_daemon_that_is_silent_is_waited_for_only_so_long(played: PlayedDaemon) -> None:
    played.answers[Status] = SILENCE
    with Client(played.path) as client, pytest.raises(WaremindError) as caught:
        client.call(Status(), patience_seconds=0.05)
    assert caught.value.code is ErrorCode.TIMED_OUT


def test_on_a_terminal_a_table_fits_and_is_coloured(
    on_terminal: OnTerminal, played: PlayedDaemon
) -> None:
    played.answers[AccountList] = Accounts([samples.account(label="long " * 12)])
    terminal = on_terminal("account", "list", columns=60)
    assert terminal.wait_end() == 0
    assert all(len(line) <= 60 for line in terminal.text().splitlines())
    assert "…" in terminal.text()
    assert b"\x1b[32mconnected\x1b[0m" in terminal.written


LONG = WaremindError(ErrorCode.NOT_FOUND, "cannot " + "look here " * 20, hint="light a " * 20)


def test_on_a_terminal_a_long_error_is_broken_between_words(
    on_terminal: OnTerminal, played: PlayedDaemon
) -> None:
    played.answers[Status] = LONG
    terminal = on_terminal("status", columns=50)
    assert terminal.wait_end() == 6
    said = f"error: {LONG.message} hint: {LONG.hint}"
    assert terminal.text().split() == said.split()


def test_in_a_pipe_an_error_is_one_line_however_long(
    waremind: Waremind, played: PlayedDaemon
) -> None:
    played.answers[Status] = LONG
    assert len(waremind("status", COLUMNS="50").err.splitlines()) == 2


PLAIN = [
    *((line, plain) for line in ("account list", "status") for plain in ("NO_COLOR=1", "--quiet")),
    ("status", "TERM=dumb"),
    ("--help", "NO_COLOR=1"),
]


@pytest.mark.parametrize(("line", "plain"), PLAIN)
def test_whoever_wants_it_plain_gets_the_lines_of_a_pipe_on_a_terminal_too(
    line: str, plain: str, on_terminal: OnTerminal, waremind: Waremind, played: PlayedDaemon
) -> None:
    played.answers = {AccountList: Accounts([samples.account()]), Status: LONG}
    words, variables = _asked_plain(line, plain)
    terminal = on_terminal(*words, columns=50, **variables)
    code = terminal.wait_end()
    piped = waremind(*words, COLUMNS="50")
    written = terminal.written.decode().replace("\r", "")
    assert (code, written) == (piped.code, piped.out + piped.err)


def _asked_plain(line: str, plain: str) -> tuple[list[str], dict[str, str]]:
    """Ask for plain lines by an option, by a variable, or (`pipe`) by neither."""
    name, is_variable, value = plain.partition("=")
    options = [plain] if plain.startswith("--") else []
    return [*line.split(), *options], {name: value} if is_variable else {}


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        *(("account list", plain) for plain in ("--json", "--quiet", "NO_COLOR=1", "pipe")),
        ("--help", "pipe"),
        ("send -a ops --to A --text hi", "pipe"),
    ],
)
def test_rich_is_imported_only_where_it_draws(
    line: str, plain: str, environment: dict[str, str], played: PlayedDaemon
) -> None:
    played.answers = {AccountList: Accounts([samples.account()]), Send: LONG}
    words, variables = _asked_plain(line, plain)
    program = f"import sys\nfrom waremind.cli.app import run\nrun({words!r})\n"
    command = [sys.executable, "-c", f"{program}print('rich' in sys.modules)"]
    ended = subprocess.run(
        command, env={**environment, **variables}, capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == "False"


def _slow(_request: Status) -> Generator[Any, None, object]:
    yield {"type": "noise"}
    return samples.status()


def test_events_that_nobody_asked_for_are_passed_over(
    waremind: Waremind, played: PlayedDaemon
) -> None:
    played.answers[Status] = _slow
    assert waremind("status", "--json").document["ok"] is True


def test_sigterm_ends_a_waiting_command(played: PlayedDaemon, environment: dict[str, str]) -> None:
    asked = threading.Event()

    def wait(_request: Status) -> object:
        asked.set()
        return SILENCE

    played.answers[Status] = wait
    process = subprocess.Popen([PROGRAM, "status"], env=environment, stderr=subprocess.PIPE)
    assert asked.wait(30)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=30) == (None, b"")
    assert process.returncode == -signal.SIGTERM
