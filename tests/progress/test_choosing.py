"""Which rendering is taken, and how a user says otherwise."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from simple_metrics_manager.events import ComputeStarted, tell
from simple_metrics_manager.progress import How, show
from simple_metrics_manager.progress.choosing import suited
from tests.progress.sweeps import sweep

ROOT = Path(__file__).resolve().parents[2]


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        return True


TERMINAL = Terminal()
FILE = io.StringIO()


@pytest.mark.parametrize(
    ("environ", "stream", "kernel", "child", "rich", "how"),
    [
        ({}, TERMINAL, False, False, True, "rich"),
        ({"CI": "false", "TERM": "xterm"}, TERMINAL, False, False, True, "rich"),
        ({}, TERMINAL, False, False, False, "plain"),
        ({"CI": "true"}, TERMINAL, False, False, True, "plain"),
        ({"TERM": "dumb"}, TERMINAL, False, False, True, "plain"),
        ({}, TERMINAL, False, True, True, "plain"),
        ({}, FILE, False, False, True, "plain"),
        ({}, None, False, False, True, "plain"),
        ({"CI": "true"}, FILE, True, False, True, "notebook"),
        ({}, FILE, True, True, True, "plain"),
    ],
)
def test_what_suits(
    environ: Mapping[str, str], stream: io.StringIO | None, kernel: bool, child: bool, rich: bool, how: How
) -> None:
    """A kernel has displays, a person's terminal has bars if rich is there, everything else has lines."""
    assert suited(environ, stream, kernel=kernel, child=child, rich=rich) == how


def test_a_block_is_left_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    """``with show(...)`` holds for the block, within others too; without ``with`` it stays."""
    with show("none"):
        with show("plain"):
            tell(ComputeStarted("seen"))
        tell(ComputeStarted("unseen"))
    tell(ComputeStarted("last"))

    assert capsys.readouterr().out == "Compute seen\nCompute last\n"


def test_lines_may_go_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    """``stream=`` takes all lines."""
    stream = io.StringIO()
    with show("plain", stream=stream):
        sweep("Digits", 100)

    assert capsys.readouterr().out == ""
    assert len(stream.getvalue().splitlines()) == 11


def test_a_wrong_name_is_refused() -> None:
    """What is not a rendering is named, with those that are."""
    with pytest.raises(ValueError, match="no rendering of progress is called 'fancy': use one of auto, plain, rich"):
        show(cast(How, "fancy"))


def run(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A program of its own, with these variables."""
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "SMM_PROGRESS"}}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=kept | environ, capture_output=True, text=True, check=True
    )


TELLING = "from tests.progress.sweeps import *; tell(ComputeStarted('first')); sweep('Digits', 50)"


@pytest.mark.parametrize(("how", "lines"), [("", 12), ("auto", 12), ("plain", 12), ("none", 0), ("log", 0)])
def test_the_environment_may_say(how: str, lines: int) -> None:
    """``SMM_PROGRESS`` chooses from the first event on."""
    ran = run(TELLING, SMM_PROGRESS=how)

    assert (len(ran.stdout.splitlines()), ran.stderr) == (lines, "")


def test_a_wrong_variable_is_said_once() -> None:
    """A variable that names no rendering is warned of, and the sweep is shown in the usual way."""
    ran = run(f"import logging; logging.basicConfig(); {TELLING}; sweep('Digits', 50)", SMM_PROGRESS="fancy")

    assert len(ran.stdout.splitlines()) == 23
    assert ran.stderr == (
        "WARNING:simple_metrics_manager:SMM_PROGRESS=fancy is no rendering of progress: "
        "use one of auto, plain, rich, notebook, log, none\n"
    )


def test_without_rich_there_are_lines() -> None:
    """Where rich is wanted by a variable and missing there are lines; asked for in the program, it is an error."""
    hide = "import sys, logging; logging.basicConfig(); sys.modules['rich'] = sys.modules['rich.console'] = None"
    lines = run(f"{hide}; {TELLING}", SMM_PROGRESS="rich")
    error = run(
        f"{hide}\nfrom simple_metrics_manager.progress import show\n"
        "try: show('rich')\nexcept ImportError as error: print(error)"
    )

    wanted = "a bar of progress needs rich>=13.7: pip install 'simple-metrics-manager[progress]'\n"
    assert len(lines.stdout.splitlines()) == 12
    assert lines.stderr == f"WARNING:simple_metrics_manager:{wanted}"
    assert error.stdout == wanted


def test_no_sweep_no_progress() -> None:
    """Importing the package, and narrating without a sweep, load nothing of this, and neither rich nor IPython."""
    code = (
        "import sys; from simple_metrics_manager.events import *; tell(ComputeStarted('first'));"
        "print([name for name in sys.modules if 'progress' in name or name in ('rich', 'IPython')])"
    )

    assert run(code).stdout == "Compute first\n[]\n"


def test_lines_need_neither_rich_nor_ipython() -> None:
    """A sweep in a log loads neither."""
    code = f"import sys; {TELLING}; print([name for name in ('rich', 'IPython') if name in sys.modules])"

    assert run(code).stdout.splitlines()[-1] == "[]"


def test_a_sweep_that_never_ends_lets_the_program_end() -> None:
    """A program that leaves in the middle of a sweep ends at once, without complaint."""
    code = "from simple_metrics_manager.events import *; tell(SweepStarted('open', 9, 0, 9, None))"
    ran = run(code)

    assert (ran.stdout, ran.stderr) == ("Compute open: 9 of 9\n", "")
