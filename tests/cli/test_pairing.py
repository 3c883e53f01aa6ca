"""`account pair`: what the phone's owner sees, and what a program reads."""

from __future__ import annotations

import io
import json
import signal
import stat
import subprocess
import threading
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyte
import pytest
import zxingcpp
from cli import samples
from cli.conftest import PROGRAM, OnTerminal, Typed, Waremind
from cli.played_daemon import PlayedDaemon
from cli.relay import forwarded
from cli.terminal import Terminal, picture, uncoloured
from PIL import Image

from waremind.errors import ErrorCode, WaremindError
from waremind.requests.account import (
    AccountPair,
    PairCode,
    PairConnected,
    PairPending,
    PairQr,
)

FIRST, SECOND = ("https://wa.me/settings/linked_devices#2@" + f"{n}1b2C3d4/+" * 26 for n in "AB")
EXPIRES = "2026-11-22T12:00:00+00:00"
PENDING = PairPending(samples.account(status="pending"))
CONNECTED = PairConnected(changed=True, account=samples.account())
TIMED_OUT = WaremindError(ErrorCode.PAIRING_TIMED_OUT)
CONNECTED_TEXT = "account ops is connected as +4915112345678"


class Phone:
    """The far side of a pairing, a step at a time."""

    def __init__(self) -> None:
        self.rotate = threading.Event()
        self.finish = threading.Event()
        self.result: object = CONNECTED

    def __call__(self, _request: AccountPair) -> Generator[Any, None, object]:
        """Show two codes, then end."""
        yield PENDING
        yield PairQr(FIRST, EXPIRES)
        self.rotate.wait()
        yield PairQr(SECOND, EXPIRES)
        self.finish.wait()
        return self.result

    def hurry(self) -> None:
        """Do all steps at once."""
        self.rotate.set()
        self.finish.set()


@pytest.fixture
def phone(played: PlayedDaemon) -> Iterator[Phone]:
    """Give a pairing that waits for the test."""
    phone = Phone()
    played.answers[AccountPair] = phone
    yield phone
    phone.hurry()


def test_the_qr_is_redrawn_in_place_until_connected(on_terminal: OnTerminal, phone: Phone) -> None:
    terminal = on_terminal("account", "pair", "ops", rows=40)
    terminal.wait_for_qr(FIRST)
    phone.rotate.set()
    terminal.wait_for_qr(SECOND)
    phone.finish.set()
    assert terminal.wait_end() == 0
    assert _said(terminal) == CONNECTED_TEXT


def test_the_shells_screen_comes_back_and_no_code_stays_on_it(
    on_terminal: OnTerminal, phone: Phone
) -> None:
    terminal = on_terminal("account", "pair", "ops", rows=40)
    terminal.wait_for_qr(FIRST)
    phone.hurry()
    assert terminal.wait_end() == 0
    before, entered, drawn = terminal.written.partition(b"\x1b[?1049h")
    _, left, after = drawn.partition(b"\x1b[?1049l")
    assert entered
    assert left
    assert "▀" not in (before + after).decode()


@pytest.mark.parametrize("more", [(), ("--no-wait",)], ids=["watched", "not"])
def test_an_old_device_that_could_not_be_logged_out_is_to_be_removed_on_the_phone(
    played: PlayedDaemon, typed: Typed, more: Sequence[str]
) -> None:
    still_listed = PairPending(samples.account(status="pending"), device_removed=False)

    def paired(request: AccountPair) -> Generator[Any, None, object]:
        yield from [still_listed] if request.wait else []
        return CONNECTED if request.wait else still_listed

    played.answers[AccountPair] = paired
    said = typed("account", "pair", "ops", "--fresh", *more)
    assert "the phone still lists the old device: remove it there" in said.err


def test_a_terminal_that_is_too_small_says_what_it_needs_and_what_else_works(
    on_terminal: OnTerminal, phone: Phone
) -> None:
    terminal = on_terminal("account", "pair", "my ops", columns=80, rows=24)
    terminal.wait_for("The QR needs 63 columns and 33 rows; here are 80 and 24.")
    for way in ("--qr-format png -o qr.png", "--phone NUMBER", "--qr-format raw"):
        terminal.wait_for(f"\n  {way}\n")
    assert not phone.finish.is_set()


@pytest.mark.usefixtures("phone")
def test_on_a_tiny_terminal_the_notice_is_broken_between_words(on_terminal: OnTerminal) -> None:
    terminal = on_terminal("account", "pair", "my ops", columns=40, rows=10)
    terminal.wait_for("The QR needs 63 columns and 33 rows;\nhere are 40 and 10.\n")


@pytest.mark.usefixtures("phone")
def test_a_terminal_that_grows_shows_the_qr_and_one_that_shrinks_says_so(
    on_terminal: OnTerminal,
) -> None:
    terminal = on_terminal("account", "pair", "ops", columns=60, rows=20)
    terminal.wait_for("The QR needs")
    terminal.resize(120, 50)
    terminal.wait_for_qr(FIRST)
    terminal.resize(50, 50)
    terminal.wait_for("The QR needs 63 columns")


