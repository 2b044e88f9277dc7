"""The rules of the house: who may import whom, what is exported, what lies where."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TypeAlias, cast

import pytest

import simple_metrics_manager

ROOT = Path(__file__).resolve().parent.parent
NAME = "simple_metrics_manager"
PACKAGE = ROOT / "src" / NAME

LAYERS = (
    {"errors", "markup"},
    {"keys", "record", "entry", "history", "events", "payload", "outcomes"},
    {"formats", "stores", "claims", "fingerprint"},
    {"declaring", "storing"},
    {"asking", "sweeping", "freshness", "keeping"},
    {"one", "many", "kept", "vouching", "manager", "collected", "collect", "progress"},
    {"rename", "copying", "sweep", "cli", "report", "testing", "__main__"},
    {"dated_cache_manager", "storage_interface", "saved_metric_name_converter"},
    {"__init__"},
)
"""From the ground up. A module imports its own floor and those below; a folder is on one floor as a whole."""

FLOOR = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
SOURCES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8"), str(path))
    for path in sorted(PACKAGE.rglob("*.py"))
}
"""Dotted name below the package -> its syntax tree; the package itself is ``__init__``."""

MODULES = sorted(SOURCES)
Table: TypeAlias = Mapping[str, object]


def imported(tree: ast.Module) -> Iterator[str]:
    """Dotted names that a module imports, wherever in it: ``from a import b`` gives ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports here name the whole path"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(tree: ast.Module) -> set[str]:
    """The modules of this package that a module imports, named as in ``SOURCES``."""
    found: set[str] = set()
    for name in imported(tree):
        package, _, rest = name.partition(".")
        if package == NAME:
            found.add(module_of(rest))
    return found


def module_of(name: str) -> str:
    """The module in which a name stands, for a dotted name below the package."""
    for candidate in (name, name.rpartition(".")[0]):
        for module in (candidate, f"{candidate}.__init__".removeprefix(".")):
            if module in SOURCES:
                return module
    return name.partition(".")[0] if "." in name else "__init__"


def floor(module: str) -> int:
    """On which floor a module lives."""
    room = module.partition(".")[0]
    assert room in FLOOR, (
        f"{room} has no floor yet: add it to LAYERS in tests/test_house.py, as low as its imports allow"
    )
    return FLOOR[room]


def project() -> Table:
    """What ``pyproject.toml`` says about the package."""
    return cast(Table, tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])


def distributions(requirements: object) -> list[str]:
    """The bare names in a list of requirements."""
    return [re.split(r"[^A-Za-z0-9_.-]", text)[0] for text in cast(list[str], requirements)]


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str) -> None:
    """A module imports nothing from a floor above its own."""
    above = {name for name in own(SOURCES[module]) if floor(name) > floor(module)}

    assert above == set(), f"{module} is on floor {floor(module)}"


def test_no_import_goes_round() -> None:
    """No module needs itself by way of others, not even through imports inside functions."""
    graph = {module: own(tree) - {module} for module, tree in SOURCES.items()}
    order = list(graphlib.TopologicalSorter(graph).static_order())

    assert set(order) >= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_modules_have_a_docstring(module: str) -> None:
    """Each module says in a sentence what it is for."""
    docstring = ast.get_docstring(SOURCES[module]) or ""

    assert docstring.partition("\n\n")[0].rstrip().endswith((".", ":", "?"))


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_short(module: str) -> None:
    """A module is one idea; one that outgrows 300 lines holds two."""
    lines = (PACKAGE / module.replace(".", "/")).with_suffix(".py").read_text(encoding="utf-8").count("\n")

    assert lines <= 300


def test_all_is_sorted() -> None:
    """The exported names are listed once each, in order."""
    names = list(simple_metrics_manager.__all__)

    assert names == sorted(set(names))


def test_all_is_what_is_exported() -> None:
    """The window shows exactly the public names that it imports or defines, and imports each when it is asked for."""
    for name in simple_metrics_manager.__all__:
        getattr(simple_metrics_manager, name)
    bound = {
        name
        for name, value in vars(simple_metrics_manager).items()
        if not name.startswith("_") and name != "TYPE_CHECKING" and not isinstance(value, type(sys))
    }

    assert bound == set(simple_metrics_manager.__all__) - {"__version__"}


def test_version() -> None:
    """The version in the package is the one of the distribution."""
    assert simple_metrics_manager.__version__ == project()["version"]


def test_core_dependencies() -> None:
    """The package needs four others, and no more."""
    assert distributions(project()["dependencies"]) == ["attrs", "cattrs", "numpy", "typing-extensions"]


def test_optional_packages_are_imported_in_one_file() -> None:
    """A package that is not always there is imported in a single file, and an extra installs it."""
    core = {"attr", "attrs", "cattr", "cattrs", "numpy", "typing_extensions", NAME}
    extras = cast(Mapping[str, object], project()["optional-dependencies"])
    optional = {name.replace("-", "_") for name in chain.from_iterable(map(distributions, extras.values()))}
    importers: dict[str, set[str]] = {}
    for module, tree in SOURCES.items():
        for name in imported(tree):
            importers.setdefault(name.partition(".")[0], set()).add(module)
    foreign = {name: files for name, files in importers.items() if name not in core | sys.stdlib_module_names}

    assert set(foreign) <= optional
    assert {name: files for name, files in foreign.items() if len(files) > 1} == {}


def test_top_level_of_the_repository() -> None:
    """At the top there are only the folders and files that everybody expects; what configures tools is dotted."""
    allowed = {"src", "tests", "stubs", "docs", "pyproject.toml", "mypy.ini", "README.md", "LICENSE", "CHANGELOG.md"}
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    top = {line.partition("/")[0] for line in listed.splitlines()}

    assert {name for name in top if not name.startswith(".")} <= allowed


def test_the_package_holds_nothing_else() -> None:
    """Only modules and the marker of type information are shipped."""
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}

    assert {path.suffix for path in files if path.name != "py.typed"} == {".py"}
