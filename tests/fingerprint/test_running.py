"""Code that changes while the process runs, and code that can hardly be found."""

from __future__ import annotations

import functools
import importlib
import json
import linecache
import operator
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import cast

import numpy as np
import pytest

from simple_metrics_manager.fingerprint import Fingerprint, fingerprint, sources, take
from simple_metrics_manager.record import Code
from tests.fingerprint.laboratory import changes, imported, taken_from, write_project

FIRST = """
import shared

K = [1]


def helper(x):
    return x + 1


def metric(x):
    return helper(x) + K[0] + shared.D


class Thing:
    size = 1

    def method(self):
        return 2


def making(x):
    return Thing()
"""


def _project(folder: Path) -> Path:
    return write_project(folder, {"running": FIRST, "shared": "D = 1\n"})


def _edit(folder: Path, old: str, new: str) -> None:
    path = folder / "running.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    later = os.stat(path).st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))


def test_edit_after_import_is_not_believed(tmp_path: Path) -> None:
    """The code of a function that was edited after its import is unknown, not that of the edited file."""
    with imported(_project(tmp_path), "running") as module:
        _edit(tmp_path, "helper(x) + K[0]", "helper(x) - K[0]")
        seen = fingerprint(module.metric)

        assert seen.code == Code()
        assert seen.globals == {"running.K": "[1]"}
        assert seen.helpers["running.helper"].startswith("1:")


def test_edit_after_import_elsewhere(tmp_path: Path) -> None:
    """A function is found where it now stands if others were edited after the import."""
    fresh = taken_from(_project(tmp_path), "running", lambda module: fingerprint(module.metric))
    with imported(tmp_path, "running") as module:
        _edit(tmp_path, "K = [1]", "K = [1]\n# longer\n# and longer")
        seen = fingerprint(module.metric)

        assert seen.code.hash == fresh.code.hash
        assert seen.code.line == fresh.code.line + 2
        assert changes(fresh, seen) == set()


def test_earlier_version_is_remembered(tmp_path: Path) -> None:
    """What was read before an edit still explains the code that was imported before it."""
    with imported(_project(tmp_path), "running") as module:
        before = fingerprint(module.metric)
        _edit(tmp_path, "x + 1", "x + 2")
        _edit(tmp_path, "helper(x) + K[0]", "helper(x) - K[0]")
        take.TAKEN.clear()

        assert fingerprint(module.metric) == before


def test_reloaded_code_is_seen(tmp_path: Path) -> None:
    """A module that was edited and loaded again has the hashes of the new code."""
    with imported(_project(tmp_path), "running") as module:
        before = fingerprint(module.metric)
        _edit(tmp_path, "x + 1", "x + 2")
        importlib.reload(module)

        assert changes(before, fingerprint(module.metric)) == {"running.helper"}


def test_edited_class_is_not_believed(tmp_path: Path) -> None:
    """The body of a class that no longer agrees with the class in memory is unknown."""
    with imported(_project(tmp_path), "running") as module:
        _edit(tmp_path, "size = 1", "size = 2")

        assert fingerprint(module.making).helpers["running.Thing"] == ""


def test_globals_are_read_each_time(tmp_path: Path) -> None:
    """A global that is changed, in place or anew, is seen although the code was read before."""
    with imported(_project(tmp_path), "running") as module:
        assert fingerprint(module.metric).globals == {"running.K": "[1]", "shared.D": "1"}
        module.K.append(2)
        assert fingerprint(module.metric).globals["running.K"] == "[1, 2]"
        module.shared.D = 3
        assert fingerprint(module.metric).globals["shared.D"] == "3"


def test_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function is taken apart once as long as every name stands for the same."""
    taken: list[object] = []
    original = take.take_apart

    def counting(function: object, owner: type | None) -> take.Taken:
        taken.append(function)
        return original(function, owner)

    monkeypatch.setattr(take, "take_apart", counting)
    with imported(_project(tmp_path), "running") as module:
        one, two = fingerprint(module.metric), fingerprint(module.metric)

        assert one == two
        assert taken == [module.metric]


def _cell(namespace: dict[str, object], name: str, text: str) -> None:
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), namespace)


def test_notebook_cells() -> None:
    """A helper that a later cell defines anew is seen, although the metric's own cell did not run again."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    _cell(namespace, "<ipython-input-1-abc>", "def helper(x):\n    return x\n")
    _cell(namespace, "<ipython-input-2-abc>", "def metric(x):\n    return helper(x)\n")
    metric = cast("Callable[[float], float]", namespace["metric"])
    before = fingerprint(metric)
    _cell(namespace, "<ipython-input-3-abc>", "def helper(x):\n    return 2 * x\n")
    after = fingerprint(metric)
    (label,) = before.helpers

    assert before.code.source == "def metric(x):\n    return helper(x)\n"
    assert label.endswith(".helper")
    assert changes(before, after) == {label}


