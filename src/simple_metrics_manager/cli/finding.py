"""Which manager is meant: by the option ``-m``, a variable of the environment, or ``pyproject.toml``; no guesses."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import cast

import attrs

from simple_metrics_manager.cli.places import storage_at
from simple_metrics_manager.errors import ConfigError
from simple_metrics_manager.errors.nearest import nearest
from simple_metrics_manager.manager import DatedCacheManager

VARIABLE = "SMM_MANAGER"
TABLE = "simple_metrics_manager"

NONE_GIVEN = """\
no manager given. Say which one:
  smm -m yourpackage.metrics:YourManager status
  or in pyproject.toml:  [tool.simple_metrics_manager]
                         manager = "yourpackage.metrics:YourManager\""""


@attrs.frozen
class Found:
    """A manager; ``target`` is how it is called here, and ``source`` where that was said."""

    manager: DatedCacheManager
    target: str
    source: str


@attrs.frozen
class Project:
    """What the nearest ``pyproject.toml`` says; its directory is the working directory where there is none."""

    directory: Path
    file: Path | None = None
    manager: str | None = None
    managers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    store: object = None

    @classmethod
    def nearest(cls, start: Path) -> Project:
        """That of this directory, or of the first one above that has a table of ours.

        Raises:
            ConfigError: the file cannot be read, or its table has something else in it.
        """
        for directory in (start, *start.parents):
            file = directory / "pyproject.toml"
            if file.is_file():
                table = _table(file)
                if table is not None:
                    return _checked(file, table)
        return cls(start)


def find(target: str | None, store: str | None) -> Found:
    """The manager that is meant, with the storage that is meant.

    Raises:
        ConfigError: none is given, or it is not where it should be.
        Exception: what the user's own module raised while it was imported.
    """
    project = Project.nearest(Path.cwd())
    target, source = _said(target, project)
    meant = project.managers.get(target, target)
    configured = source == str(project.file) or target in project.managers
    for folder in (project.directory / "src", project.directory):
        _put_first(folder)
    thing = _object(meant, source, project.directory if configured else Path.cwd())
    manager = _made(thing, meant, source)
    place = store if store is not None else project.store
    if place is not None:
        base = Path() if store is not None else project.directory
        manager.use(storage_at(place, base, manager.storage_interface))
    return Found(manager, meant, source)


def _said(target: str | None, project: Project) -> tuple[str, str]:
    if target:
        return target, "-m"
    from_environment = os.environ.get(VARIABLE)
    if from_environment:
        return from_environment, VARIABLE
    if project.manager is not None:
        return project.manager, str(project.file)
    if len(project.managers) == 1:
        return next(iter(project.managers)), str(project.file)
    if project.managers:
        raise ConfigError((f"no manager given. Say which one with -m: {', '.join(project.managers)}",))
    raise ConfigError((NONE_GIVEN,))


# ------------------------------------------------------------------------------------------------------- pyproject.toml
def _table(file: Path) -> Mapping[str, object] | None:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError((f"{file} cannot be read: {error}",)) from None
    tool: object = content.get("tool")
    found: object = cast("Mapping[str, object]", tool).get(TABLE) if isinstance(tool, Mapping) else None
    return cast("Mapping[str, object]", found) if isinstance(found, Mapping) else None


def _checked(file: Path, table: Mapping[str, object]) -> Project:
    problems: list[str] = []
    for name in table:
        if name not in ("manager", "managers", "store"):
            near = nearest(name, ("manager", "managers", "store"))
            hint = f" Did you mean {near!r}?" if near is not None else ""
            problems.append(f"{file}: [tool.{TABLE}] has no key {name!r}.{hint}")
    manager, managers = table.get("manager"), table.get("managers", {})
    if manager is not None and not isinstance(manager, str):
        problems.append(f'{file}: manager is text, as in "lab.digits:Digits"')
    texts = isinstance(managers, Mapping) and all(
        isinstance(each, str) for each in cast("Mapping[str, object]", managers).values()
    )
    if not texts:
        problems.append(f'{file}: managers is a table of text, as in digits = "lab.digits:Digits"')
    if problems:
        raise ConfigError(tuple(problems))
    return Project(
        file.parent, file, cast("str | None", manager), cast("Mapping[str, str]", managers), table.get("store")
    )


