"""``smm run``: what is computed, in which order, and what is said about it."""

from __future__ import annotations

import json
from typing import cast

import pytest

from tests.cli.conftest import Project


def computed(project: Project, *arguments: str) -> list[str]:
    """The names of what a run computes, in order."""
    return [
        line.removeprefix("Compute ")
        for line in project.smm("--progress", "plain", "run", *arguments).err.splitlines()
        if line.startswith("Compute ")
    ]


def test_everything_then_nothing(project: Project) -> None:
    """The first run computes all, the second one nothing; the answer is on standard output, the narration is not."""
    first, second = project.smm("run"), project.smm("run")

    assert (first.code, second.code) == (0, 0)
    assert first.out.startswith("Computed 9, 9 fresh, in ")
    assert "Compute base\n" in first.err
    assert (second.out, second.err) == ("Nothing to compute: 9 values are fresh.\n", "")


def test_what_comes_out_the_same_is_not_computed_further(project: Project) -> None:
    """After a change that does not change the value, only the metric itself is computed anew."""
    project.smm("run", "-q")
    project.edit("return 2", "return 1 + 1")

    assert computed(project) == ["base"]
    assert project.smm("status", "--check").code == 0


def test_what_is_stale_is_computed_before_what_reads_it(project: Project) -> None:
    """After a change of the value, everything that reads it is computed anew, once, and from the new one."""
    project.smm("run", "-q")
    project.edit("return 2", "return 3")

    assert [name.partition(",")[0] for name in computed(project)] == ["base", "twice", *["grid"] * 6, "best"]
    assert project.smm("show", "best", "--json").json["values"][0]["value"] == 7.5  # type: ignore[index]  # plain data


def test_a_named_metric_has_its_inputs_made_fresh(project: Project) -> None:
    """What a named metric reads is computed anew if it is stale; what is not named is left alone."""
    project.smm("run", "-q")
    project.edit("return 2", "return 3")

    assert computed(project, "twice") == ["base", "twice"]
    assert computed(project, "t*") == []


def test_points(project: Project) -> None:
    """Parameters choose points of a sweep, some or one of them."""
    assert computed(project, "grid", "-p", "x=1") == ["base", "grid,x=1,y=0.5", "grid,x=1,y=1.5"]
    assert computed(project, "grid[x=2, y=1.5]") == ["grid,x=2,y=1.5"]
    assert computed(project, "grid,x=2,y=0.5") == ["grid,x=2,y=0.5"]
    assert "grid 4/6" in project.smm("status").out


def test_a_point_that_is_not_declared(project: Project) -> None:
    """What is asked for besides the declared points is computed with values of the declared kinds."""
    project.edit("for y in (0.5, 1.5)])\n    def", "for y in (0.5, 1.5)], dynamic=True)\n    def")

    assert computed(project, "grid", "-p", "x=7", "-p", "y=2") == ["base", "grid,x=7,y=2.0"]


def test_force(project: Project) -> None:
    """``--force`` computes anew what is named, and nothing else."""
    project.smm("run", "-q")

    assert computed(project, "twice", "--force") == ["twice"]


def test_older_than(project: Project) -> None:
    """What is older than that is computed anew, though it is fresh."""
    project.smm("run", "-q")

    assert computed(project, "base", "--older-than", "1d") == []
    assert computed(project, "base", "--older-than", "0s") == ["base"]


def test_dry_run(project: Project) -> None:
    """It says what would be computed and why, and computes nothing."""
    ran = project.smm("run", "--dry-run")
    assert ran.out.startswith("Would compute 9 values:\n")
    assert "6 missing" in ran.out
    assert project.smm("status", "--json").json["counts"] == {"missing": 4}

    project.smm("run", "-q")
    project.edit("return 2", "return 3")
    ran = project.smm("run", "-n")
    assert ran.out.startswith("Would compute up to 9 values, under 1 s judging by last time:\n  base ")
    assert "code changed" in ran.out
    assert project.smm("run", "-n", "--json").json["schema"] == "smm.plan/1"


def test_a_failure_stops_only_what_needs_it(project: Project) -> None:
    """What does not need it is computed; the answer names what failed and what was skipped; exit code 1."""
    project.edit("return self.base * 2", "return self.base // 0")
    project.edit("max(self.grid", "self.twice + max(self.grid")
    ran = project.smm("run", "-q")

    assert ran.code == 1
    assert ran.out.startswith("Computed 7, failed 1, skipped 1, 7 fresh, in ")
    assert "Failed:  twice, ZeroDivisionError: integer division or modulo by zero\n" in ran.out
    assert "smm run twice --pdb" in ran.out


def test_the_traceback_is_the_users(project: Project) -> None:
    """A user's exception is shown with its traceback, without the frames of the library."""
    project.edit("return self.base * 2", "return self.base // 0")
    ran = project.smm("run", "-q")

    assert f'File "{project.file}", line ' in ran.err
    assert "return self.base // 0" in ran.err
    assert "simple_metrics_manager/asking" not in ran.err


def test_what_fails_alike_is_shown_once(project: Project) -> None:
    """A sweep that fails at one line has one traceback."""
    project.edit("return x * y + self.base", "raise RuntimeError(f'at {x}')")
    ran = project.smm("run", "grid", "-q")

    assert ran.err.count("Traceback") == 1
    assert "... and 5 more like it" in ran.err


