"""A wrong command line: what is wrong, in our words, and the cure."""

from __future__ import annotations

import pytest
from cli.conftest import Typed
from cli.played_daemon import PlayedDaemon

UNREAD = "cannot read the command line: "
STATUSES = "unpaired, pending, connected, disconnected, banned"
WRONG = [
    ("acount", UNREAD + "there is no command 'acount'", "did you mean account? waremind --help"),
    ("account lst", UNREAD + "there is no command 'lst'", "did you mean list? waremind account"),
    ("nonsense", UNREAD + "there is no command 'nonsense'", "waremind --help lists all"),
    ("account --quiet", UNREAD + "the command is missing", "waremind account --help lists all"),
    ("account add", UNREAD + "LABEL is missing", "add LABEL; waremind account add --help"),
    ("account add a b c", UNREAD + "too many words: b c", "quote what has spaces; waremind"),
    ("account add a --force", UNREAD + "there is no option --force", "hint: waremind account add"),
    ("account pair a --fres", UNREAD + "there is no option --fres", "did you mean --fresh?"),
    ("reminder add x --tto y", UNREAD + "there is no option --tto", "did you mean --to?"),
    ("account add -5", UNREAD + "there is no option -5", "waremind account add --help lists all"),
    ("account list --status", UNREAD + "--status needs a value", "waremind account list --help"),
    ("status --json=5", UNREAD + "--json takes no value", "waremind status --help"),
    ("run resolve run_1", UNREAD + "--as is missing", "add --as sent|failed; waremind run"),
    ("completion", UNREAD + "SHELL is missing", "add SHELL; waremind completion --help"),
    (
        "account list --status conected",
        "cannot use --status 'conected': there is no such choice",
        f"did you mean connected? one of {STATUSES}",
    ),
    ("account list --status x", "--status 'x': there is no such choice", f"one of {STATUSES}"),
    ("run list --limit many", "cannot use --limit 'many': it is not a whole", "number, 0 or more"),
    ("run list --limit -5", "cannot use --limit -5: it is out of range", "number, 0 or more"),
    ("reminder next -n 0", "cannot use --count 0: it is out of range", "number, 1 or more"),
    ("completion tcsh", "cannot use SHELL 'tcsh': there is no such choice", "one of bash, zsh"),
    ("systemd install --root /nope", "cannot use --root: directory '/nope' does not", "--help"),
    ("account pair ops --qr-format png", "it needs a FILE", "add: -o FILE"),
    ("account pair ops --timeout soon", "cannot use --timeout 'soon'", "write it like 90s"),
    ("send -a ops --to A", "there is no text", "add: --text TEXT"),
    ("send -a ops --to A --text a --text-file b", "exclude each other", "leave one of them out"),
]
LINES = [line for line, _, _ in WRONG]


@pytest.mark.parametrize(("line", "reason", "cure"), WRONG, ids=LINES)
def test_a_wrong_command_line_is_exit_2_and_names_what_is_wrong_and_the_cure(
    line: str, reason: str, cure: str, typed: Typed, played: PlayedDaemon
) -> None:
    ended = typed(*line.split())
    assert (ended.code, ended.out) == (2, "")
    error, hint = ended.err.splitlines()
    assert error.startswith("error: cannot ")
    assert reason in error
    assert hint.startswith("hint: ")
    assert cure in hint
    assert played.asked == []


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("place", ["before", "after"])
def test_with_json_anywhere_a_wrong_command_line_is_an_error_object(
    line: str, place: str, typed: Typed, played: PlayedDaemon
) -> None:
    words = ["--json", *line.split()] if place == "before" else [*line.split(), "--json"]
    ended = typed(*words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.error["code"] in {"usage", "invalid_input"}
    assert ended.error["hint"]
    assert played.asked == []


def test_a_noun_alone_is_a_question_for_help(typed: Typed) -> None:
    ended = typed("account")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Usage: waremind account")


def test_a_word_that_is_not_utf8_is_quoted_in_json_as_on_a_terminal(typed: Typed) -> None:
    ended = typed("--json", "account", "add", "a", "b\udcff")
    assert (ended.code, ended.error["code"]) == (2, "usage")
    assert ended.error["message"].endswith("too many words: b\\udcff")
