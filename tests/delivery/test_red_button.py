"""The red button through the real engine: what the phones still show."""

from __future__ import annotations

from collections import Counter

from daemon_process import DaemonProcess, until
from delivery.conftest import Staging
from delivery.stage import Stage

from waremind.requests.run import RunRevoke, RunShow

GROUPS = 20


def on_phones(stage: Stage) -> Counter[tuple[str, bool]]:
    """Count the messages of the account by text, and whether the phones show them as deleted."""
    kept = [one for one in stage.messages() if one.kind != "revoke"]
    return Counter((one.text, bool(one.deleted)) for one in kept)


def test_a_kill_in_the_middle_and_a_second_push_delete_all_of_a_run_and_nothing_else(
    alone: Staging, daemon: DaemonProcess
) -> None:
    stage = alone(GROUPS)
    stage.send("right text")
    run = stage.send("wrong text")
    daemon.call(RunRevoke(run=run.id, wait=False))
    until(lambda: on_phones(stage)["wrong text", True] >= GROUPS // 4, "some to be deleted")
    daemon.kill()
    daemon.start()
    stage.wait("connected")

    def settled() -> bool:
        statuses = {each.status for each in daemon.call(RunShow(run=run.id)).run.deliveries}
        return statuses <= {"sent", "revoked"}

    until(settled, "the deletions to go on by themselves")
    revoked = daemon.call(RunRevoke(run=run.id)).run
    assert revoked is not None
    assert {each.status for each in revoked.deliveries} == {"revoked"}
    assert on_phones(stage) == {("right text", False): GROUPS, ("wrong text", True): GROUPS}
