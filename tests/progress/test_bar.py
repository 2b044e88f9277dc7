"""Sweeps on a real terminal: a pseudo-terminal of 80 columns."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("rich", reason="the bar is drawn by rich")
pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")

ROOT = Path(__file__).resolve().parents[2]

NAME = "Digits.inertia"


def on_terminal(*arguments: str, **environ: str) -> str:
    """What a Python program writes to a terminal that is its standard output, input and error."""
    ours_to_say = {"CI", "SMM_PROGRESS", "NO_COLOR", "FORCE_COLOR", "TTY_INTERACTIVE"}
    kept = {name: value for name, value in os.environ.items() if name not in ours_to_say}
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=kept | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24", "PYTHONIOENCODING": "utf-8"} | environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as program:
        os.close(theirs)
        pieces = list(iter(lambda: _read(ours), b""))
        os.close(ours)
        assert program.wait(30) == 0, b"".join(pieces).decode()
    return b"".join(pieces).decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError as error:
        if error.errno == errno.EIO:  # Linux's way of saying that nobody writes any more
            return b""
        raise


def screen(written: str) -> list[str]:
    """What stays on the screen, for the few controls that are used: erase a line, go up, colours, the cursor."""
    lines, row = [""], 0
    for piece in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", written):
        if piece == "\n":
            row += 1
            lines.extend([""] * (row + 1 - len(lines)))
        elif piece.startswith("\x1b") and piece.endswith("K"):
            lines[row] = ""
        elif piece.startswith("\x1b") and piece.endswith("A"):
            row -= int(piece[2:-1] or 1)
        elif piece == "\r" or piece.startswith("\x1b"):
            pass
        else:
            lines[row] += piece
    return [line.rstrip() for line in lines if line.strip()]


def test_lines_scroll_and_the_bar_goes() -> None:
    """While it runs there is one bar below the lines; then the lines stay, and the cursor is there again."""
    written = on_terminal("-m", "tests.progress.sweeps", "0.003")

    assert screen(written) == [
        f"Compute {NAME}: 200 of 200, about 3 min 20 s",
        f"Failed {NAME}(k=50) after 10 ms: ValueError: k is odd",
        "a metric prints",
        f"Failed {NAME}(k=120) after 10 ms: ValueError: k is odd",
        f"Ended {NAME} after 3 min 20 s: 198 computed, 2 failed",
    ]
    states = re.findall(rf"{NAME} \S*━\S*\s+(\d+)/200, ", re.sub(r"\x1b\[[\d;]*m", "", written))
    assert len(set(states)) > 3
    assert states == sorted(states, key=int)
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
    assert all(len(line) <= 80 for line in re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "\n", written).splitlines())


@pytest.mark.parametrize("environ", [{"CI": "true"}, {"TERM": "dumb"}, {"SMM_PROGRESS": "plain"}])
def test_some_terminals_are_logs(environ: dict[str, str]) -> None:
    """In CI, on a dumb terminal and by request there are lines on a terminal, too."""
    written = on_terminal("-m", "tests.progress.sweeps", "0", **environ)

    assert "\x1b" not in written
    assert len(written.splitlines()) == 14


NESTED = """
import time
from tests.progress.sweeps import *
tell(SweepStarted("outer", 40, 0, 40, None))
for number in range(3):
    sweep("[b]inner[/b]", 30, pause=0.007)
    tell(SweepProgressed("outer", number + 1, 40, 0, 1.0, None))
tell(SweepEnded("outer", 3, 0, 0, 0, 1.0))
"""


def test_sweeps_within_sweeps_have_a_bar_each() -> None:
    """An inner sweep has a bar below the one of the outer sweep; titles are shown as they are."""
    written = on_terminal("-c", NESTED)

    plain = re.sub(r"\x1b\[[\d;]*m", "", written)
    assert re.search(r"outer +[━╸╺]+ +2/40, .*\r?\n\[b\]inner\[/b\] +[━╸╺]+ +\d+/30, ", plain)
    assert screen(written)[-1] == "Completed outer in 1 s: 3 computed"
    assert not any("━" in line for line in screen(written))


FORKED = """
import os, sys
from tests.progress.sweeps import *
tell(SweepStarted("parent", 40, 0, 40, None))
child = os.fork()
if child == 0:
    print("the child prints")
    sweep("child", 100)
    sys.stdout.flush()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
