"""`make demo`: the whole story, played on this machine, without a phone and without the internet.

The daemon, the command line and neonize are the real ones; WhatsApp and the phones are played.
"""

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from whatsapp_server.harness import PlayedWhatsApp
from whatsapp_server.phone import read_qr

BIN = Path(sys.executable).parent
OWNER, FRIENDS = "6281100000001", ("6281100000002", "6281100000003")
START_SECONDS = 60.0


class Story:
    """A shell's worth of commands, shown as they are typed, with what they print."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = {**environment, "PATH": f"{BIN}:{os.environ.get('PATH', '')}"}
        self._bold, self._plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")

    def say(self, sentence: str) -> None:
        """Tell what happens beside the commands."""
        print(f"\n{self._bold}# {sentence}{self._plain}", flush=True)

    def start(self, command: str, **options: object) -> subprocess.Popen[str]:
        """Type a command."""
        print(f"{self._bold}$ {command}{self._plain}", flush=True)
        return subprocess.Popen(shlex.split(command), env=self._environment, text=True, **options)

    def run(self, command: str) -> None:
        """Type a command and wait; a failure ends the story."""
        if code := self.start(command).wait():
            sys.exit(f"demo: {command} ended with {code}")

    def pair(self, whatsapp: PlayedWhatsApp, account: str, phone: str) -> None:
        """Type `account pair`; the phone scans what the terminal shows."""
        command = f"waremind account pair {account}"
        pairing = self.start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert pairing.stdout
        screen = ""
        for line in pairing.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            screen += line
            if line.startswith("scan it"):  # the QR above is complete
                self.say("the phone looks at the terminal, and scans")
                whatsapp.scan(read_qr(screen), phone)
        if code := pairing.wait():
            sys.exit(f"demo: the pairing ended with {code}")


@contextmanager
def daemon(environment: dict[str, str], log: Path) -> Iterator[None]:
    """Run `waremind daemon` until the end of the block."""
    with log.open("w") as output:
        process = subprocess.Popen([BIN / "waremind", "daemon"], env=environment, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not Path(environment["WAREMIND_SOCKET"]).exists():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"demo: the daemon did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def tell(story: Story, whatsapp: PlayedWhatsApp) -> None:
    """Play it from beginning to end."""
    story.say("an account, without any session yet")
    story.run("waremind account add ops")
    story.say("its owner links it: the QR is drawn by the real command line")
    story.pair(whatsapp, "ops", OWNER)
    story.run("waremind account list")
    story.run("waremind group list --account ops")
    story.say("unpaired: the device is logged out, the account stays, and no QR comes back")
    story.run("waremind account unpair ops")
    story.run("waremind account show ops")
    story.say("paired again, with a fresh QR")
    story.pair(whatsapp, "ops", OWNER)
    remind(story, whatsapp)
    story.say("and deleted, with all that belongs to it")
    story.run("waremind account delete ops --yes")
    story.run("waremind audit list")


def remind(story: Story, whatsapp: PlayedWhatsApp) -> None:
    """Add a reminder that is due in a few seconds, and look at the phones."""
    story.say("a reminder, due in three seconds, and daily from then on")
    start = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 3))
    story.run(
        "waremind reminder add standup --account ops --to Team"
        f" --rrule FREQ=DAILY --start {start} --tz UTC --text 'Stand-up in 5 minutes'"
    )
    seen = len(whatsapp.messages())
    (message,) = whatsapp.wait_messages(seen + 1)[seen:]
    story.say("what the phones of the group show, decrypted by each of them")
    for device, text in sorted(message.texts.items()):
        print(f"  {device:<32}{text}")
    story.say("and what waremind knows of it")
    story.run("waremind run list")


def main() -> None:
    """Make a place for it all, and clean it away at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="waremind-demo-") as place,
        PlayedWhatsApp() as whatsapp,
    ):
        for phone, name in zip((OWNER, *FRIENDS), ("Owner", "Ayu", "Budi"), strict=True):
            whatsapp.user(phone, name)
        whatsapp.group("Team", [OWNER, *FRIENDS], admins=[OWNER])
        whatsapp.group("Night shift", [OWNER, FRIENDS[0]], admins=[FRIENDS[0]])
        environment = {
            **whatsapp.env(),
            "WAREMIND_STATE_DIR": f"{place}/state",
            "WAREMIND_SOCKET": f"{place}/waremind.sock",
        }
        with daemon(environment, Path(place) / "daemon.log"):
            tell(Story(environment), whatsapp)
    print("\nThat was all of it. On a machine with a phone: make run")


if __name__ == "__main__":
    main()
