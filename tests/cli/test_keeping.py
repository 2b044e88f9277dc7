"""``smm clear``, ``rename`` and ``check``: nothing goes or moves that was not asked for twice."""

from __future__ import annotations

from typing import cast

import pytest

from tests.cli.conftest import Project


def stored(project: Project) -> list[str]:
    """The names of the files."""
    return sorted(file.stem for file in (project.folder / "metrics").glob("*.npz"))


def test_clear_is_a_dry_run(project: Project) -> None:
    """Without ``--yes`` it says what would go, and how to do it; with it, that goes and nothing else."""
    project.smm("run", "-q")
    before = stored(project)
    ran = project.smm("clear", "grid")

    assert (ran.code, stored(project)) == (0, before)
    assert ran.out.startswith("Would delete 6 stored metrics (")
    assert ran.err == "Nothing was deleted: this was a dry run. Add --yes to do it.\n"
    assert project.smm("clear", "grid", "--yes").out.startswith("Deleted 6 stored metrics (")
    assert stored(project) == ["Lab.base", "Lab.best", "Lab.twice"]


@pytest.mark.parametrize(
    ("arguments", "gone"),
    [
        (("grid", "-p", "x=1"), 2),
        (("t*",), 1),
        (("--state", "fresh"), 9),
        (("grid", "--state", "stale"), 0),
        (("--older-than", "30d"), 0),
        (("--older-than", "0s", "base"), 1),
        (("--orphans",), 0),
        (("--all",), 9),
    ],
)
def test_what_is_meant(project: Project, arguments: tuple[str, ...], gone: int) -> None:
    """Points, patterns, states and ages choose what goes."""
    project.smm("run", "-q")
    document = project.smm("clear", *arguments, "--json").json

    assert (document["schema"], document["dry_run"]) == ("smm.clear/1", True)
    assert len(cast("list[object]", document["entries"])) == gone


def test_orphans(project: Project) -> None:
    """What is not declared any more can be cleared by that, or by its old name."""
    project.smm("run", "-q")
    project.edit("def twice", "def double")

    assert len(cast("list[object]", project.smm("clear", "--orphans", "--json").json["entries"])) == 1
    assert project.smm("clear", "twice", "--yes").code == 0
    assert "Lab.twice" not in stored(project)


def test_nothing_is_meant(project: Project) -> None:
    """Everything has to be said, and a name has to mean something."""
    assert project.smm("clear").code == 2
    assert project.smm("clear", "twyce").code == 2


def test_rename(project: Project) -> None:
    """Values get the new name of their metric, and stay fresh; a metric whose name begins alike is left alone."""
    project.edit("    def base", "    def twice2(self) -> int:\n        return 5\n\n    @metric\n    def base")
    project.smm("run", "-q")
    project.edit("def twice(", "def double(")
    ran = project.smm("rename", "twice", "double")

    assert (ran.code, ran.out) == (0, "Would move 1 value:\n  Lab.twice → Lab.double\n")
    assert "dry run" in ran.err
    assert project.smm("rename", "twice", "double", "--yes").out == "Moved 1 value:\n  Lab.twice → Lab.double\n"
    assert "Lab.twice2" in stored(project)
    assert project.smm("status", "double", "--json").json["counts"] != {"missing": 1}


def test_rename_to_what_is_not_declared(project: Project) -> None:
    """It would be found under no name: exit code 2; and what is not stored cannot be moved: exit code 1."""
    project.smm("run", "-q")

    assert "Did you mean 'twice'?" in project.smm("rename", "base", "twyce").err
    assert project.smm("rename", "base").code == 2
    assert project.smm("rename", "nothing", "base").code == 1


def test_rename_of_a_class(project: Project) -> None:
    """What a class of another name has stored is found again with ``--class``, and is fresh."""
    project.smm("run", "base", "twice", "-q")
    project.edit("class Lab(", "class Session(")
    how = ("-m", f"{project.module}:Session", "rename", "--class", "Session=Lab")
    ran = project.smm(*how)

    assert (ran.code, ran.out.splitlines()[0]) == (0, "2 stored metrics would be renamed")
    assert "dry run" in ran.err
    assert stored(project) == ["Lab.base", "Lab.twice"]
    assert project.smm(*how, "--yes").out.splitlines()[0] == "2 stored metrics renamed"
    assert stored(project) == ["Session.base", "Session.twice"]
    status = project.smm("-m", f"{project.module}:Session", "status", "base", "twice", "--json").json
    assert status["counts"] == {"fresh": 2}
    assert project.smm(*how, "--json").json["moves"] == []


def test_rename_of_an_input(project: Project) -> None:
    """A field that had another name, or one of several, is found again with ``--input``."""
    project.edit("    @metric\n    def base", "    subject: str = 'a'\n\n    @metric\n    def base")
    project.edit("class Lab(", "@attrs.frozen\nclass Lab(")
    project.edit("import DatedCacheManager", "import NpzStorageInterface, DatedCacheManager")
    project.edit('"""A lab."""\n', '"""A lab."""\nimport attrs\n')
    text = project.file.read_text(encoding="utf-8")
    project.file.write_text(f"{text}\nlab = Lab(subject='b').use(NpzStorageInterface('metrics'))\n", encoding="utf-8")
    (project.folder / "pyproject.toml").write_text(
        f'[tool.simple_metrics_manager]\nmanager = "{project.module}:lab"\n', encoding="utf-8"
    )
    project.smm("run", "base", "-q")
    project.edit("subject: str", "participant: str")
    project.edit("subject='b'", "participant='b'")
    assert project.smm("status", "base", "--json").json["counts"] == {"missing": 1}
    ran = project.smm("rename", "--input", "participant=who", "--input", "participant=subject", "--yes")

    assert (ran.code, ran.out.splitlines()[0]) == (0, "1 stored metric renamed")
    assert project.smm("status", "base", "--json").json["counts"] == {"fresh": 1}


def test_renames_that_say_nothing(project: Project) -> None:
    """They are refused with what to write: exit code 2."""
    project.smm("run", "base", "-q")

    assert project.smm("rename", "--class", "Session").err == (
        "smm: 'Session' is no pair of names: write --class NEW=OLD\n"
    )
    assert project.smm("rename", "base", "twice", "--input", "a=b").code == 2
    both = project.smm("rename", "--input", "a=b", "--input", "b=c")
    assert (both.code, both.err.partition(" says that ")[2]) == (
        2,
        "'b' is new, and that it is old: nothing stored can tell\n",
    )
    assert stored(project) == ["Lab.base"]


def test_check(project: Project) -> None:
    """A damaged file is found: exit code 1."""
    project.smm("run", "-q")
    assert project.smm("check").code == 0

    file = project.folder / "metrics/Lab.base.npz"
    file.write_bytes(file.read_bytes()[:-40])
    ran = project.smm("check", "--json")
    assert (ran.code, ran.json["schema"], ran.json["ok"]) == (1, "smm.check/1", False)


def test_a_damaged_value(project: Project) -> None:
    """It is never shown: the library's sentence, and exit code 3."""
    project.smm("run", "base", "-q")
    file = project.folder / "metrics/Lab.base.npz"
    file.write_bytes(file.read_bytes()[:-40])
    ran = project.smm("show", "base")

    assert ran.code in (1, 3)
    assert "Traceback" not in ran.err
