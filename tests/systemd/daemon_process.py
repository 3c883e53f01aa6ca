"""A real daemon as a process of its own, told by its environment what systemd would tell it."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

PROGRAM = Path(sys.executable).with_name("waremind")
PATIENCE_SECONDS = 45.0
# Puts the listener where systemd puts the first one that it passes. Only there is the pid known.
HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


class Ear:
    """The socket on which systemd hears its services."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def hear(self) -> dict[str, str]:
        """Wait for the next message and read its assignments."""
        lines = self._socket.recv(4096).decode().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def until(self, name: str) -> dict[str, str]:
        """Wait for a message that assigns `name`."""
        while name not in (heard := self.hear()):
            pass
        return heard


class DaemonProcess:
    """Starts `waremind daemon`; `listener` is passed to it as systemd passes a socket."""

    def __init__(
        self, directory: Path, listener: socket.socket | None = None, **variables: object
    ) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "PYTHONPATH": os.environ["PYTHONPATH"],
            "WAREMIND_STATE_DIR": str(directory / "state"),
            "WAREMIND_SOCKET": str(directory / "waremind.sock"),
        } | {name: str(value) for name, value in variables.items()}
        command, passed = [str(PROGRAM), "daemon"], list[int]()
        if listener:
            passed = [listener.fileno()]
            environment["LISTEN_FDS"] = "1"
            command = [sys.executable, "-c", HAND_OVER, str(listener.fileno()), *command]
        self.socket = directory / "waremind.sock"
        self.log = directory / "log"
        with self.log.open("a") as log:
            self._process = subprocess.Popen(command, env=environment, stderr=log, pass_fds=passed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end and give its exit code."""
        return self._process.wait(PATIENCE_SECONDS)

    def stop(self) -> int:
        """End it as systemd does."""
        self._process.terminate()
        return self.wait()