# ------------------------------------------------------------------------------------------------- module and object
def _put_first(folder: Path) -> None:
    text = str(folder)
    if folder.is_dir() and text not in sys.path:
        sys.path.insert(0, text)


def _object(target: str, source: str, base: Path) -> object:
    where, _, path = target.partition(":")
    if sys.platform == "win32" and len(where) == 1:  # the letter of a drive
        where, _, path = target[2:].partition(":")
        where = target[:2] + where
    module = _module(where, target, source, base)
    if not path:
        return _only_one(module, target)
    found: object = module
    for part in path.split("."):
        if not hasattr(found, part):
            raise ConfigError((_no_attribute(found, part, module, target, source),))
        found = getattr(found, part)
    return found


def _module(where: str, target: str, source: str, base: Path) -> ModuleType:
    name, file = where, None
    if where.endswith(".py") or os.sep in where:
        file = (base / where).resolve()
        if not file.is_file():
            raise ConfigError((f"there is no file {where}\n  looked up {target!r} from {source}",))
        name = _dotted(file)
    if not all(part.isidentifier() for part in name.split(".")):
        text = f"{target!r} names no manager: write module:object, path/to/file.py:object, or a configured name"
        raise ConfigError((f"{text}\n  looked up from {source}",))
    try:
        module = importlib.import_module(name)
        if file is not None and Path(module.__file__ or "").resolve() != file:
            other = f"{name!r} is another module already: {module.__file__}"
            raise ConfigError((f"{other}\n  rename {where}, or put it into a package",))
        return module
    except SystemExit as left:
        text = f"{name} ends the program when it is imported (SystemExit: {left.code})"
        raise ConfigError((f"{text}\n  put what is a script behind `if __name__ == '__main__':`",)) from None
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise ConfigError(
            (f"there is no module {error.name!r}\n  looked up {target!r} from {source}, with {sys.path[0]} first",)
        ) from None


def _dotted(file: Path) -> str:
    """The name under which a file is imported: that of its package, if it lies in one."""
    folder, name = file.parent, file.stem
    while (folder / "__init__.py").is_file():
        folder, name = folder.parent, f"{folder.name}.{name}"
    _put_first(folder)
    return name


def _no_attribute(found: object, part: str, module: ModuleType, target: str, source: str) -> str:
    known = [name for name in vars(found) if not name.startswith("_")] if hasattr(found, "__dict__") else []
    near = nearest(part, known)
    hint = f" Did you mean {near!r}?" if near is not None else ""
    return f"no manager {part!r} in {module.__name__}.{hint}\n  looked up {target!r} from {source}"


def _only_one(module: ModuleType, target: str) -> object:
    content = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    instances = {name: value for name, value in content.items() if isinstance(value, DatedCacheManager)}
    classes = {
        name: value for name, value in content.items() if _is_manager(value) and value.__module__ == module.__name__
    }
    found: Mapping[str, object] = instances or classes
    if len(found) == 1:
        return next(iter(found.values()))
    if not found:
        raise ConfigError((f"{target} has no manager: name one, as in {target}:YOUR_MANAGER",))
    raise ConfigError(
        (f"{target} has several managers: {', '.join(found)}. Say which one: {target}:{next(iter(found))}",)
    )


def _is_manager(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, DatedCacheManager)


def _made(thing: object, target: str, source: str) -> DatedCacheManager:
    if isinstance(thing, DatedCacheManager):
        return thing
    if callable(thing) and (_is_manager(thing) or not isinstance(thing, type)):
        if not _takes_nothing(thing):
            text = f"{target} cannot be made without arguments: name an instance, or a function that makes one"
            raise ConfigError((f"{text}\n  looked up from {source}",))
        thing = thing()
        if isinstance(thing, DatedCacheManager):
            return thing
    raise ConfigError((f"{target} is no manager, but {type(thing).__name__}\n  looked up from {source}",))


def _takes_nothing(thing: object) -> bool:
    """Whether it can be called so; a manager's ``__new__`` takes anything, and says nothing."""
    function: object = getattr(thing, "__init__") if isinstance(thing, type) else thing  # noqa: B009 - it is only looked at
    try:
        inspect.signature(cast("Callable[..., object]", function)).bind(*([None] if isinstance(thing, type) else []))
    except TypeError:
        return False
    except ValueError:  # it has no signature
        return True
    return True
