"""``smm why``, ``accept``, ``verify`` and ``graph``: the library's answers, with commands as the ways out."""

from __future__ import annotations

import re
from typing import cast

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
