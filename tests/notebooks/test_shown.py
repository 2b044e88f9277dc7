"""What notebooks show of managers, of their answers and of sweeps: escaped, readable anywhere, and free of loading."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from simple_metrics_manager import (
    DatedCacheManager,
    Failure,
    JsonStorageInterface,
    MemoryStorageInterface,
    NpzStorageInterface,
    metric,
)
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.freshness.status import ManagerStatus, StatusRow
from simple_metrics_manager.markup import Markup, Shown, changes, joined, state, table, tag
from simple_metrics_manager.storing.entries import StoredEntries

HOSTILE = """<script>alert("1")</script>'><img src=x onerror=alert(2)>&amp;"""


class Page(HTMLParser):
    """The tags and the text of a piece of HTML."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.open: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


class Lab(DatedCacheManager):
    """Metrics of which one fails, and a parameter that is HTML."""

    verbose = False

    @metric
    def pixels(self) -> NDArray[np.float64]:
        return np.arange(1000.0)

    @metric(params_list=[(k,) for k in range(3)])
    def inertia(self, k: int) -> float:
        if k == 2:
            raise ValueError(HOSTILE)
        return float(self.pixels.sum()) * k

    @metric(params_list=[(k, mode) for k in (1, 2) for mode in ("fast", HOSTILE)])
    def score(self, k: int, mode: str) -> float:
        return k / 3


def shown(thing: object) -> dict[str, str]:
    """What IPython gets, which asks any object in this way."""
    made: object = getattr(thing, "_repr_mimebundle_")(include=None, exclude=None)  # noqa: B009  # as IPython looks for it
    return cast("dict[str, str]", made)


def test_a_manager_is_its_status(tmp_path: Path) -> None:
    """A manager is shown as the table of its status, in words and glyphs, and as text as it is printed."""
    cm = Lab(NpzStorageInterface(tmp_path))
    cm.get_all(on_error="collect")

    made = shown(cm)
    page = Page(made["text/html"])

    assert made["text/plain"] == str(cm.status())
    assert set(page.tags) == {"div", "b", "table", "thead", "tbody", "tr", "th", "td", "span"}
    assert page.tags.count("tr") == 4
    assert all(word in page.text for word in ("● fresh", "✕ failed", "2/3", "1 failed, last: ValueError", "2 fresh"))


def test_everything_is_shown(tmp_path: Path) -> None:
    """Every answer of a manager has a text, the one that is printed, and HTML of plain tags with styles at most."""
    cm = Lab(NpzStorageInterface(tmp_path))
    plan = cm.get_all(dry_run=True)
    cm.get_all(on_error="collect")
    failure = cm.last_error(Lab.inertia(2))
    answers: list[object] = [
        cm.status(), cm.why("pixels"), cm.why(cm.inertia), cm.graph(), cm.provenance("score,k=1,mode=fast"), plan,
        failure, cm.score.to_array(), cm.check(), cm.clear(), cm.adopt_renamed(), cm.verify("pixels"),
        cm.accept("pixels", reason=HOSTILE),
    ]  # fmt: skip

    for answer in answers:
        made = shown(answer)
        page = Page(made["text/html"])

        assert made["text/plain"] == str(answer)
        assert isinstance(answer, Shown)
        assert not {"script", "style", "svg", "img", "link"} & {*page.tags}
        assert page.attributes <= {"style", "scope"}


def test_a_sweep_is_a_table_of_its_points(tmp_path: Path) -> None:
    """``cm.inertia`` at the end of a cell says which points there are, and what became of each."""
    cm = Lab(JsonStorageInterface(tmp_path))
    cm.get_all(on_error="collect")

    made = shown(cm.inertia)
    page = Page(made["text/html"])

    assert made["text/plain"] == str(cm.why(cm.inertia))
    assert [point in page.text for point in ("inertia,k=0", "inertia,k=1", "inertia,k=2")] == [True] * 3
    assert HOSTILE in page.text


def test_many_points_are_behind_a_click(tmp_path: Path) -> None:
    """More than a few points are folded away; a page has no more of them than a browser likes."""

    class Wide(Lab):
        @metric(params_list=[(k,) for k in range(600)])
        def inertia(self, k: int) -> float:
            return float(k)

    page = Page(shown(Wide(JsonStorageInterface(tmp_path)).inertia)["text/html"])

    assert page.tags.count("details") == 1
    assert page.tags.count("tr") == 501
    assert "600 points" in page.text
    assert "and 100 more points" in page.text


def test_values_of_a_grid_are_a_table() -> None:
    """Two parameters span a table, with the values of the second one at its top; what is text stays text."""
    array = Lab(MemoryStorageInterface()).score.to_array()
    page = Page(array.__html__())

    assert page.text == f"score float64k \\ modefast{HOSTILE}10.3333330.33333320.6666670.666667"
    assert page.tags.count("tr") == 3


class Unloadable(Exception):
    """Somebody has loaded a value."""


def test_nothing_is_loaded_and_nothing_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a storage that fails on loading, everything is shown as ever: records are read, values are not."""
    Lab(NpzStorageInterface(tmp_path)).get_all(on_error="collect")
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    def read(self: StoredEntries, name: str, /, form: Format | None = None) -> Entry:
        raise Unloadable(name)

    monkeypatch.setattr(StoredEntries, "read", read)
    cm = Lab(NpzStorageInterface(tmp_path))
    with pytest.raises(Unloadable):
        cm.load("pixels")
    for thing in (cm, cm.inertia, cm.status(), cm.why("pixels"), cm.graph(), cm.provenance("pixels")):
        assert "pixels" in shown(thing)["text/plain"] or "inertia" in shown(thing)["text/plain"]
    assert dict(cm.cache) == {}
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == written