@pytest.mark.usefixtures("phone")
def test_ctrl_c_leaves_the_pairing_running_and_says_how_to_go_on(
    on_terminal: OnTerminal, played: PlayedDaemon
) -> None:
    terminal = on_terminal("account", "pair", "ops", rows=40)
    terminal.wait_for_qr(FIRST)
    terminal.type("\x03")
    assert terminal.wait_end() == 130
    assert "join it: waremind account pair ops" in _said(terminal)
    assert "cancel it: waremind account unpair ops" in _said(terminal)
    assert played.asked == [AccountPair(account="ops")]


def _said(terminal: Terminal) -> str:
    """Read what was written after the second screen was left."""
    return " ".join(uncoloured(terminal.written.partition(b"\x1b[?1049l")[2]).split())


def test_the_caption_counts_down_and_names_the_way_on_the_phone(
    on_terminal: OnTerminal, phone: Phone
) -> None:
    terminal = on_terminal("account", "pair", "ops", rows=40)
    terminal.wait_for("WhatsApp > Linked devices > Link a device | Ctrl-C leaves it running")
    phone.hurry()
    assert terminal.wait_end() == 0


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_redrawing_each_code_is_printed_below_the_one_before(
    variables: dict[str, str], on_terminal: OnTerminal, phone: Phone
) -> None:
    terminal = on_terminal("account", "pair", "ops", columns=100, rows=90, **variables)
    phone.hurry()
    assert terminal.wait_end() == 0
    assert b"\x1b" not in terminal.written
    assert {found.text for found in zxingcpp.read_barcodes(picture(terminal.screen))} == {
        FIRST,
        SECOND,
    }


def test_a_pipe_gets_each_code_once_and_the_messages_go_elsewhere(
    waremind: Waremind, phone: Phone
) -> None:
    phone.hurry()
    ended = waremind("account", "pair", "ops")
    assert ended.code == 0
    assert _photographed(ended.out) == {FIRST, SECOND}
    assert ended.err.splitlines()[0] == "account ops is being paired"
    assert ended.err.splitlines()[-1] == CONNECTED_TEXT
    assert EXPIRES in ended.err


def _photographed(text: str) -> set[str]:
    screen = pyte.Screen(140, text.count("\n") + 1)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    return {found.text for found in zxingcpp.read_barcodes(picture(screen))}


def test_a_terminal_without_block_characters_gets_ascii(waremind: Waremind, phone: Phone) -> None:
    phone.hurry()
    ended = waremind("account", "pair", "ops", PYTHONIOENCODING="ascii")
    assert ended.code == 0
    assert set(ended.out) == {"#", " ", "\n"}


def test_raw_prints_the_payload_alone(waremind: Waremind, phone: Phone) -> None:
    phone.hurry()
    ended = waremind("account", "pair", "ops", "--qr-format", "raw", "--quiet")
    assert (ended.out, ended.err) == (f"{FIRST}\n{SECOND}\n", "")


