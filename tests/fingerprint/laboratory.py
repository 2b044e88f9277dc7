"""A small project on disk that tests edit and import afresh."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from simple_metrics_manager.fingerprint import Fingerprint


def write_project(folder: Path, modules: Mapping[str, str]) -> Path:
    """The folder, with one file per module in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


@contextmanager
def imported(folder: Path, name: str) -> Generator[ModuleType]:
    """A module of the project, imported as for the first time; none of the folder's modules stays imported."""
    names = [path.stem for path in folder.glob("*.py")]
    others = {module: sys.modules.pop(module) for module in names if module in sys.modules}  # of the same names
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))
        for module in names:
            sys.modules.pop(module, None)
        sys.modules.update(others)


def taken_from(folder: Path, name: str, take: Callable[[ModuleType], Fingerprint]) -> Fingerprint:
    """The fingerprint of something in a freshly imported module."""
    with imported(folder, name) as module:
        return take(module)


def changes(old: Fingerprint, new: Fingerprint) -> set[str]:
    """What differs: ``code``, names of helpers, names of globals."""
    found = {"code"} if old.code.hash != new.code.hash else set[str]()
    for before, after in ((old.helpers, new.helpers), (old.globals, new.globals)):
        found |= {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return found
