"""Sweeps in a notebook that a real kernel runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeAlias, cast

import pytest

pytest.importorskip("ipykernel", reason="a notebook needs a kernel")
nbclient = pytest.importorskip("nbclient", reason="nbclient runs the notebook")
nbformat = pytest.importorskip("nbformat", reason="nbclient has it with it")

ROOT = Path(__file__).resolve().parents[2]
Output: TypeAlias = dict[str, object]

START = f"import sys, threading; sys.path.insert(0, {str(ROOT)!r})\nfrom tests.progress.sweeps import *"
ONE = "sweep('Digits.inertia', 200, failing=(50, 120), pause=0.005, says='a metric prints')"
TWO = """
tell(SweepStarted('<b>outer</b>', 40, 0, 40, None))
sweep('inner', 30)
tell(SweepProgressed('<b>outer</b>', 1, 40, 1, 1.0, None))
tell(SweepEnded('<b>outer</b>', 0, 0, 1, 0, 1.0))
"""
BAR = '<span style="font-family:monospace">'
THREADS = "print('smm-progress' in [thread.name for thread in threading.enumerate()])"


@pytest.fixture(scope="module", name="ran")
def _ran() -> tuple[list[list[Output]], list[str]]:
    """The outputs of each cell, and what the displays showed over time."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in (START, ONE, TWO, THREADS)]
    )
    client = nbclient.NotebookClient(
        notebook, kernel_name="python3", timeout=120, resources={"metadata": {"path": ROOT}}
    )
    shown: list[str] = []
    process = client.process_message

    def spy(message: dict[str, object], *place: object) -> object:
        if message["msg_type"] in {"display_data", "update_display_data"}:
            content = cast("dict[str, dict[str, str]]", message["content"])
            shown.append(content["data"]["text/html"])
        return process(message, *place)

    client.process_message = spy
    client.execute()
    return [cast("list[Output]", cell["outputs"]) for cell in notebook["cells"]], shown


def printed(outputs: list[Output], stream: str = "stdout") -> list[str]:
    """The lines of a cell."""
    return "".join(str(output["text"]) for output in outputs if output.get("name") == stream).splitlines()


def displays(outputs: list[Output]) -> list[dict[str, str]]:
    """What is displayed in a cell."""
    return [cast("dict[str, str]", output["data"]) for output in outputs if output["output_type"] == "display_data"]


def test_one_display_and_lines_at_both_ends(ran: tuple[list[list[Output]], list[str]]) -> None:
    """A sweep leaves one display, which is one line, and lines for those who could not see it move; nothing is red."""
    outputs = ran[0][1]

    assert displays(outputs) == [
        {
            "text/plain": "Digits.inertia ████████████████████ 200/200, 2 failed, 3 min 20 s",
            "text/html": f"<div><b>Digits.inertia</b> {BAR}████████████████████</span> "
            "200/200, 2 failed, 3 min 20 s</div>",
        }
    ]
    assert printed(outputs) == [
        "Compute Digits.inertia: 200 of 200, about 3 min 20 s",
        "Failed Digits.inertia(k=50) after 10 ms: ValueError: k is odd",
        "a metric prints",
        "Failed Digits.inertia(k=120) after 10 ms: ValueError: k is odd",
        "Ended Digits.inertia after 3 min 20 s: 198 computed, 2 failed",
    ]
    assert printed(outputs, "stderr") == []


def test_the_display_moves(ran: tuple[list[list[Output]], list[str]]) -> None:
    """It is brought up to date while the sweep runs, a few times and not at each value."""
    shown = [html for html in ran[1] if "Digits.inertia" in html]
    done = [int(number) for number in re.findall(r"</span> (\d+)/200", "".join(shown))]

    assert 3 <= len(shown) < 100
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, 200)


def test_sweeps_within_sweeps_share_a_display(ran: tuple[list[list[Output]], list[str]]) -> None:
    """There is one display for the outermost sweep, which stays; titles are shown as they are."""
    (display,) = displays(ran[0][2])

    assert display["text/html"] == (
        f"<div><b>&lt;b&gt;outer&lt;/b&gt;</b> {BAR}░░░░░░░░░░░░░░░░░░░░</span> 1/40, 1 failed, 1 s</div>"
    )


def test_no_thread_stays(ran: tuple[list[list[Output]], list[str]]) -> None:
    """Between sweeps nothing runs beside the kernel."""
    assert printed(ran[0][3]) == ["False"]
