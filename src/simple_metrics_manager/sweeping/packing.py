"""A manager as bytes: by the standard library's pickle where that does, else with what cloudpickle sends by value.

What every task carries should be short, so a storage is its configuration here, with absolute paths, and what
belongs to this library is named without the library's name.
"""

from __future__ import annotations

import functools
import importlib
import io
import os
import pickle
import pickletools
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any, Protocol, cast

import attrs

from simple_metrics_manager.declaring.carrying import MAIN
from simple_metrics_manager.declaring.references import FunctionReference
from simple_metrics_manager.errors import CannotTravelError
from simple_metrics_manager.storing.config import storage_from_config, storage_to_config
from simple_metrics_manager.storing.entries import StoredEntries

_PACKAGE = __name__.partition(".")[0] + "."
_LONG = 1 << 10
"""Bytes from which on it is worth while to compress them."""


def pack(manager: object, by_value: bool) -> bytes:
    """The manager as bytes. ``by_value`` is for workers that do not know the ``__main__`` of this process.

    Raises:
        CannotTravelError: a part of it cannot be pickled; says which.
    """
    main_is_there = not by_value and _main_has_file()
    plain = _Plain()
    try:
        packed = plain.packed(manager)
        trouble: Exception | None = None
    except Exception as error:  # noqa: BLE001 - pickling calls anybody's code
        packed, trouble = b"", error
    if trouble is None and (main_is_there or not plain.of_main):
        return packed
    if main_is_there:
        raise _explained(manager, trouble, _Plain) from trouble
    try:
        carrying = _carrying()
    except ImportError:
        if trouble is not None:
            raise _explained(manager, trouble, _Plain) from trouble
        raise CannotTravelError(plain.of_main, _NOT_IN_MAIN, _OUT_OF_MAIN) from None
    try:
        return carrying().packed(manager)
    except Exception as error:
        raise _explained(manager, error, carrying) from error


def unpack(packed: bytes) -> object:
    """The manager that :func:`pack` made these bytes of.

    Raises:
        Exception: whatever keeps it from being made here.
    """
    is_plain = packed.startswith(pickle.PROTO)
    return _Unpickler(io.BytesIO(packed if is_plain else zlib.decompress(packed))).load()


_NOT_IN_MAIN = (
    "it is defined in __main__, which the workers do not have: a notebook, a prompt or 'python -c' is no file that "
    "they could import, and workers of Dask, loky and the like do not import the program"
)
_OUT_OF_MAIN = (
    "Move it into a module that both can import, or install cloudpickle, here and there: "
    "pip install 'simple-metrics-manager[notebook]'"
)
_FOUND_BY_NAME = (
    "Workers import classes and functions by name: define them with 'class' or 'def' at the top level of a module (no "
    "lambda, no function inside a function), and leave out what only this process has (a lock, an open file)"
)


def _main_has_file() -> bool:
    """Whether a spawned process imports what is ``__main__`` here."""
    file = getattr(sys.modules.get(MAIN), "__file__", None)
    return isinstance(file, str) and os.path.isfile(file)


# -------------------------------------------------------------------------------------------------------- picklers
class _Packer(Protocol):
    def packed(self, thing: object, /) -> bytes: ...


class _Plain(pickle.Pickler):
    def __init__(self) -> None:
        self._file = io.BytesIO()
        super().__init__(self._file, protocol=pickle.DEFAULT_PROTOCOL)
        self.of_main: str = ""
        """Something that stands in ``__main__``."""

    def packed(self, thing: object) -> bytes:
        self.dump(thing)
        return pickletools.optimize(self._file.getvalue())

    def persistent_id(self, obj: object) -> object:
        return _short(obj)

    def reducer_override(self, obj: object) -> Any:  # Any: what pickle declares
        thing = obj.function if isinstance(obj, FunctionReference) else obj
        if not self.of_main and getattr(thing, "__module__", None) == MAIN:
            self.of_main = getattr(thing, "__qualname__", type(thing).__qualname__)
        return _for_worker(obj)


