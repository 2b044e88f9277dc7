"""``smm why``, ``accept``, ``verify`` and ``graph``: the library's answers, with commands as the ways out."""

from __future__ import annotations

import re
import sys
from typing import cast
from xml.etree import ElementTree

import pytest

from simple_metrics_manager.cli.graph_svg import as_svg
from tests.cli.conftest import Project


def test_why(project: Project) -> None:
    """The words are the library's, with the difference of the source; the ways out are commands."""
    project.smm("run", "-q")
    project.edit("return 2", "return 3")
    said = project.smm("why", "base").out

    assert said.startswith("base is stale: its code changed since it was pulled on ")
    assert "-     return 2\n    +     return 3\n" in said
    assert "cm." not in said
    assert "Keep it, the change does not matter:  smm accept base --reason '...'\n" in said
    assert "smm run base\n" in said


def test_why_of_a_sweep_and_of_a_point(project: Project) -> None:
    """A sweep is one answer; points are told one by one."""
    project.smm("run", "grid", "-p", "x=1", "-q")

    said = project.smm("why", "grid").out
    assert said.startswith("grid is incomplete: of 6 points 4 missing, 2 fresh.")
    assert said.endswith("Compute what is missing:  smm run grid\n")
    answers = cast("list[dict[str, object]]", project.smm("why", "grid", "-p", "y=0.5", "--json").json["answers"])
    assert [answer["status"] for answer in answers] == ["fresh", "missing", "missing"]


def test_why_of_what_is_fresh(project: Project) -> None:
    """One sentence, and nothing to do."""
    project.smm("run", "base", "-q")

    said = project.smm("why", "base").out
    assert said.startswith("base is fresh: pulled on ")
    assert "smm" not in said


def test_why_of_what_failed(project: Project) -> None:
    """The way to the whole error is shown."""
    project.edit("return 2", "return 2 // 0")
    project.smm("run", "base", "-q")

    assert "smm show base --error" in project.smm("why", "base").out


def test_verify_then_accept(project: Project) -> None:
    """A change that does not matter is verified, accepted with a reason, and then nothing is stale."""
    project.smm("run", "-q")
    project.edit("return 2", "return 4 // 2")

    assert project.smm("verify", "base").code == 0
    assert project.smm("accept", "base", "--reason", "the same number", "-n").out == "Would accept 1 of 1:\n  base\n"
    assert project.smm("status", "--check").code == 1
    ran = project.smm("accept", "base", "--reason", "the same number")
    assert (ran.code, ran.out) == (0, "Lab.base: 1 accepted (the same number)\n")
    assert project.smm("status", "--check").code == 0


def test_verify_what_is_different(project: Project) -> None:
    """Exit code 1, and the document says what differs."""
    project.smm("run", "grid", "-q")
    project.edit("x * y +", "x * y -")
    ran = project.smm("verify", "grid", "--sample", "2", "--json")
    report = cast("list[dict[str, object]]", ran.json["reports"])[0]

    assert (ran.code, ran.json["schema"], report["equal"]) == (1, "smm.verify/1", [])
    assert len(cast("list[object]", report["different"])) == 2


def test_accept_needs_a_reason(project: Project) -> None:
    """It is kept with the values, so there has to be one."""
    ran = project.smm("accept", "base")

    assert ran.code == 2
    assert "--reason" in ran.err


def test_graph(project: Project) -> None:
    """A line for each metric: what is read comes first, and every line stands for itself."""
    assert project.smm("graph").out == "○ base\n○ twice    ← base\n○ grid ×6  ← base\n○ best     ← grid?\n"
    project.smm("run", "-q")
    assert project.smm("graph").out == "● base\n● twice    ← base\n● grid ×6  ← base\n● best     ← grid\n"
    assert project.smm("graph", "--no-state", "+twice").out == "base\ntwice  ← base\n"


def test_graph_as_text_for_others(project: Project) -> None:
    """Mermaid and Graphviz, with states or without."""
    assert '["grid ×6 (missing)"]' in project.smm("graph", "--mermaid").out
    assert '["grid ×6"]' in project.smm("graph", "--mermaid", "--no-state").out
    assert '"base" -> "twice";' in project.smm("graph", "--dot").out
    assert project.smm("graph", "--json").json["schema"] == "smm.graph/1"


