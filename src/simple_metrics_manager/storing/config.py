"""Storages to and from plain data, JSON and TOML files: a storage is its configuration.

The plain form is a table whose ``kind`` says which storage it is: ``{"kind": "npz", "metrics_dir": "cache"}``;
what is at its default is left out. A storage of one's own takes part by being an attrs class that derives from
``StorageInterface`` and has a ``kind`` of its own; one that is not imported yet is found through an entry point of
the group ``simple_metrics_manager.storage`` that is called like its kind. No file is ever allowed to name a class.
"""

from __future__ import annotations

import functools
import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TypeVar, cast, overload

import attrs
from cattrs import AttributeValidationNote, ClassValidationError, Converter, ForbiddenExtraKeysError, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn
from cattrs.preconf.json import make_converter
from cattrs.v import format_exception

from simple_metrics_manager.errors import ConfigError, MissingExtraError
from simple_metrics_manager.errors.nearest import did_you_mean, nearest
from simple_metrics_manager.storing.storage import StorageInterface

S = TypeVar("S", bound=StorageInterface)

ENTRY_POINTS = "simple_metrics_manager.storage"


def storage_to_config(storage: StorageInterface) -> dict[str, object]:
    """The plain form of a storage, ready for JSON, TOML or YAML.

    Raises:
        ConfigError: it is no attrs class with a ``kind``, so it could not be made again from plain data.
    """
    return cast("dict[str, object]", _converter().unstructure(storage))


@overload
def storage_from_config(config: Mapping[str, object], /) -> StorageInterface: ...
@overload
def storage_from_config(config: Mapping[str, object], expected: type[S], /) -> S: ...
def storage_from_config(config: Mapping[str, object], expected: type[StorageInterface] = StorageInterface, /) -> object:
    """The storage that a plain form describes; with ``expected``, one of that class.

    Raises:
        ConfigError: it describes none; lists every wrong field with its path.
    """
    try:
        structure = cast("Callable[[object, object], object]", _converter().structure)
        return structure(config, expected)
    except Exception as error:
        raise ConfigError(tuple(transform_error(error, path="storage", format_exception=_explain))) from error


def read_storage(path: str | os.PathLike[str]) -> StorageInterface:
    """The storage that a ``.json`` or ``.toml`` file describes.

    Raises:
        ConfigError: the file is neither, or describes no storage.
    """
    file = Path(path)
    try:
        if file.suffix == ".json":
            config: object = json.loads(file.read_text(encoding="utf-8"))
        elif file.suffix == ".toml":
            config = tomllib.loads(file.read_text(encoding="utf-8"))
        else:
            raise ConfigError((f"{file}: a configuration is a .json or a .toml file",))
    except ValueError as error:  # of json, tomllib and utf-8 alike; also the ConfigError above, which goes on as it is
        raise error if isinstance(error, ConfigError) else ConfigError((f"{file}: {error}",)) from error
    return storage_from_config(cast("Mapping[str, object]", config))


def write_storage(storage: StorageInterface, path: str | os.PathLike[str]) -> None:
    """Describe a storage in a ``.json`` or (with the extra ``toml``) a ``.toml`` file.

    Raises:
        ConfigError: the file would be neither, or the storage has no plain form.
        MissingExtraError: TOML files are written by ``tomli-w``, which is not installed.
    """
    file = Path(path)
    config = storage_to_config(storage)
    if file.suffix == ".json":
        text = json.dumps(config, indent=2) + "\n"
    elif file.suffix == ".toml":
        text = _toml(config)
    else:
        raise ConfigError((f"{file}: a configuration is a .json or a .toml file",))
    file.write_text(text, encoding="utf-8")


def _toml(config: Mapping[str, object]) -> str:
    try:
        import tomli_w  # noqa: PLC0415 - the one optional package here, wanted by those who write TOML only
    except ImportError:
        raise MissingExtraError("writing TOML", "tomli-w", "toml") from None
    return tomli_w.dumps(_without_none(config))


def _without_none(config: Mapping[str, object]) -> dict[str, object]:
    """TOML has no null; what is None is at its default or was left out for being so."""
    return {
        key: _without_none(cast("Mapping[str, object]", value)) if isinstance(value, Mapping) else value
        for key, value in config.items()
        if value is not None
    }


_OURS = ("file_storages", "memory_storage", "object_storage", "sqlite_storage", "tiered_storage")
"""The modules here that have storages, which nobody may have imported yet."""