@functools.lru_cache(maxsize=1)
def _carrying() -> Callable[[], _Packer]:
    """The pickler that sends by value what stands in ``__main__`` and what is not found by name.

    Raises:
        ImportError: cloudpickle is not installed.
    """
    import cloudpickle  # noqa: PLC0415 - optional

    class Carrying(cloudpickle.Pickler):
        def __init__(self) -> None:
            self._file = io.BytesIO()
            super().__init__(self._file)

        def packed(self, thing: object) -> bytes:
            self.dump(thing)
            whole = self._file.getvalue()
            return zlib.compress(whole) if len(whole) > _LONG else whole

        def persistent_id(self, obj: object) -> object:
            return _short(obj)

        def reducer_override(self, obj: object) -> Any:  # Any: as above
            reduced = _for_worker(obj)
            return super().reducer_override(obj) if reduced is NotImplemented else reduced

    return Carrying


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: object) -> object:
        return _named(pid) if isinstance(pid, str) else storage_from_config(cast("Mapping[str, object]", pid))


def _for_worker(obj: object) -> object:
    """How a manager is pickled that is more than a worker needs."""
    recipe: object = getattr(type(obj), "__recipe__", None)
    return recipe(obj, pickle.DEFAULT_PROTOCOL) if callable(recipe) else NotImplemented


def _short(obj: object) -> object:
    """The configuration of a storage, or the name of something in this library; None for everything else."""
    if isinstance(obj, (FunctionType, type)):
        return _name(obj) if obj.__module__.startswith(_PACKAGE) else None
    if isinstance(obj, StoredEntries) and type(obj).__module__.startswith(_PACKAGE):
        return storage_to_config(_absolute(obj))
    return None


@functools.lru_cache(maxsize=256)
def _name(thing: type | FunctionType) -> str | None:
    name = f"{thing.__module__.removeprefix(_PACKAGE)}:{thing.__qualname__}"
    try:
        return name if _named(name) is thing else None
    except AttributeError:
        return None


def _named(name: str) -> object:
    module, _, qualname = name.partition(":")
    found: object = importlib.import_module(_PACKAGE + module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found


def _absolute(storage: StoredEntries) -> StoredEntries:
    """The same storage for a worker in another directory."""
    changes: dict[str, object] = {}
    kind = cast("type[attrs.AttrsInstance]", type(storage))
    for field in attrs.fields(kind):
        value: object = getattr(storage, field.name) if field.init else None
        if isinstance(value, Path):
            changes[field.name] = value.absolute()
        elif isinstance(value, StoredEntries):
            changes[field.name] = _absolute(value)
    return cast("Callable[..., StoredEntries]", attrs.evolve)(storage, **changes) if changes else storage


# ---------------------------------------------------------------------------------------------------------- trouble
def _explained(manager: object, trouble: Exception | None, packer: Callable[[], _Packer]) -> CannotTravelError:
    """The error that names the part that cannot be sent."""
    for name, part in _parts(manager):
        try:
            packer().packed(part)
        except Exception as error:  # noqa: BLE001 - as above
            return CannotTravelError(name, _one_line(error), _FOUND_BY_NAME)
    return CannotTravelError(type(manager).__qualname__, _one_line(trouble), _FOUND_BY_NAME)


def _parts(manager: object) -> Iterator[tuple[str, object]]:
    kind = type(manager).__qualname__
    yield kind, type(manager)
    functions: object = getattr(manager, "functions_dict", {})
    for name, function in cast("dict[str, object]", functions).items():
        yield f"{kind}.functions_dict[{name!r}]", function
    fields = [field.name for field in getattr(type(manager), "__attrs_attrs__", ())]
    for name in dict.fromkeys([*vars(manager), *fields]):
        yield f"{kind}.{name}", getattr(manager, name, None)
    yield f"{kind}.storage_interface", getattr(manager, "storage_interface", None)


def _one_line(error: Exception | None) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
