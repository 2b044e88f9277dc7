"""The two commands with which the README begins are the ones that continuous integration runs."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.documents import ROOT, blocks


def commands() -> list[str]:
    """The shell blocks of the README, in order."""
    return [source.strip() for info, _, source in blocks(ROOT / "README.md") if info == "sh"]


def test_two_commands_of_one_line() -> None:
    """The README begins with a command that shows the package and one that tests it, one line each to paste."""
    show, test = commands()[:2]

    assert [len(command.splitlines()) for command in (show, test)] == [1, 1]
    assert show.startswith("python3 -m venv ")
    assert show.endswith("smm -m docs/examples/elnino/elnino.py --store elnino_metrics run")
    assert test.endswith("/pytest")


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_ci_runs_them() -> None:
    """``.ci/run`` takes its first two commands from the README, word for word."""
    ran = subprocess.run(["bash", str(ROOT / ".ci" / "run"), "--commands"], capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines() == commands()[:2]
