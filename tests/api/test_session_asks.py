"""A session's process is no operator, where the kernel keeps it from nothing as well."""

from __future__ import annotations

import json
from pathlib import Path

from daemon_process import DaemonProcess, environment
from whatsapp import sabotage
from whatsapp_server.harness import PlayedWhatsApp

from waremind.requests.daemon import Version

# A kernel that has neither Landlock nor filters of system calls.
BARE_KERNEL = """
from waremind.whatsapp import landlock, seccomp
landlock.version = lambda: 0
seccomp.is_available = lambda: False
"""

ASKS = """
import contextlib, socket
from pathlib import Path
with socket.socket(socket.AF_UNIX) as ours:
    ours.connect({path!r})
    with contextlib.suppress(BrokenPipeError):  # refused before it asked
        ours.sendall(b'{{"jsonrpc": "2.0", "id": 1, "method": "version"}}\\n')
    Path("new").write_bytes(ours.makefile("rb").readline())
Path("new").rename("answer")
"""


def test_a_session_that_asks_for_something_is_refused(
    dsn: str, shared_whatsapp: PlayedWhatsApp, tmp_path: Path
) -> None:
    modules = sabotage.build(shared_whatsapp.overlay, tmp_path / "modules")
    (modules / "sitecustomize.py").write_text(BARE_KERNEL)
    variables = environment(shared_whatsapp, dsn)
    variables["PYTHONPATH"] = f"{modules}:{variables['PYTHONPATH']}"
    with DaemonProcess(variables) as daemon:
        sabotage.harm_all(modules / "neonize", ASKS.format(path=str(daemon.socket)))
        daemon.socket.chmod(0o666)  # no mode keeps it out either
        daemon.add("taken")
        with daemon.pairing("taken") as pairing:
            pairing.qr()
            [file] = (daemon.state / "sessions").glob("*/*/answer")  # the engine came after it
            answer = json.loads(file.read_text())
        assert answer["error"]["data"]["code"] == "permission_denied"
        assert answer["error"]["message"].endswith("a session's process is no operator")
        assert "refused a session that asks for something" in daemon.log
        assert daemon.call(Version())