tell(SweepEnded("parent", 40, 0, 0, 0, 1.0))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_lines() -> None:
    """A child that is forked while there is a bar writes lines of its own, hangs on no lock and draws no bar."""
    written = on_terminal("-W", "ignore::DeprecationWarning", "-c", FORKED)

    plain = re.sub(r"\x1b\[[\d;]*m", "", written)
    assert "the child prints" in written
    assert "child 50/100, 50 s, about 50 s left" in written
    assert not re.search(r"child +━", plain)
    assert screen(written)[-1] == "Completed parent in 1 s: 40 computed"


BROKEN = """
import os, sys
from tests.progress.sweeps import *
from simple_metrics_manager.events import listening
heard = []
with listening(heard.append):
    tell(SweepStarted("cut", 40, 0, 40, None))
    time.sleep(0.2)
    kept = os.dup(1)
    nowhere, end = os.pipe()
    os.close(nowhere)
    os.dup2(end, 1)
    time.sleep(0.3)
    tell(SweepProgressed("cut", 40, 40, 0, 1.0, None))
    tell(SweepEnded("cut", 40, 0, 0, 0, 1.0))
os.dup2(kept, 1)
sweep("next", 30, pause=0.01)
print(len(heard), type(sys.stdout).__name__)
"""


def test_a_terminal_that_goes_away_does_no_harm() -> None:
    """When the terminal is gone, the sweep goes on, the streams are given back, and nothing is raised."""
    written = on_terminal("-c", BROKEN)

    assert screen(written)[-1] == "3 TextIOWrapper"
    assert "Traceback" not in written


def test_ascii_terminals_have_a_bar_too() -> None:
    """A terminal that knows no other characters has a bar of those that it knows."""
    written = on_terminal("-m", "tests.progress.sweeps", "0.003", PYTHONIOENCODING="ascii")

    assert written.isascii()
    assert re.search(rf"{NAME} \S*-\S* +\d+/200, ", re.sub(r"\x1b\[[\d;]*m", "", written))


def test_a_bar_may_be_forced() -> None:
    """``show("rich")`` draws on what does not call itself a terminal, as the consoles of some editors."""
    code = "from simple_metrics_manager.progress import show; show('rich'); from tests.progress.sweeps import *;"
    ran = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", f"{code} sweep('Digits', 50, pause=0.01)"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )

    assert "━" in ran.stdout.decode()
    assert screen(ran.stdout.decode().replace("\r\n", "\n"))[-1] == "Completed Digits in 50 s: 50 computed"


LONG = """
import time
from simple_metrics_manager.events import listening
from simple_metrics_manager.progress.choosing import follow
from tests.progress.sweeps import *
tell(SweepStarted("night", 40, 0, 40, None))
with listening(follow):
    tell(ComputeStarted("night(k=1)", verbose=False))
    tell(ComputeStarted("x" * 90, verbose=False))
    time.sleep(1.3)
    tell(Computed("x" * 90, 1.3, verbose=False))
    time.sleep(0.3)
    tell(Computed("night(k=1)", 1.6, verbose=False))
tell(SweepEnded("night", 40, 0, 0, 0, 1.6))
"""


def test_what_takes_long_is_named() -> None:
    """Below the bars one line says what has been computed for a second, innermost first; in the end it is gone."""
    written = on_terminal("-c", LONG)

    plain = re.sub(r"\x1b\[[\d;]*m", "", written)
    assert re.search(r"computing x{60,}…", plain)
    assert "computing night(k=1) for " in plain
    assert screen(written) == ["Compute night: 40 of 40", "Completed night in 1.6 s: 40 computed"]
