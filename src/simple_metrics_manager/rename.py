"""Moving what 0.5.0's API stored to new names and parameters, where computing it again would take too long."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar, cast, runtime_checkable

import attrs

from simple_metrics_manager.errors import NotStoredError, UncoveredParametersError
from simple_metrics_manager.events import Moved, MovesEnded, tell
from simple_metrics_manager.keys import canonical, collected_name, default_name_generation_function
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.record import Entry, Record
from simple_metrics_manager.storage import DATE, FileBasedStorageInterface

P = TypeVar("P")


@runtime_checkable
class Movable(Protocol):
    """A storage whose entries can be listed, read, written and removed: those of this library."""

    def names(self) -> Iterator[str]: ...
    def read(self, name: str, /) -> Entry: ...
    def write(self, entry: Entry, /) -> int: ...
    def move(self, old: str, new: str, /) -> None: ...
    def delete(self, name: str, /) -> None: ...
    def read_record(self, name: str, /) -> Record | None: ...


@attrs.frozen
class Move:
    """One stored metric that gets another name, and what its record says from then on."""

    old: str
    new: str
    metric: str
    params: Mapping[str, Tree] | None = None


def convert_metric_name(
    storage_interface: Movable | FileBasedStorageInterface, old_name: str, new_name: str, simulate: bool = True
) -> list[Move]:
    """Give everything that is stored of the metric ``old_name`` the name ``new_name``; parameters stay.

    Only that metric is touched: renaming ``poly`` leaves ``poly2`` alone, and a name like ``poly_X_1``, which the
    metric ``poly_X`` may have written, is left alone too unless its record says that it is ``poly``'s. Dates and
    records go along. Nothing is overwritten: if a new name is taken, nothing is moved.

    Args:
        simulate: only say what would be moved. This is the default.

    Returns:
        What was, or would be, moved.

    Raises:
        FileExistsError: a new name is taken.
    """
    stored = _stored(storage_interface)
    moves = [
        Move(name, new_name + name[len(old_name) :], new_name)
        for name in stored.names()
        if stored.belongs(name, old_name)
    ]
    return _apply(stored, old_name, new_name, moves, simulate)


def convert_metric_name_and_arguments(
    storage_interface: Movable | FileBasedStorageInterface,
    old_name: str,
    new_name: str,
    old_params_list: Iterable[Sequence[object]],
    new_params_list: Iterable[Sequence[object]],
    name_generation_function: Callable[[str, Sequence[object]], str] | None = None,
    simulate: bool = True,
) -> list[Move]:
    """Give stored parameter sets of a metric a new name and new parameters, pair by pair.

    That the new metric with the new parameters is the old one with the old parameters is for you to know.

    Raises:
        UncoveredParametersError: something is stored of ``old_name`` that ``old_params_list`` does not cover.
        FileExistsError: a new name is taken.
        ValueError: the two lists differ in length.
    """
    stored = _stored(storage_interface)
    moves: list[Move] = []
    names = set(stored.names())
    for old, new in zip(old_params_list, new_params_list, strict=True):
        target = _name(new_name, tuple(new), name_generation_function)
        params = {str(index): canonical(value, new_name) for index, value in enumerate(new)}
        sources = dict.fromkeys(_names(old_name, tuple(old), name_generation_function))
        said = None if name_generation_function else params
        moves.extend(Move(source, target, new_name, said) for source in sources if source in names)
    covered = {move.old for move in moves}
    for name in sorted(names - covered):
        if stored.belongs(name, old_name):
            raise UncoveredParametersError(old_name, name)
    return _apply(stored, old_name, new_name, moves, simulate)


def _name(base: str, params: tuple[object, ...], generate: Callable[[str, Sequence[object]], str] | None) -> str:
    return generate(base, params) if generate is not None else collected_name(base, params, base)


def _names(base: str, params: tuple[object, ...], generate: Callable[[str, Sequence[object]], str] | None) -> list[str]:
    """The name, and the one that 0.5.0 gave where that differs."""
    names = [_name(base, params, generate)]
    return names if generate is not None else [*names, default_name_generation_function(base, params)]


def _apply(stored: _Stored, old_name: str, new_name: str, moves: list[Move], simulate: bool) -> list[Move]:
    names = set(stored.names())
    for move in moves:
        if move.new in names or sum(move.new == other.new for other in moves) > 1:
            raise FileExistsError(f"{move.new!r} is stored already: {move.old!r} would overwrite it; nothing was moved")
    for move in moves:
        tell(Moved(move.old, move.new, simulate))
        if not simulate:
            stored.move(move)
    tell(MovesEnded(old_name, new_name, len(moves), simulate))
    return moves


# A name of 0.5.0 is the metric's and then its parameters, joined by underscores; so are names of metrics. What
# follows the name of a metric are surely its parameters only if it begins with a number or a constant.
_PARAMETERS = re.compile(r"_(-?\d+(p\d+)?(e[-+]?\d+)?|True|False|None|nan|-?inf)(_.*)?(~[0-9a-f]{16})?")


class _Stored:
    """What can be moved, whichever kind of storage it lies in."""

    def names(self) -> list[str]:
        """Metrics, without the side-cars of their dates."""
        every = set(self.all_names())
        return sorted(name for name in every if not (name.endswith(DATE) and name.removesuffix(DATE) in every))

    def all_names(self) -> Iterator[str]:
        return iter(())

    def metric_of(self, name: str) -> str | None:
        """The metric that the record names, or None."""
        return None

    def belongs(self, name: str, metric: str) -> bool:
        known = self.metric_of(name)
        if known is not None:
            return known == metric
        rest = name.removeprefix(metric)
        return name == metric or (rest != name and _PARAMETERS.fullmatch(rest) is not None)

    def move(self, move: Move) -> None:
        """Value and date; the date first, so that a metric that has lost its old name is never without one."""


class _Entries(_Stored):
    def __init__(self, storage: Movable) -> None:
        self._storage = storage

    def all_names(self) -> Iterator[str]:
        return self._storage.names()

    def metric_of(self, name: str) -> str | None:
        record = self._storage.read_record(name)
        return record.metric or None if record is not None else None

    def move(self, move: Move) -> None:
        entry = self._storage.read(move.old)
        if entry.record is None:
            with contextlib.suppress(NotStoredError):
                self._storage.move(move.old + DATE, move.new + DATE)
            self._storage.move(move.old, move.new)
            return
        params = entry.record.params if move.params is None else move.params
        record = attrs.evolve(entry.record, name=move.new, metric=move.metric, params=params)
        self._storage.write(Entry(record, entry.payload))
        self._storage.delete(move.old)


class _Files(_Stored):
    def __init__(self, storage: FileBasedStorageInterface) -> None:
        self._folder = storage.metrics_dir
        self._extension = storage.file_ext

    def all_names(self) -> Iterator[str]:
        return (
            file.removesuffix(self._extension)
            for file in os.listdir(self._folder)
            if file.endswith(self._extension) and not file.startswith(".")
        )

    def move(self, move: Move) -> None:
        for suffix in (DATE, ""):
            old, new = (os.path.join(self._folder, name + suffix + self._extension) for name in (move.old, move.new))
            if os.path.exists(old):
                os.link(old, new)  # unlike a rename, a link never replaces what has come to be there since
                os.unlink(old)


def _stored(storage: Movable | FileBasedStorageInterface) -> _Stored:
    if isinstance(storage, Movable):
        return _Entries(storage)
    if isinstance(cast("object", storage), FileBasedStorageInterface):
        return _Files(storage)
    raise TypeError(f"{storage!r} cannot list what it stores: it needs names(), read(), write(), move() and delete()")
