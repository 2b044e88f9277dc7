"""Whose code something is: the project's own, which is followed, or a library's, of which only the name is kept."""

from __future__ import annotations

import functools
import linecache
import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, ModuleType

LIBRARY = __name__.partition(".")[0]
"""The name of this library: its own code is never followed."""

_SITE = frozenset({"site-packages", "dist-packages"})


def is_project_code(code: CodeType, namespace: Mapping[str, object]) -> bool:
    """Whether the project defines this code: not the standard library, not an installed package, not this library."""
    name = namespace.get("__name__")
    if isinstance(name, str) and name.partition(".")[0] == LIBRARY:
        return False
    file = code.co_filename
    if not file.startswith("<"):
        return is_project_file(file)
    return not file.startswith("<frozen") and (file in linecache.cache or is_project_name(name))


def is_project_module(module: ModuleType) -> bool:
    """Whether the project defines this module."""
    return is_project_name(module.__name__)


def is_project_class(cls: type) -> bool:
    """Whether the project defines this class."""
    return is_project_name(vars(cls).get("__module__"))


def is_own(cls: type) -> bool:
    """Whether this library defines the class."""
    return _top(cls.__module__) == LIBRARY


def library_of(name: object) -> str | None:
    """The third-party package of a module of this name; None if it is the project's or the standard library's."""
    if not isinstance(name, str) or is_project_name(name):
        return None
    top = _top(name)
    return None if top in sys.stdlib_module_names or top in ("", "__main__", LIBRARY) else top


def module_label(name: object) -> str:
    """How a module is called in a fingerprint: a script is called the same whether it is run or imported."""
    if name not in ("__main__", "__mp_main__"):
        return str(name)
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    file = getattr(main, "__file__", None)
    if spec is not None and isinstance(spec.name, str):
        return spec.name.removesuffix(".__main__")
    return Path(file).stem if isinstance(file, str) else "__main__"


@functools.lru_cache(maxsize=4096)
def is_project_file(file: str) -> bool:
    """Whether a file is the project's, wherever the process was started."""
    path = Path(os.path.realpath(file))
    if not _SITE.isdisjoint(path.parts) or not _SITE.isdisjoint(Path(file).parts):
        return False
    return not any(path.is_relative_to(folder) for folder in _foreign_folders())


@functools.lru_cache(maxsize=1)
def _foreign_folders() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = {os.path.realpath(path) for name in names if (path := sysconfig.get_path(name))}
    return (*map(Path, sorted(folders)), Path(os.path.realpath(__file__)).parents[1])


def is_project_name(name: object) -> bool:
    """Whether the module of this name is the project's."""
    if not isinstance(name, str) or _top(name) in (LIBRARY, ""):
        return False
    if name in ("__main__", "__mp_main__"):
        return True
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if isinstance(file, str):
        return is_project_file(file)
    folders: list[str] = list(getattr(module, "__path__", ()))
    return bool(folders) and all(map(is_project_file, folders))


def _top(name: object) -> str:
    return name.partition(".")[0] if isinstance(name, str) else ""