def test_what_reads_something_stale_that_fails_is_left(project: Project) -> None:
    """An old value is no input for what is to be fresh: what needs it is skipped, and says why."""
    project.smm("run", "-q")
    project.edit("return 2", "return 2 // 0")
    ran = project.smm("run", "-q")

    assert ran.code == 1
    assert "Computed 0, failed 1, skipped 3," in ran.out
    assert "Skipped: twice, needs base\n" in ran.out


def test_fail_fast(project: Project) -> None:
    """``-x`` ends with the exception of the metric; exit code 1."""
    project.edit("return 2", "return 2 // 0")
    ran = project.smm("run", "-q", "-x")

    assert (ran.code, ran.out) == (1, "")
    assert "ZeroDivisionError: integer division or modulo by zero" in ran.err


def test_pdb(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--pdb`` opens the debugger where the function failed."""
    lines: list[str] = []

    def look(trace: object) -> None:
        while getattr(trace, "tb_next", None) is not None:
            trace = getattr(trace, "tb_next")  # noqa: B009
        lines.append(str(getattr(trace, "tb_frame").f_code.co_name))  # noqa: B009

    monkeypatch.setattr("pdb.post_mortem", look)
    project.edit("return 2", "return 2 // 0")

    assert project.smm("run", "base", "-q", "--pdb").code == 1
    assert lines == ["base"]


def test_json(project: Project) -> None:
    """``--json`` is a line for each event, and a last one with the sum."""
    lines = [
        cast("dict[str, object]", json.loads(line)) for line in project.smm("run", "-q", "--json").out.splitlines()
    ]

    assert {str(line["schema"]) for line in lines[:-1]} == {"smm.event/1"}
    assert {"event": "ComputeStarted", "metric": "base", "schema": "smm.event/1"} in lines
    assert (lines[-1]["schema"], lines[-1]["computed"], lines[-1]["failed"]) == ("smm.run/1", 9, [])


def test_jobs(project: Project) -> None:
    """With ``-j`` other processes compute, which import the project's module from where it lies."""
    project.edit("return x * y + self.base", "import os; return float(os.getpid())")
    ran = project.smm("run", "grid", "-q", "-j", "2")

    assert (ran.code, ran.out.partition(",")[0]) == (0, "Computed 6")
    table = project.smm("show", "grid", "--json").json["values"]
    assert len({value["value"] for value in cast("list[dict[str, object]]", table)}) <= 2


def test_unusable_storage(project: Project) -> None:
    """A storage that cannot be written is no fault of the metrics; exit code 3."""
    (project.folder / "taken").write_text("a file", encoding="utf-8")

    assert project.smm("--store", "taken/below", "run", "base", "-q").code == 3


def test_interrupted(project: Project) -> None:
    """Ctrl-C says that what is finished is kept; exit code 130, and the next run goes on."""
    project.edit("return self.base * 2", "raise KeyboardInterrupt")
    ran = project.smm("run", "-q")

    assert (ran.code, ran.out) == (130, "")
    assert "interrupted: what was finished is stored" in ran.err
    project.edit("raise KeyboardInterrupt", "return self.base * 2")
    assert "base" not in computed(project)


def test_report(project: Project) -> None:
    """A page that was kept current during the run looks no more for news at its end."""
    pytest.importorskip("markupsafe", reason="the page is made with it")
    ran = project.smm("run", "-q", "--report", "page.html")

    assert ran.code == 0
    page = (project.folder / "page.html").read_text(encoding="utf-8")
    assert "twice" in page
    assert 'http-equiv="refresh"' not in page.lower()


def test_title_of_a_report(project: Project) -> None:
    """``--title`` is what the page is called; without, it has the name of the manager."""
    pytest.importorskip("markupsafe", reason="the page is made with it")
    ran = project.smm("report", "--title", "Tuesday & after", "-o", "page.html")

    assert (ran.code, ran.out[:16]) == (0, "Wrote page.html:")
    assert "<h1>Tuesday &amp; after</h1>" in (project.folder / "page.html").read_text(encoding="utf-8")
    project.smm("report")
    assert "<h1>Lab</h1>" in (project.folder / "report.html").read_text(encoding="utf-8")


def test_options_that_contradict(project: Project) -> None:
    """They are refused before anything is computed."""
    assert project.smm("run", "--pdb", "-j", "2").code == 2
    assert project.smm("run", "base", "twice", "-p", "x=1").code == 2
    assert project.smm("run", "-j", "0").code == 2


@pytest.mark.filterwarnings("default")
def test_on_stale(project: Project) -> None:
    """With ``--on-stale`` the library decides: careful keeps what other code computed, strict refuses it."""
    project.smm("run", "-q")
    project.edit("return 2", "return 3")

    careful = project.smm("run", "-q", "--on-stale", "careful")
    assert (careful.code, careful.out) == (
        0,
        "Nothing was computed; 0 values are fresh.\nStale, and kept: base, twice, grid, best\n",
    )
    assert careful.err.startswith("smm: Lab.base")
    strict = project.smm("run", "-q", "--on-stale", "strict")
    assert (strict.code, strict.out) == (1, "")
    assert strict.err.startswith("smm: Lab.base is out of date, which on_stale makes an error: code_changed")
    assert project.smm("run", "-q", "--on-stale", "fresh").out.startswith("Computed 9, 9 fresh, in ")
