"""A project is computed, edited on disk, and asked in a new process: every edit is told as what it is, and where."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NotRequired, TypedDict, cast

import attrs
import pytest

from simple_metrics_manager.outcomes.reasons import Reason
from tests.freshness import project

STALE = ("input",)


class Told(TypedDict):
    """A cause as plain data."""

    reason: Reason
    subject: NotRequired[str]
    old: NotRequired[str]
    new: NotRequired[str]
    location: NotRequired[str]
    via: NotRequired[list[str]]
    diff: NotRequired[str]


class Row(TypedDict):
    """A row of a status as plain data."""

    name: str
    state: str
    why: list[Told]


@attrs.frozen
class Expected:
    """A cause: reason, subject, the line where it is to be found as the text of that line, old and new value."""

    reason: Reason
    subject: str
    line: str = ""
    values: tuple[str, str] | None = None
    via: tuple[str, ...] = ()
    state: str = "stale"


@attrs.frozen
class Edit:
    """``old`` becomes ``new`` in a file, ``then`` is done, and of all metrics only these have something to tell."""

    file: str
    old: str
    new: str
    told: Mapping[str, tuple[Expected, ...]] = {}
    then: str = ""


def lab(old: str, new: str, **told: tuple[Expected, ...]) -> Edit:
    """An edit of the module of the manager."""
    return Edit("lab.py", old, new, told)


def parts(old: str, new: str, **told: tuple[Expected, ...]) -> Edit:
    """An edit of the module of its helpers."""
    return Edit("parts.py", old, new, told)


def code(subject: str, line: str) -> tuple[Expected, ...]:
    """That the function itself changed."""
    return (Expected("code_changed", subject, line),)


def helper(*named: tuple[str, str]) -> tuple[Expected, ...]:
    """Helpers that changed, each with the line where it is defined."""
    return tuple(Expected("helper_changed", subject, line) for subject, line in named)


def value(subject: str, line: str, old: str, new: str) -> tuple[Expected, ...]:
    """A global that changed."""
    return (Expected("global_changed", subject, line, (old, new)),)


RAW = Expected("helper_changed", "parts.raw", "def raw")
DOWNSTREAM = {
    "pixels": (RAW,),
    "reader": (Expected("upstream_stale", "pixels"), attrs.evolve(RAW, via=("pixels",))),
    "last": (Expected("upstream_stale", "reader"), attrs.evolve(RAW, via=("reader", "pixels"))),
}
NEW = {
    "reader": (Expected("upstream_changed", "pixels"),),
    "last": (
        Expected("upstream_stale", "reader"),
        Expected("upstream_changed", "pixels", via=("reader",)),
    ),
}
GONE = Expected("upstream_missing", "pixels", state="fresh")

EDITS: dict[str, Edit] = {
    # what changes nothing
    "nothing": lab("K = 10", "K = 10"),
    "comment": lab("# a comment", "# another"),
    "no comment": lab("  # a comment", ""),
    "docstring": lab("Documented.", "Well documented."),
    "no docstring": lab('        """Documented."""\n', ""),
    "whitespace": lab("y * 2", "(y\n            *   2)"),
    "moved": lab("K = 10", "# far below\n\n\nK = 10"),
    "annotation": lab("y: float = 1.5", "y = 1.5"),
    "annotation of a parameter": lab("k: int", "k"),
    "unused constant": lab("UNUSED = 1", "UNUSED = 2"),
    "another lambda in the line": lab("x ** 3)", "x ** 4)"),
    "comment in a helper": parts("return x ** 3", "# cubic\n    return x ** 3"),
    "docstring of a helper": parts("def cube(x):", 'def cube(x):\n    """Cube."""'),
    "docstring of a class": lab("How to.", "How else."),
    "type of a field": lab("alpha: float = 0.1", "alpha: int = 0.1"),
    "one more parameter set": lab("[(1,), (2,)]", "[(2,), (1,)]"),
    "another kind of quotes": lab('("a", "b")', "('a', 'b')"),
    # the function itself
    "own body": lab("y * 2", "y * 3", own=code("Lab.own", "y * 3")),
    "own constant": lab("= 1.5", "= 2.5", own=code("Lab.own", "= 2.5")),
    "nested function": lab("x + 8", "x + 9", nested=code("Lab.nested", "x + 9")),
    "nested lambda": lab("x - 1)", "x - 2)", nested=code("Lab.nested", "x - 2)")),
    "decorated body": lab("return 7.0", "return 8.0", decorated=code("Lab.decorated", "return 8.0")),
    "body of a sweep": lab("scaled(k, factor)", "scaled(k, -factor)", swept=code("Lab.swept", "-factor")),
    # helpers
    "helper": parts("cube(x) / x", "cube(x) // x", helped=helper(("parts.square", "def square"))),
    "helper of a helper": parts("x ** 3 * DEEP", "x ** 2 * DEEP", helped=helper(("parts.cube", "def cube"))),
    "default of a helper": parts("width=3", "width=4", widths=helper(("parts.smooth", "def smooth"))),
    "method": lab("x + self.deeper", "x - self.deeper", method=helper(("lab.Lab.helper", "def helper"))),
    "property": lab("self.static(1)", "self.static(2)", method=helper(("lab.Lab.deeper", "@property"))),
    "static method": lab("x + 5", "x + 6", method=helper(("lab.Lab.static", "@staticmethod"))),
    "method of a base class": lab("return x + 1\n", "return x\n", base=helper(("lab.Base.inherited", "def inherited"))),
    "method through super": lab("return x + 2\n", "return x\n", base=helper(("lab.Base.overridden", "def overridden"))),
    "overriding method": lab(
        "overridden(x) + 3",
        "overridden(x) + 4",
        base=helper(("lab.Lab.overridden", "def overridden(self, x):\n        return super")),
    ),
    "lambda": lab("x ** 2)", "x ** 5)", with_lambda=helper(("lab.<lambda>", "squared, cubed"))),
    "function of a partial": parts(
        "x * factor",
        "x + factor",
        partially=helper(("parts.scaled", "def scaled")),
        swept=helper(("parts.scaled", "def scaled")),
    ),
    "decorator": parts(
        "function(self) + LIMIT", "function(self) - LIMIT", decorated=helper(("parts.traced", "def traced"))
    ),
    "cached helper": parts("x * 3", "x * 4", wrapped=helper(("parts.remembered", "@functools.lru_cache"))),
    "context manager": parts("yield 1.0", "yield 2.0", wrapped=helper(("parts.guarded", "@contextlib"))),
    "enclosing function": parts(
        "return x + by", "return x - by", enclosed=helper(("parts.shift.<locals>.shifted", "def shifted"))
    ),
    "method of a configuration": lab(
        "2 * self.alpha", "3 * self.alpha", configured=helper(("lab.Config.doubled", "def doubled"))
    ),
    "default of a field": lab(
        "alpha: float = 0.1",
        "alpha: float = 0.3",
        configured=(
            *helper(("lab.Config", "@attrs.frozen")),
            *value("lab.CONFIG", "CONFIG = Config()", "Config(alpha=0.1)", "Config(alpha=0.3)"),
            *value("lab.CONFIG.alpha", "CONFIG = Config()", "0.1", "0.3"),
        ),
    ),
    "field of a dataclass": lab(
        "beta: float = 0.2",
        "beta: float = 0.4",
        records=helper(("lab.Options", "@dataclass")),
        area=(
            *helper(("lab.Options", "@dataclass")),
            Expected("signature_changed", "options", "def area", ("Options(beta=0.2)", "Options(beta=0.4)")),
        ),
    ),
    "field of a named tuple": lab(
        "right: float = 0.5", "right: float = 0.6", records=helper(("lab.Pair", "class Pair"))
    ),
    "made named tuple": lab('"x y")', '"y x")', records=helper(("lab.Point", "Point = "))),
    # values
    "constant": lab("K = 10", "K = 20", constant=value("lab.K", "K = 20", "10", "20")),
    "constant of another type": lab("K = 10", "K = 10.0", constant=value("lab.K", "K = 10.0", "10", "10.0")),
    "constant in another module": parts(
        "LIMIT = 100",
        "LIMIT = 200",
        far_constant=value("parts.LIMIT", "LIMIT = 200", "100", "200"),
        near_constant=value("lab.LIMIT", "LIMIT = 200", "100", "200"),
        decorated=value("parts.LIMIT", "LIMIT = 200", "100", "200"),
    ),
    "constant of a helper of a helper": parts("DEEP = 1", "DEEP = 2", helped=value("parts.DEEP", "DEEP = 2", "1", "2")),
    "class attribute": lab("DEGREE = 3", "DEGREE = 4", method=value("lab.Lab.DEGREE", "DEGREE = 4", "3", "4")),
    "class attribute of a base": lab("LEVEL = 1", "LEVEL = 2", base=value("lab.Base.LEVEL", "LEVEL = 2", "1", "2")),
    "constant tuple": lab('"b")', '"c")', containers=value("lab.NAMES", "NAMES =", "('a', 'b')", "('a', 'c')")),
    "constant dict": lab(
        '"degree": 2', '"degree": 3', containers=value("lab.TABLE", "TABLE =", "{'degree': 2}", "{'degree': 3}")
    ),
    "closure": lab(
        "shift(9)", "shift(8)", enclosed=value("parts.shift.<locals>.shifted <closure> by", "def shifted", "9", "8")
    ),
    "argument of a partial": lab(
        "factor=0.5", "factor=0.25", partially=value("lab.halved <argument> factor", "halved =", "0.5", "0.25")
    ),
    "member of an enum": lab(
        "KIND = Kind.NEAR", "KIND = Kind.FAR", records=value("lab.KIND", "KIND =", "Kind.NEAR", "Kind.FAR")
    ),
    "default argument": lab(
        "width=3.0", "width=4.0", area=(Expected("signature_changed", "width", "def area", ("3.0", "4.0")),)
    ),
    "default of a parameter set": lab(
        "factor: float = 2.0", "factor: float = 3.0", swept=(Expected("missing", "", state="missing"),)
    ),
    # declarations
    "version": lab(
        "version=1",
        "version=2",
        versioned=(Expected("version_changed", "Lab.versioned", "@metric(version=2)", ("1", "2")),),
    ),
    "declared type": lab(
        "def own(self) -> float",
        "def own(self) -> int",
        own=(Expected("type_changed", "Lab.own", "@metric\n    def own", ("float", "int")),),
    ),
    "package version": Edit(
        "site-packages/fakelib.dist-info/METADATA",
        "Version: 1.0",
        "Version: 2.0",
        {"wrapped": (Expected("environment_changed", "fakelib", "", ("1.0", "2.0"), state="fresh"),)},
    ),
    "code of a package": Edit("site-packages/fakelib.py", "1.0", "1.0 + 0.0"),
    # inputs
    "input is stale": parts("return 21.0", "return 22.0", **DOWNSTREAM),
    "input recomputed, same bytes": Edit("parts.py", "return 21.0", "return 20.0 + 1.0", then="recompute pixels"),
    "input recomputed, other bytes": Edit("parts.py", "return 21.0", "return 22.0", NEW, then="recompute pixels"),
    "input recomputed, untouched": Edit("lab.py", "K = 10", "K = 10", then="recompute pixels"),
    "input deleted": Edit(
        "lab.py",
        "K = 10",
        "K = 10",
        {"pixels": (Expected("missing", "", state="missing"),), "reader": (GONE,)},
        then="delete pixels",
    ),
    "input not declared any more": lab(
        "    @metric\n    def pixels(self) -> float:\n        return parts.raw() * 2.0\n", "", reader=(GONE,)
    ),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Row]]:
    """What the managers of all edited projects say, each of its metrics."""
    folders = edited_projects(tmp_path_factory.mktemp("edits"))
    said = cast("dict[str, dict[str, list[Row]]]", json.loads(run("ask", *folders)))
    return {name: {row["name"]: row for row in status["metrics"]} for name, status in said.items()}


def edited_projects(folder: Path) -> list[Path]:
    """A project for each edit, which was computed before it, in a folder of that name."""
    before = folder / "before"
    project.write(before, project.FILES)
    run("compute", before)
    for name, edit in EDITS.items():
        shutil.copytree(before, folder / name)
        project.write(folder / name, {**edited(edit), "do": edit.then})
    return [folder / name for name in EDITS]


def edited(edit: Edit) -> dict[str, str]:
    """The file after the edit."""
    text = project.FILES[edit.file]
    assert edit.old in text
    return {edit.file: text.replace(edit.old, edit.new, 1)}


def run(verb: str, *folders: Path) -> str:
    """What the program says about these folders."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "tests.freshness.project", verb, *map(str, folders)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0, done.stderr
    return done.stdout