def test_a_program_reads_one_object_a_line_as_they_come(
    phone: Phone, environment: dict[str, str]
) -> None:
    command = [PROGRAM, "account", "pair", "ops", "--json"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["type"] == "pending"
        assert json.loads(process.stdout.readline()) == {
            "type": "qr",
            "code": FIRST,
            "expires_at": EXPIRES,
        }
        phone.hurry()
        assert json.loads(process.stdout.readline())["code"] == SECOND
        last = json.loads(process.stdout.readline())
        assert (last["type"], last["changed"], last["account"]["label"]) == (
            "connected",
            True,
            "ops",
        )
        assert process.stdout.read() == b""
    assert process.returncode == 0


def test_a_program_that_stops_reading_leaves_the_pairing_running(
    phone: Phone, environment: dict[str, str]
) -> None:
    command = [PROGRAM, "account", "pair", "ops", "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.readline()
        process.stdout.close()
        phone.rotate.set()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_a_socket_that_ssh_forwards_carries_the_stream(
    waremind: Waremind, phone: Phone, played: PlayedDaemon, tmp_path: Path
) -> None:
    phone.hurry()
    with forwarded(tmp_path / "far.sock", played.path):
        ended = waremind(
            *("account", "pair", "ops", "--json", "--socket", str(tmp_path / "far.sock"))
        )
    assert ended.code == 0
    assert [json.loads(line)["type"] for line in ended.out.splitlines()] == [
        *("pending", "qr", "qr", "connected"),
    ]


def test_a_pairing_that_fails_ends_the_stream_with_failed_and_says_why(
    waremind: Waremind, phone: Phone
) -> None:
    phone.result = TIMED_OUT
    phone.hurry()
    ended = waremind("account", "pair", "ops", "--json")
    assert ended.code == 8
    assert json.loads(ended.out.splitlines()[-1]) == {"type": "failed"}
    assert ended.error["code"] == "pairing_timed_out"


def test_a_code_to_type_is_data_and_the_instruction_is_not(
    waremind: Waremind, played: PlayedDaemon
) -> None:
    def pair(_request: AccountPair) -> Generator[Any, None, object]:
        yield PENDING
        yield PairCode("ABCD-EFGH", EXPIRES)
        return CONNECTED

    played.answers[AccountPair] = pair
    ended = waremind("account", "pair", "ops", "--phone", "+4915112345678")
    assert ended.out == "ABCD-EFGH\n"
    assert "Link with phone number instead" in ended.err


def test_pairing_what_is_connected_changes_nothing(
    waremind: Waremind, played: PlayedDaemon
) -> None:
    played.answers[AccountPair] = PairConnected(changed=False, account=samples.account())
    ended = waremind("account", "pair", "ops")
    assert (ended.code, ended.err) == (0, "account ops: nothing to do, it is connected\n")


def test_the_file_holds_the_newest_code_for_its_owner_only_and_is_gone_at_the_end(
    phone: Phone, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "qr.png"
    command = [PROGRAM, "account", "pair", "ops", "-o", str(file)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "account ops is being paired\n"
        for payload in (FIRST, SECOND):
            assert f"scan {file}" in process.stderr.readline()
            image = Image.open(io.BytesIO(file.read_bytes())).convert("L")
            assert [found.text for found in zxingcpp.read_barcodes(image)] == [payload]
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            phone.rotate.set()
        phone.finish.set()
        assert process.stderr.read() == f"{CONNECTED_TEXT}\n"
    assert process.returncode == 0
    assert sorted(tmp_path.iterdir()) == [tmp_path / "waremind.sock"]


@pytest.mark.usefixtures("phone")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_the_file_goes_too_when_the_command_is_ended(
    number: signal.Signals, code: int, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "qr.png"
    # Whoever runs the tests may have us ignore signals, as nohup does; this command is not to.
    command = ["env", f"--default-signal={number.value}", str(PROGRAM), "account", "pair", "ops"]
    command += ["--qr-format", "png", "-o", str(file)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.readline()
        assert file.exists()
        process.send_signal(number)
        assert "join it:   waremind account pair ops" in process.stderr.read()
    assert process.returncode == code
    assert not file.exists()


@pytest.mark.parametrize("place", ["missing/qr.png", "pipe", "folder"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_begins(
    place: str, waremind: Waremind, played: PlayedDaemon, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "pipe").symlink_to("/dev/stdout")
    ended = waremind("account", "pair", "ops", "-o", str(tmp_path / place))
    assert ended.code == 2
    assert "error: cannot write" in ended.err
    assert played.asked == []
    assert (tmp_path / "pipe").is_symlink()


def test_a_file_of_yours_stays_when_the_pairing_fails_before_its_first_code(
    waremind: Waremind, played: PlayedDaemon, tmp_path: Path
) -> None:
    file = tmp_path / "qr.png"
    file.write_text("mine")
    played.answers[AccountPair] = WaremindError(ErrorCode.NOT_FOUND)
    assert waremind("account", "pair", "ops", "-o", str(file)).code == 6
    assert file.read_text() == "mine"


def test_a_lost_daemon_ends_the_watching(waremind: Waremind, played: PlayedDaemon) -> None:
    played.answers[AccountPair] = _hang_up
    ended = waremind("account", "pair", "ops", "--json")
    assert (ended.code, ended.error["code"]) == (4, "daemon_unreachable")


def _hang_up(_request: AccountPair) -> Generator[Any, None, object]:
    yield PENDING
    raise ConnectionResetError


def test_without_waiting_the_pairing_is_left_running(
    waremind: Waremind, played: PlayedDaemon
) -> None:
    played.answers[AccountPair] = PENDING
    ended = waremind("account", "pair", "ops", "--no-wait", "--json")
    assert ended.code == 0
    assert ended.document["type"] == "pending"


@pytest.mark.parametrize(("changed", "code"), [(True, 10), (False, 0)])
def test_a_check_says_whether_a_pairing_would_begin(
    changed: bool,  # noqa: FBT001 - a parameter of the test
    code: int,
    waremind: Waremind,
    played: PlayedDaemon,
) -> None:
    answer = PairConnected(changed=changed, account=samples.account(), check=True)
    played.answers[AccountPair] = answer
    assert waremind("account", "pair", "ops", "--check").code == code


@pytest.mark.usefixtures("phone")
def test_a_terminal_that_is_closed_ends_the_watching_only(
    on_terminal: OnTerminal, played: PlayedDaemon
) -> None:
    terminal = on_terminal("account", "pair", "ops", rows=40)
    terminal.wait_for_qr(FIRST)
    terminal.hang_up()
    assert terminal.process.wait(30) == 128 + signal.SIGHUP
    assert played.asked == [AccountPair(account="ops")]
