"""An external PostgreSQL whose DSN only root and the daemon know."""

from systemd.external import SECRET, External
from systemd.machine import Box, until


def test_the_dsn_comes_by_credential_and_its_password_is_never_shown(
    box: Box, external: External
) -> None:
    del external
    box.systemctl("start", "waremind")
    shown = box.ask("status")["daemon"]["database"]
    assert "127.0.0.1" in shown
    assert SECRET not in shown
    assert SECRET not in box.run("journalctl", "--no-pager", "--output=export").stdout
    assert SECRET not in box.systemctl("show", "waremind").stdout


def test_the_daemon_waits_for_a_postgresql_that_is_not_up_yet(box: Box, external: External) -> None:
    external.stop()
    box.override("TimeoutStartSec=2s")
    box.systemctl("start", "--no-block", "waremind")
    until(lambda: box.show("StatusText").startswith("waiting for PostgreSQL: "))
    assert SECRET not in box.show("StatusText")
    external.start()
    until(lambda: box.show("ActiveState") == "active")
    assert box.show("NRestarts") == "0"