def line_of(edit: Edit, text: str) -> str:
    """``parts.py:12``: where the text stands, in the edited project."""
    for name, whole in {**project.FILES, **edited(edit)}.items():
        if text in whole:
            return f"{name}:{whole[: whole.index(text)].count(chr(10)) + 1}"
    raise AssertionError(f"{text!r} is nowhere")


def changed_line(edit: Edit) -> str:
    """Where the file begins to be another one."""
    old, new = project.FILES[edit.file].splitlines(), edited(edit)[edit.file].splitlines()
    same = next((index for index, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), len(new))
    return f"{edit.file}:{same + 1}"


@pytest.mark.parametrize("name", EDITS)
def test_edit_is_told_as_what_it_is(answers: dict[str, dict[str, Row]], name: str, tmp_path: Path) -> None:
    """Exactly the metrics that an edit concerns are stale, with the reason, the subject, the place and the values."""
    edit, rows = EDITS[name], answers[name]
    said = {
        metric: [(each["reason"], each.get("subject", ""), each.get("via", [])) for each in row["why"]]
        for metric, row in rows.items()
        if row["why"] or row["state"] != "fresh"
    }
    told = {
        metric: [(each.reason, each.subject, [*each.via]) for each in causes if each.reason != "missing"]
        for metric, causes in edit.told.items()
    }

    assert said == told
    for metric, causes in edit.told.items():
        assert rows[metric]["state"] == causes[0].state
        for expected, cause in zip(causes, rows[metric]["why"], strict=False):
            place = cause.get("location", "").rpartition(f"/{name}/")[2]
            changed = {changed_line(edit)} if cause.get("diff") else set[str]()
            assert place in ({line_of(edit, expected.line)} | changed if expected.line else {""})
            assert bool(cause.get("diff")) == (expected.reason in ("code_changed", "helper_changed"))
            if expected.values is not None:
                assert expected.values == (cause.get("old"), cause.get("new"))


def test_diff_shows_what_changed(answers: dict[str, dict[str, Row]]) -> None:
    """A change of the code is shown as lines that are gone and lines that are new."""
    (cause,) = answers["own body"]["own"]["why"]

    assert "-     return y * 2\n+     return y * 3" in cause.get("diff", "")
