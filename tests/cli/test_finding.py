"""Which manager is meant, where its values are, and what is said if neither is to be found."""

from __future__ import annotations

import pytest

from tests.cli.conftest import SOURCE, Project


def test_from_pyproject(project: Project) -> None:
    """The nearest ``pyproject.toml`` names the manager and its store, also from a folder below it."""
    assert project.smm("run", "-q").code == 0

    below = project.folder / "deep" / "er"
    below.mkdir(parents=True)
    ran = project.smm("-v", "status", "--json")
    assert ran.json["manager"] == "Lab"
    assert (project.folder / "metrics").is_dir()
    assert f"{project.module}:Lab, from {project.folder / 'pyproject.toml'}" in ran.err


def test_from_below(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative store is one of the project, wherever in it the command is called."""
    below = project.folder / "deep"
    below.mkdir()
    monkeypatch.chdir(below)

    assert project.smm("run", "base", "-q").code == 0
    assert (project.folder / "metrics").is_dir()


def test_order(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option comes before the variable, and that before the file."""
    project.file.write_text(SOURCE + "\nclass Other(Lab): pass\nclass Third(Lab): pass\n", encoding="utf-8")
    assert project.smm("graph", "--json").json["manager"] == "Lab"

    monkeypatch.setenv("SMM_MANAGER", f"{project.module}:Other")
    assert project.smm("graph", "--json").json["manager"] == "Other"
    assert project.smm("-m", f"{project.module}:Third", "graph", "--json").json["manager"] == "Third"
    assert project.smm("graph", "--json", "-m", f"{project.module}:Third").json["manager"] == "Third"


def test_several_managers(project: Project) -> None:
    """Configured managers have names; without one, all names are said."""
    extra = "\nclass Other(Lab): pass\ndef made(): return Other()\ninstance = Lab()\n"
    project.file.write_text(SOURCE + extra, encoding="utf-8")
    (project.folder / "pyproject.toml").write_text(
        f'[tool.simple_metrics_manager.managers]\na = "{project.module}:instance"\nb = "{project.file.name}:made"\n',
        encoding="utf-8",
    )

    assert project.smm("-m", "a", "graph", "--json").json["manager"] == "Lab"
    assert project.smm("-m", "b", "graph", "--json").json["manager"] == "Other"
    ran = project.smm("status")
    assert (ran.code, ran.err) == (2, "smm: no manager given. Say which one with -m: a, b\n")


def test_module_alone(project: Project) -> None:
    """A module is enough if it has one manager."""
    assert project.smm("-m", project.module, "graph", "--json").json["manager"] == "Lab"

    project.file.write_text(SOURCE + "\nclass Other(Lab): pass\n", encoding="utf-8")
    assert (
        f"several managers: Lab, Other. Say which one: {project.module}:Lab"
        in project.smm("-m", project.module, "status").err
    )


def test_file_in_a_package(project: Project) -> None:
    """A file that lies in a package is imported under its whole name, so that what it stores is found again."""
    package = project.folder / "src" / f"{project.module}_package"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "inner.py").write_text(SOURCE, encoding="utf-8")
    store = str(project.folder / "shared")

    assert project.smm("-m", f"{package / 'inner.py'}:Lab", "--store", store, "run", "-q").code == 0
    assert project.smm("-m", f"{package.name}.inner:Lab", "--store", store, "status", "--check").code == 0


@pytest.mark.parametrize(
    ("store", "files"),
    [("fs", "*.npz"), ("one.sqlite", "one.sqlite"), ("conf.toml", "kept/*.json")],
)
def test_store(project: Project, store: str, files: str) -> None:
    """A folder, a database and a configuration file are storages."""
    (project.folder / "conf.toml").write_text('kind = "json"\nmetrics_dir = "kept"\n', encoding="utf-8")

    assert project.smm("--store", store, "run", "base", "-q").code == 0
    folder = project.folder / store if store == "fs" else project.folder
    assert len(list(folder.glob(files))) >= 1