def test_a_storage_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A notebook is told why there is no table; it gets no traceback for looking at a manager."""

    def names(self: StoredEntries) -> list[str]:
        raise PermissionError(13, "Permission denied", HOSTILE)

    monkeypatch.setattr(StoredEntries, "names", names)
    made = shown(Lab(NpzStorageInterface(tmp_path)))

    assert "PermissionError" in made["text/plain"]
    assert "<script>" not in made["text/html"]


@given(st.text())
def test_any_text_is_escaped(text: str) -> None:
    """Whatever a name, an error or a value says, it comes out of the page as text, and in one piece."""
    made = joined(tag("b", text, title=text), table((text,), [(text,)]), changes(text), text)
    page = Page(made)

    assert [each for each in page.tags if each != "span"] == [
        "b",
        *["table", "thead", "tr", "th", "tbody", "tr", "td", "pre"],
    ]
    assert page.open == []
    made.encode("utf-8")


def test_hostile_names_stay_names() -> None:
    """Names, storages, types and errors that are HTML are shown as they are written."""
    failure = Failure(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    row = StatusRow(HOSTILE, "failed", HOSTILE, failures=(failure,), counts={"missing": 1})
    page = Page(ManagerStatus(HOSTILE, HOSTILE, (row,)).__html__())

    assert page.text.count(HOSTILE) == 5
    assert {"script", "img"}.isdisjoint(page.tags)
    assert "<script>" not in failure.__html__()


def test_only_tags_are_markup() -> None:
    """What a tag has made is not escaped again; adding text to it makes it text."""
    assert tag("td", tag("b", "<")) == "<td><b>&lt;</b></td>"
    assert type(tag("b", "x") + "<i>") is str
    assert joined(Markup("<br>") + "<i>") == "&lt;br&gt;&lt;i&gt;"


def luminance(colour: str) -> float:
    """How bright a colour is, as WCAG defines it."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("page", "least"), [("#ffffff", 4.5), ("#000000", 4.5), ("#1e1e1e", 3.5)])
def test_colours_can_be_read_on_any_page(page: str, least: float) -> None:
    """On white and on black every colour has the contrast that small text needs; on dark grey that of large text."""
    made = joined(*map(state, ("fresh", "stale", "failed", "missing", "unknown")), changes("+ new\n- old"))
    colours = re.findall(r"color:(#[0-9a-f]{6})", made)

    assert len(colours) == 7
    for colour in colours:
        dark, light = sorted((luminance(colour), luminance(page)))
        assert (light + 0.05) / (dark + 0.05) >= least