class _Hostile:
    """Everything that can be asked of it raises, but what it is."""

    def __getattribute__(self, name: str) -> object:
        if name == "__class__":
            return _Hostile
        raise ZeroDivisionError(name)

    __hash__ = None  # type: ignore[assignment]  # that is what is hostile about it

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    def __call__(self) -> int:
        return 1


def _executed() -> Callable[..., object]:
    namespace: dict[str, object] = {}
    exec("def f(x):\n    return x", namespace)
    return cast("Callable[..., object]", namespace["f"])


@pytest.mark.parametrize(
    "function",
    [
        print,
        len,
        "a".upper,
        np.sin,
        np.vectorize,
        functools.partial(print),
        operator.itemgetter(1),
        int,
        _executed(),
        eval("lambda: 1"),
    ],
    ids=lambda function: type(function).__name__,
)
def test_unknown_code_is_empty(function: Callable[..., object]) -> None:
    """Code whose source cannot be had, or is not the project's, is unknown."""
    assert fingerprint(function).code == Code()


def test_hostile_objects_raise_nothing() -> None:
    """A fingerprint does not ask objects, and raises nothing."""
    assert isinstance(fingerprint(_Hostile()), Fingerprint)
    assert isinstance(fingerprint(cast("Callable[..., object]", None)), Fingerprint)


def test_instance_with_call() -> None:
    """The code of an instance that can be called is its ``__call__``, and its class is a helper."""
    seen = fingerprint(_Hostile())

    assert seen.code.source.startswith("def __call__(self)")
    assert f"{__name__}._Hostile" in seen.helpers


def test_class_as_a_function(tmp_path: Path) -> None:
    """The code of a class is its body; its methods are helpers."""
    seen = taken_from(_project(tmp_path), "running", lambda module: fingerprint(module.Thing))

    assert seen.code.source.startswith("class Thing:")
    assert set(seen.helpers) == {"running.Thing.method"}


def test_class_made_by_a_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class that a call made is the expression that made it."""
    monkeypatch.setattr(sources, "_BEGAN", float("inf"))
    text = 'from collections import namedtuple\nPoint = namedtuple("Point", "x y")\ndef f(x):\n    return Point(x, 1)\n'
    before = write_project(tmp_path / "before", {"points": text})
    after = write_project(tmp_path / "after", {"points": text.replace("x y", "x z")})
    seen = [taken_from(folder, "points", lambda module: fingerprint(module.f)) for folder in (before, after)]

    assert seen[0].helpers["points.Point"].startswith("1:")
    assert changes(*seen) == {"points.Point"}


def test_libraries_are_named(tmp_path: Path) -> None:
    """Packages that are reached are named, those of the standard library and this one are not."""
    text = "import json\nimport attrs\nimport numpy as np\nfrom simple_metrics_manager.record import Code\n"
    text += "def f(x):\n    json.dumps(attrs.asdict(Code()))\n    return np.linalg.svd(x)\n"
    folder = write_project(tmp_path, {"libraries": text})
    seen = taken_from(folder, "libraries", lambda module: fingerprint(module.f))

    assert seen.libraries == ("attrs", "numpy")
    assert seen.helpers == {}


def test_project_installed_as_a_library(tmp_path: Path) -> None:
    """What lies in a folder called site-packages is a library, wherever that is."""
    write_project(tmp_path / "site-packages", {"installed": "def g(x):\n    return x\n"})
    write_project(tmp_path / "work", {"working": "import installed\ndef f(x):\n    return installed.g(x)\n"})
    with imported(tmp_path / "site-packages", "installed"):
        seen = taken_from(tmp_path / "work", "working", lambda module: fingerprint(module.f))

    assert seen.helpers == {}
    assert seen.libraries == ("installed",)


SCRIPT = """
import json
from simple_metrics_manager.fingerprint import fingerprint
K = 3
def helper(x):
    return x
def f(x):
    return helper(x) + K
a, b = (lambda x: x + 1), (lambda x: x + 2)
if __name__ == "__main__":
    seen = fingerprint(f)
    print(json.dumps([seen.code.hash, dict(seen.helpers), dict(seen.globals), fingerprint(a).code.hash]))
"""


def _run(*arguments: str) -> list[object]:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    return cast("list[object]", json.loads(done.stdout))


def test_script_and_module_agree(tmp_path: Path) -> None:
    """A script that is run and the same file imported have the same fingerprints."""
    folder = write_project(tmp_path, {"analysis": SCRIPT})

    def take_all(module: ModuleType) -> list[object]:
        seen = fingerprint(module.f)
        return [seen.code.hash, dict(seen.helpers), dict(seen.globals), fingerprint(module.a).code.hash]

    with imported(folder, "analysis") as module:
        expected = take_all(module)

    assert _run(str(folder / "analysis.py")) == expected
    assert set(cast("dict[str, str]", expected[1])) == {"analysis.helper"}


def test_lambdas_without_columns(tmp_path: Path) -> None:
    """Two lambdas in one line that cannot be told apart are unknown."""
    folder = write_project(tmp_path, {"analysis": SCRIPT})

    assert _run("-X", "no_debug_ranges", str(folder / "analysis.py"))[3] == ""