def test_no_manager(project: Project) -> None:
    """Without any, the message is what to write, and where."""
    (project.folder / "pyproject.toml").write_text("[tool.other]\n", encoding="utf-8")
    ran = project.smm("status")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(
        "smm: no manager given. Say which one:\n  smm -m yourpackage.metrics:YourManager status\n"
    )


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("{}:Lob", "no manager 'Lob' in {}. Did you mean 'Lab'?\n  looked up '{}:Lob' from -m"),
        ("no_such_module:Lab", "there is no module 'no_such_module'\n  looked up 'no_such_module:Lab' from -m"),
        ("no_such.py:Lab", "there is no file no_such.py\n  looked up"),
        ("{}:__doc__", "{}:__doc__ is no manager, but str"),
        ("a b", "'a b' names no manager: write module:object, path/to/file.py:object, or a configured name"),
    ],
)
def test_not_found(project: Project, target: str, said: str) -> None:
    """What is wrong is said with the name, where it was looked up, and what is near."""
    ran = project.smm("-m", target.format(project.module), "status")

    assert (ran.code, ran.out) == (2, "")
    assert said.replace("{}", project.module) in ran.err


def test_what_needs_arguments(project: Project) -> None:
    """A class whose constructor needs something is refused, with what to name instead."""
    project.edit(
        "    @metric\n    def base", "    def __init__(self, subject):\n        pass\n\n    @metric\n    def base"
    )
    ran = project.smm("status")

    assert ran.code == 2
    assert "Lab cannot be made without arguments: name an instance, or a function that makes one" in ran.err


def test_mistakes_in_the_file(project: Project) -> None:
    """Each mistake in the table is named."""
    (project.folder / "pyproject.toml").write_text(
        "[tool.simple_metrics_manager]\nmanger = 'x'\nmanagers = 3\n", encoding="utf-8"
    )
    ran = project.smm("status")

    assert ran.code == 2
    assert "has no key 'manger'. Did you mean 'manager'?" in ran.err
    assert "managers is a table of text" in ran.err


def test_a_module_that_fails(project: Project) -> None:
    """What the user's module raises is shown with its traceback, from its own first line; exit code 2."""
    project.edit('"""A lab."""', "1 / 0")
    ran = project.smm("status")

    assert ran.code == 2
    assert f'{project.module}.py", line 2' in ran.err
    assert ran.err.endswith("ZeroDivisionError: division by zero\n")
    assert "cli/finding.py" not in ran.err
    assert "cli/finding.py" in project.smm("--traceback", "status").err


def test_nowhere_to_keep(project: Project) -> None:
    """What would be gone at once is not computed."""
    (project.folder / "pyproject.toml").unlink()
    ran = project.smm("-m", f"{project.module}:Lab", "run")

    assert (ran.code, ran.out) == (2, "")
    assert "Lab has no storage, so what is computed would be gone at once: say --store FOLDER" in ran.err


@pytest.mark.parametrize(
    ("store", "said"),
    [
        (
            "taken",
            "taken is a file: a store is a folder, a database (.sqlite, .sqlite3, .db), or a .toml or .json file",
        ),
        ("no.toml", "there is no file no.toml, which should describe the storage"),
    ],
)
def test_a_store_that_is_none(project: Project, store: str, said: str) -> None:
    """A file in place of a folder, or no file, is told in a sentence by every verb; nothing is computed."""
    (project.folder / "taken").write_text("a file", encoding="utf-8")

    for verb in ("status", "run"):
        ran = project.smm("--store", store, verb)
        assert (ran.code, ran.out, ran.err) == (2, "", f"smm: {said}\n")


def test_frames_of_the_import_are_left_out(project: Project) -> None:
    """What it raises has its own traceback, without the frames of Python's import."""
    project.file.write_text("def setup():\n    raise RuntimeError('no licence')\n\nsetup()\n", encoding="utf-8")
    ran = project.smm("status")

    assert (ran.code, ran.err.splitlines()[-1]) == (2, "RuntimeError: no licence")
    frames = [line for line in ran.err.splitlines() if line.startswith("  File ")]
    assert frames == [f'  File "{project.file}", line {line}' for line in ("4, in <module>", "2, in setup")]


def test_a_module_that_ends_the_program(project: Project) -> None:
    """A script that calls ``sys.exit`` is no manager, and its number is not mistaken for an answer of the command."""
    project.file.write_text("import sys\nsys.exit(0)\n", encoding="utf-8")
    ran = project.smm("status", "--check")

    assert ran.code == 2
    assert ran.err.startswith(f"smm: {project.module} ends the program when it is imported (SystemExit: 0)")


def test_text_for_a_number(project: Project) -> None:
    """Where parameters are numbers, none of them is near to a word."""
    ran = project.smm("show", "grid", "-p", "x=one")

    assert ran.code == 2
    assert ran.err.endswith("  A number is needed, not x=one.\n")
