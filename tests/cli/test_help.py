"""Every command of the contract is there, explains itself, and takes what all take."""

from __future__ import annotations

import pytest

from waremind.cli.app import run

VERBS = {
    "daemon": [],
    "status": [],
    "doctor": [],
    "version": [],
    "completion": [],
    "systemd": ["install", "uninstall", "status"],
    "config": ["show", "check"],
    "account": [
        *("add", "list", "show", "pair", "unpair", "sync", "reconnect", "rename", "delete"),
    ],
    "group": ["list", "show"],
    "reminder": [
        *("add", "set", "edit", "list", "show", "next", "pause", "resume", "run", "delete"),
    ],
    "send": [],
    "run": ["list", "show", "revoke", "resolve", "acknowledge"],
    "freeze": [],
    "thaw": [],
    "audit": ["list"],
}
COMMANDS = [f"{noun} {verb}".strip() for noun, verbs in VERBS.items() for verb in verbs or [""]]


def _help(line: str, capfd: pytest.CaptureFixture[str]) -> str:
    assert run([*line.split(), "--help"]) == 0
    return capfd.readouterr().out


@pytest.mark.parametrize("line", ["", *VERBS, *COMMANDS])
def test_help_fits_a_terminal_and_begins_with_usage_and_a_sentence(
    line: str, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = _help(line, capfd).splitlines()
    assert lines[0].startswith(" ".join(["Usage: waremind", *line.split()]))
    assert lines[2].strip().endswith(".")
    assert max(map(len, lines)) < 80


@pytest.mark.parametrize("line", COMMANDS)
@pytest.mark.parametrize("option", ["--json", "--quiet", "--debug", "--socket PATH", "-h, --help"])
def test_every_command_takes_the_shared_options(
    line: str, option: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert f"  {option}" in _help(line, capfd)


@pytest.mark.parametrize("noun", ["", *(noun for noun, verbs in VERBS.items() if verbs)])
def test_a_noun_lists_its_verbs_and_no_sentence_is_cut(
    noun: str, capfd: pytest.CaptureFixture[str]
) -> None:
    text = _help(noun, capfd)
    listed = text.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert {line.split()[0] for line in listed} >= set(VERBS[noun] if noun else VERBS)
    assert "..." not in text.partition("Commands:")[2]


def test_h_is_help_too(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["account", "-h"]) == 0
    assert capfd.readouterr().out.startswith("Usage: waremind account")