def test_what_was_accepted_is_said(project: Project) -> None:
    """A value that somebody has vouched for is fresh, and ``why`` and ``show`` say who did, and for what reason."""
    project.smm("run", "base", "-q")
    project.edit("return 2", "return 1 + 1")
    project.smm("accept", "base", "--reason", "the same number")

    for verb in ("why", "show"):
        said = project.smm(verb, "base").out
        assert re.search(r"accepted \d{4}-\d\d-\d\d by \S+: the same number\n", said), said
        assert "nothing that would change it has changed" not in said


def test_a_verdict_names_commands(project: Project) -> None:
    """What ``verify`` advises can be typed as it stands."""
    project.smm("run", "-q")
    project.edit("return 2", "return 1 + 1")
    project.edit("x * y +", "x * y -")

    assert "`smm accept base --reason '...'` keeps it" in project.smm("verify", "base").out
    assert "`smm run grid` recomputes" in project.smm("verify", "grid").out


SVG = "{http://www.w3.org/2000/svg}"


def test_graph_as_a_picture(project: Project) -> None:
    """A box for each metric with its state, an arrow for each that it needs; what is but possible is dashed."""
    pytest.importorskip("htpy", reason="needs the extra report")
    project.smm("run", "base", "-q")
    ran = project.smm("graph", "--svg", "graph.svg")
    picture = ElementTree.parse(project.folder / "graph.svg").getroot()

    assert (ran.code, ran.out, ran.err) == (0, "", "Wrote 4 metrics, 3 arrows to graph.svg.\n")
    assert picture.findtext(f"{SVG}title") == "Lab"
    assert [text.text for text in picture.iter(f"{SVG}text")] == [
        "base (fresh)",
        "twice (missing)",
        "grid ×6 (missing)",
        "best (missing)",
    ]
    borders = [box.get("stroke") for box in picture.iter(f"{SVG}rect") if box.get("stroke")]
    assert borders == ["#1a7f4b", "#7b8494", "#7b8494", "#7b8494"]
    arrows = [path for path in picture.iter(f"{SVG}path") if path.get("marker-end")]
    assert [path.get("stroke-dasharray") for path in arrows] == [None, None, "5 4"]


def test_where_boxes_and_arrows_of_a_picture_lie(project: Project) -> None:
    """What is read is left of what reads it, arrows go from box to box, and no two boxes overlap."""
    pytest.importorskip("htpy", reason="needs the extra report")
    project.smm("graph", "--svg", "graph.svg", "--no-state")
    picture = ElementTree.parse(project.folder / "graph.svg").getroot()
    boxes = {group.findtext(f"{SVG}text"): group.find(f"{SVG}rect") for group in picture.iter(f"{SVG}g")}
    places = {
        name: tuple(float(box.get(side, "")) for side in ("x", "y", "width", "height"))
        for name, box in boxes.items()
        if box is not None
    }

    assert [*places] == ["base", "twice", "grid ×6", "best"]
    assert places["base"][0] < places["twice"][0] == places["grid ×6"][0] < places["best"][0]
    assert abs(places["twice"][1] - places["grid ×6"][1]) >= places["twice"][3]
    first = next(path for path in picture.iter(f"{SVG}path") if path.get("marker-end"))
    x, y, wide, high = places["base"]
    assert first.get("d", "").startswith(f"M{x + wide:g} {y + high / 2:g}C")


def test_what_a_picture_leaves_out() -> None:
    """An arrow where a longer way leads as well, and one that goes round, are named in the description."""
    pytest.importorskip("htpy", reason="needs the extra report")
    arrows = [("a", "b", True), ("b", "c", True), ("a", "c", True), ("c", "a", False)]
    picture = ElementTree.fromstring(as_svg("A & <B>", {each: f"<{each}>" for each in "abc"}, arrows, {}))

    assert picture.findtext(f"{SVG}title") == "A & <B>"
    assert picture.findtext(f"{SVG}desc") == "Not drawn: c reads a; a reads c."
    assert [text.text for text in picture.iter(f"{SVG}text")] == ["<a>", "<b>", "<c>"]
    assert len([path for path in picture.iter(f"{SVG}path") if path.get("marker-end")]) == 2


def test_a_picture_needs_its_extra(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without htpy it is said what to install, and no file is written."""
    for name in [name for name in sys.modules if name.startswith("simple_metrics_manager.report")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "htpy", None)
    ran = project.smm("graph", "--svg", "graph.svg")

    assert (ran.code, ran.err) == (
        2,
        "smm: drawing a graph needs htpy: pip install 'simple-metrics-manager[report]'\n",
    )
    assert not (project.folder / "graph.svg").exists()
