"""docs/operating.md explains every code that operators meet, and none that is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from docs.pages import ROOT

from waremind.daemon.delivery.views import REASONS, REVOKE_REASONS
from waremind.daemon.reminders.attention import TROUBLES
from waremind.daemon.status.attention import SEVERITIES
from waremind.daemon.status.cluster_attention import OF_ACCOUNTS
from waremind.daemon.status.doctor.cluster import CLUSTER
from waremind.daemon.status.doctor.disk import CHILDREN, DISK
from waremind.daemon.status.doctor.machine import MACHINE
from waremind.daemon.status.doctor.running import PEOPLE, RUNNING
from waremind.domain.lifecycle import MEANINGS, STATES
from waremind.domain.standing import STANDINGS
from waremind.errors import ErrorCode

PAGE = (ROOT / "docs/operating.md").read_text()


def rows(heading: str) -> Iterator[list[str]]:
    """Read the table below a heading, less the marks of code."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    _, _, *lines = re.findall(r"^\| (.+) \|$|^\|[-|]+\|$", section, re.MULTILINE)
    for line in lines:
        yield line.replace("`", "").split(" | ")


def column(heading: str) -> list[str]:
    return [row[0] for row in rows(heading)]


def test_every_error_code_is_there_with_its_exit_code() -> None:
    explained = {row[0]: int(row[1]) for row in rows("Error codes")}
    assert explained == {code.value: code.exit_code for code in ErrorCode}


def test_every_exit_code_is_there() -> None:
    explained = {int(row[0]) for row in rows("Exit codes")}
    assert {code.exit_code for code in ErrorCode} | {0, 3, 10, 78} == explained


def test_every_status_is_there_with_its_reasons() -> None:
    explained = [(row[0], row[1]) for row in rows("Statuses and reasons")]
    # "restricted" is read off the row's restricted_until, not off the state.
    real = {(MEANINGS[s].status, MEANINGS[s].reason) for s in STATES} | {
        ("connected", "restricted")
    }
    assert sorted(explained) == sorted(real)


def test_everything_that_needs_a_person_is_there() -> None:
    needs = {standing.need.code for standing in STANDINGS.values() if standing.need}
    explained = {(row[1], row[0]) for row in rows("What needs a person")}
    others = {
        ("daemon, account", "frozen"),
        ("reminder, calendar, run", "more"),
        ("run", "send_unknown"),
    }
    others |= {("reminder, run", "nobody_received"), ("calendar", "calendar_ends")}
    of_accounts = {("account", code) for code in needs | {"restricted"} | OF_ACCOUNTS}
    of_daemon = {("daemon", code) for code in SEVERITIES if code != "frozen"}
    of_reminders = {("reminder", code) for code in TROUBLES if code != "nobody_received"}
    assert explained == others | of_accounts | of_reminders | of_daemon


def test_every_check_of_the_doctor_is_there() -> None:
    outside = ["clock", "socket"]  # the command line's own
    checks = (*RUNNING, *CLUSTER, *MACHINE, *DISK, CHILDREN, *PEOPLE)
    assert column("Look after it") == [*outside, *(check.name for check in checks)]


def test_every_reason_of_a_run_is_there() -> None:
    assert sorted(column("Why a run was not sent")) == sorted(
        {*REASONS, *REVOKE_REASONS, "refused_NNN"}
    )
