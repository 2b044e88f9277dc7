"""``smm status``: what somebody sees who comes back after three weeks."""

from __future__ import annotations

import re
import time
from typing import cast

import pytest

from tests.cli.conftest import Project


def test_table(project: Project) -> None:
    """A line for each metric with its state, date and reason, at most 80 columns, and what to do below."""
    project.smm("run", "-q")
    project.edit("return 2", "return 3")
    ran = project.smm("status")
    lines = ran.out.splitlines()

    assert (ran.code, ran.err) == (0, "")
    assert lines[0].startswith(f"Lab · {project.module}:Lab · metrics")
    assert lines[2].split() == ["STATE", "METRIC", "PULLED", "ON", "AGE", "TOOK", "SIZE", "WHY"]
    assert re.match(r"◐ stale  base +\d{4}-\d\d-\d\d +\d s +[\d.]+ .s +– +code changed$", lines[3])
    assert re.match(r"◐ stale  grid 6/6 .* input base is stale$", lines[5])
    assert lines[-1] == "4 stale. `smm why NAME` explains, `smm run` fixes."
    assert max(map(len, lines)) <= 80


def test_columns_are_for_grep_and_cut(project: Project) -> None:
    """Every line starts its columns at the same place, and no box is drawn."""
    project.smm("run", "base", "-q")
    lines = project.smm("status").out.splitlines()
    places = {re.search(r"(?<=  )(METRIC|base|twice|grid|best)", line) for line in lines[2:7]}

    assert {found.start() for found in places if found is not None} == {11}
    assert not re.search("[│─┃━|]", "\n".join(lines))


def test_all_is_fresh(project: Project) -> None:
    """Then a sentence says so; with ``-q`` nothing else."""
    project.smm("run", "-q")

    said = project.smm("status", "-q").out
    assert re.fullmatch(r"Lab: all 4 metrics are fresh; the oldest was pulled on \d{4}-\d\d-\d\d\.\n", said)


def test_check(project: Project) -> None:
    """``--check`` is for CI: exit code 1 and the table if anything is not fresh, else 0."""
    assert project.smm("status", "--check").code == 1
    project.smm("run", "-q")
    assert project.smm("status", "--check").code == 0


def test_names_and_states(project: Project) -> None:
    """Names, patterns, inputs and readers, states and ages choose what is shown."""

    def shown(*arguments: str) -> list[str]:
        metrics = cast("list[dict[str, object]]", project.smm("status", "--json", *arguments).json["metrics"])
        return [str(each["name"]) for each in metrics]

    project.smm("run", "base", "-q")

    assert shown("t*", "best") == ["twice", "best"]
    assert shown("+best") == ["base", "grid", "best"]
    assert shown("base+") == ["base", "twice", "grid", "best"]
    assert shown("--state", "fresh") == ["base"]
    assert shown("--state", "missing,failed") == ["twice", "grid", "best"]
    assert shown("--older-than", "1d") == []
    assert shown("--older-than", "0s") == ["base"]


def test_a_name_that_is_unknown(project: Project) -> None:
    """It says which one was probably meant; exit code 2."""
    ran = project.smm("status", "twyce")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "smm: Lab has no metric 'twyce'. Did you mean 'twice'?\n"


def test_points_and_durations(project: Project) -> None:
    """The points of a sweep one by one, and what took longest, the longest first."""
    project.edit("return x * y", "import time; time.sleep(0.05 if (x, y) == (2, 1.5) else 0); return x * y")
    project.smm("run", "-q")
    ran = project.smm("status", "--points", "--durations", "1")

    assert len(re.findall(r"^● fresh    grid,x=\d,y=[\d.]+ ", ran.out, re.MULTILINE)) == 6
    assert re.search(r"^Slowest:\n  [\d.]+ m?s  (grid,x=2,y=1.5|best)$", ran.out, re.MULTILINE)


def test_json(project: Project) -> None:
    """The document names its schema, and has what the table has."""
    project.smm("run", "grid", "-q")
    document = project.smm("status", "--json", "--points").json
    grid = cast("list[dict[str, object]]", document["metrics"])[2]

    assert (document["schema"], document["manager"], document["storage"]) == ("smm.status/1", "Lab", "metrics")
    assert document["counts"] == {"fresh": 2, "missing": 2}
    assert (grid["name"], grid["state"], grid["points"], grid["type"]) == ("grid", "fresh", 6, "float")
    assert len(cast("list[object]", grid["values"])) == 6


def test_colour_is_a_second_signal(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is used where it is asked for, or on a terminal, never with NO_COLOR; without it, the text is the same."""
    plain = project.smm("status").out
    coloured = project.smm("--color", "always", "status").out
    assert "\x1b[" not in plain
    assert "\x1b[2m○ missing\x1b[0m  base" in coloured
    assert re.sub(r"\x1b\[\d*m", "", coloured) == plain

    monkeypatch.setenv("FORCE_COLOR", "1")
    assert project.smm("status").out == coloured
    monkeypatch.setenv("NO_COLOR", "1")
    assert project.smm("status").out == plain


def test_watch(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks again and again, shows what has changed, and Ctrl-C is its end."""
    waits: list[float] = []
    texts: list[str] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        texts.append(project.capsys.readouterr().out)
        if len(waits) == 2:  # somebody else changes what is stored
            next((project.folder / "metrics").glob("*base*")).unlink()
        if len(waits) == 3:
            raise KeyboardInterrupt

    project.smm("run", "-q")
    monkeypatch.setattr(time, "sleep", wait)

    assert project.smm("status", "--watch", "7").code == 0
    assert waits == [7.0, 7.0, 7.0]
    assert ["○ missing  base" in text for text in texts] == [False, False, True]
    assert texts[1] == ""