def _known() -> dict[str, type[StorageInterface]]:
    """Storage classes by kind, looked up anew each time: classes may come later than the first look."""
    base: type = StorageInterface
    return {str(vars(kind)["kind"]): kind for kind in _subclasses(base) if "kind" in vars(kind)}


def _subclasses(kind: type[StorageInterface]) -> Iterator[type[StorageInterface]]:
    for sub in kind.__subclasses__():
        if "__attrs_attrs__" in vars(sub):  # not the class that slots=True has replaced, alive until it is collected
            yield sub
        yield from _subclasses(sub)


def _class_of(kind: object) -> type[StorageInterface]:
    known = _known()
    if not isinstance(kind, str) or kind not in known:
        for module in _OURS:  # they import this one
            import_module(f"{__package__}.{module}")
        known = _known()
    if isinstance(kind, str) and kind in known:
        return known[kind]
    installed = entry_points(group=ENTRY_POINTS)
    if isinstance(kind, str) and kind in installed.names:
        return cast("type[StorageInterface]", installed[kind].load())
    names = ", ".join(map(repr, sorted({*known, *installed.names})))
    meant = did_you_mean(str(kind), {*known, *installed.names})
    raise _wrong_kind(f"no storage is of kind {kind!r}; there is {names}{meant}")


def _wrong_kind(problem: str) -> ClassValidationError:
    """A mistake in the field ``kind``, in the form in which cattrs tells those in other fields."""
    error = ValueError(problem)
    error.add_note(AttributeValidationNote("structuring a storage @ attribute kind", "kind", str))
    return ClassValidationError("while structuring a storage", [error], StorageInterface)  # pyright: ignore[reportCallIssue]  # cattrs adds the class


def _is_storage_class(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, StorageInterface)


def _unstructure(value: StorageInterface) -> dict[str, object]:
    kind: type = type(value)
    if not attrs.has(kind) or "kind" not in vars(kind):
        problem = f"{kind.__qualname__} has no plain form: make it an attrs class with kind: ClassVar[str] = '...'"
        raise ConfigError((problem,))
    unstructure = cast(
        "Callable[[object], dict[str, object]]",
        make_dict_unstructure_fn(kind, _converter(), _cattrs_omit_if_default=True),
    )
    return {"kind": vars(kind)["kind"], **unstructure(value)}


def _structure(value: object, expected: type) -> object:
    if not isinstance(value, Mapping) or "kind" not in value:
        raise ValueError(f"a storage is a table with a 'kind', not {value!r:.60}")
    table = dict(cast("Mapping[str, object]", value))
    kind = _class_of(table.pop("kind"))
    if not issubclass(kind, expected):
        raise _wrong_kind(f"expected a {expected.__name__}, not one of kind {value['kind']!r}")
    return make_dict_structure_fn(kind, _converter(), _cattrs_forbid_extra_keys=True)(table, kind)


@functools.lru_cache(maxsize=1)
def _converter() -> Converter:
    converter = make_converter(forbid_extra_keys=True)
    converter.register_structure_hook_func(_is_storage_class, _structure)
    converter.register_unstructure_hook_func(_is_storage_class, _unstructure)
    for exact in (bool, int, str):
        converter.register_structure_hook(exact, _exactly)
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(Path, _path)
    return converter


def _exactly(value: object, kind: type) -> object:
    """cattrs makes 3 of 3.7, True of "no" and "5" of 5; a configuration means what it says."""
    if type(value) is not kind:
        raise ValueError(f"expected {kind.__name__}, got {value!r}")
    return value


def _number(value: object, _: type) -> float:
    if type(value) not in (int, float):
        raise ValueError(f"expected float, got {value!r}")
    return float(cast("int | float", value))


def _path(value: object, _: type) -> Path:
    if not isinstance(value, str):
        raise ValueError(f"expected a path, got {value!r}")
    return Path(value)


def _explain(error: BaseException, kind: type | None) -> str:
    """An error's own words, where cattrs would only say that a value is invalid."""
    if isinstance(error, ForbiddenExtraKeysError):
        fields = [field.name for field in attrs.fields(error.cl)]
        extra = sorted(error.extra_fields)
        meant = [(name, nearest(name, fields)) for name in extra]
        told = [name if near is None else f"{name}: did you mean {near}?" for name, near in meant]
        return f"extra fields found ({', '.join(told)})"
    if type(error) in (Exception, ValueError, TypeError) and error.args:  # cattrs raises bare ones for literals
        return str(error.args[0])
    return format_exception(error, kind)
