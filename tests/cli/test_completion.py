"""Completion, as the shells themselves ask for it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cli.conftest import PROGRAM, Waremind

# What each shell runs to complete LINE with the script in its file.
BASH = """
source {script}
COMP_LINE={line!r} COMP_WORDS=({line} {empty}) COMP_CWORD={word}
_waremind_completion waremind
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
FISH = "source {script}; complete --do-complete={line!r}"


@pytest.fixture
def environment_of_shells(environment: dict[str, str]) -> dict[str, str]:
    path = os.pathsep.join([str(PROGRAM.parent), environment["PATH"]])
    return environment | {"PATH": path}


def script_of(waremind: Waremind, shell: str, directory: Path) -> Path:
    path = directory / f"completion.{shell}"
    path.write_text(waremind("completion", shell).out)
    return path


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("waremind acc", ["account"]),
        ("waremind account un", ["unpair"]),
        ("waremind account pair --new", ["--new-number"]),
        ("waremind systemd ", ["install", "uninstall", "status"]),
    ],
)
def test_bash_completes_commands_and_flags(
    waremind: Waremind,
    environment_of_shells: dict[str, str],
    tmp_path: Path,
    line: str,
    expected: list[str],
) -> None:
    empty = "''" if line.endswith(" ") else ""
    words = len(line.split()) + bool(empty)
    script = BASH.format(
        script=script_of(waremind, "bash", tmp_path), line=line, word=words - 1, empty=empty
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        capture_output=True,
        text=True,
        env=environment_of_shells,
        check=True,
    )
    assert done.stdout.split() == expected
    assert done.stderr == ""


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes_commands_with_what_they_do(
    waremind: Waremind, environment_of_shells: dict[str, str], tmp_path: Path
) -> None:
    script = FISH.format(script=script_of(waremind, "fish", tmp_path), line="waremind acc")
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        capture_output=True,
        text=True,
        env=environment_of_shells,
        check=True,
    )
    assert done.stdout.startswith("account\tWhatsApp accounts")


@pytest.mark.parametrize(
    ("shell", "variables"),
    [
        ("zsh", {"_TYPER_COMPLETE_ARGS": "waremind account un"}),
        (
            "fish",
            {
                "_TYPER_COMPLETE_ARGS": "waremind account un",
                "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            },
        ),
    ],
)
def test_the_question_of_each_other_shell_is_answered(
    waremind: Waremind, shell: str, variables: dict[str, str]
) -> None:
    done = waremind(_WAREMIND_COMPLETE=f"complete_{shell}", **variables)
    assert "unpair" in done.out
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_comes_as_json_too(waremind: Waremind, shell: str) -> None:
    document = waremind("completion", shell, "--json").document
    assert document["shell"] == shell
    assert "_WAREMIND_COMPLETE" in document["script"]
