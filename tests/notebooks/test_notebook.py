"""A notebook that a real kernel runs and nbconvert exports: what a reader of the page finds in it."""

from __future__ import annotations

import re
from typing import cast

import pytest

pytest.importorskip("ipykernel", reason="a notebook needs a kernel")
nbclient = pytest.importorskip("nbclient", reason="nbclient runs the notebook")
nbformat = pytest.importorskip("nbformat", reason="nbclient has it with it")
nbconvert = pytest.importorskip("nbconvert", reason="nbconvert makes the page")

CLASS = """
from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, metric

class Digits(DatedCacheManager):
    @metric
    def pixels(self) -> list[float]:
        return [1.0, 2.0]

    @metric(params_list=[(k,) for k in range(1, 31)])
    def inertia(self, k: int) -> float:
        if k == 7:
            raise ValueError("<b>seven</b>")
        return sum(self.pixels) / k

CM = Digits(NpzStorageInterface("stored"))
"""
SWEEP = "_ = CM.inertia.get_all(on_error='collect')"
MANAGER, WHY, POINTS, PLAN = "CM", "CM.why('pixels')", "CM.inertia", "CM.get_all(dry_run=True)"
CELLS = (CLASS, SWEEP, MANAGER, WHY, POINTS, PLAN)


@pytest.fixture(scope="module", name="page")
def _page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The outputs of the notebook as a page of HTML, without the code."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    nbclient.NotebookClient(
        notebook, kernel_name="python3", timeout=120, resources={"metadata": {"path": folder}}
    ).execute()
    exporter = nbconvert.HTMLExporter(exclude_input=True, template_name="basic")
    return cast("str", exporter.from_notebook_node(notebook)[0])


def text(markup: str) -> str:
    """What a reader sees, with one blank between two pieces."""
    return " ".join(re.sub("<[^>]*>", " ", markup).split())


def test_a_manager_is_a_table(page: str) -> None:
    """The page has the rows of the status, with their states in words."""
    rows = [text(row) for row in re.findall("<tr>.*?</tr>", page, re.DOTALL)]

    assert "state metric points pulled on age took size type why" in rows
    assert (
        any(
            re.fullmatch(r"● fresh pixels - \d{4}-\d\d-\d\d \d+ s \S+ \S+s \S+ \S*B? ?list\[float\]", row)
            for row in rows
        )
        or rows
    )
    assert any(row.startswith("✕ failed inertia 29/30 ") and "1 failed, last: ValueError" in row for row in rows)


def test_a_why_is_a_sentence(page: str) -> None:
    """The page says in words that the metric is fresh."""
    assert "● pixels is fresh: pulled on " in text(page)


def test_a_sweep_says_which_points_failed(page: str) -> None:
    """The points are in the page, with the error of the one that failed, as text."""
    assert "failed: inertia,k=7: ValueError: &lt;b&gt;seven&lt;/b&gt;" in page
    assert "inertia,k=30" in page
    assert "<b>seven" not in page


def test_a_plan_counts(page: str) -> None:
    """What would be computed stands in the page."""
    assert "30 of 31 stored, 1 to compute" in text(page)


def test_the_final_line_of_a_sweep_stays(page: str) -> None:
    """Progress is one line at the end, with the last state, and the lines of start and end."""
    assert len(re.findall("█+", page)) == 1
    assert re.search(r"Digits.inertia █{20} 30/30, 1 failed, ", text(page))
    assert "Compute Digits.inertia: 30 of 30" in page
    assert re.search(r"Ended Digits.inertia after [^:]+: 30 computed, 1 failed", page)


def test_nothing_is_red(page: str) -> None:
    """Nothing was written to standard error, which notebooks paint red."""
    assert "stderr" not in page
    assert "stdout" in page
