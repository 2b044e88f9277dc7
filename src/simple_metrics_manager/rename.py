"""Moving what 0.5.0's API stored to new names and parameters, where computing it again would take too long."""

from __future__ import annotations

import functools
import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import cast

from simple_metrics_manager.declaring.carrying import home_of
from simple_metrics_manager.declaring.former import OldNames
from simple_metrics_manager.errors import UncoveredParametersError
from simple_metrics_manager.events import Moved, MovesEnded, tell
from simple_metrics_manager.keeping.blobs import known
from simple_metrics_manager.keeping.moving import Move, move_entry, taken, was
from simple_metrics_manager.keeping.naming import NewNames
from simple_metrics_manager.keeping.renaming import Renamer
from simple_metrics_manager.keeping.reports import RenamePlan
from simple_metrics_manager.keys import DATE, canonical, collected_name, default_name_generation_function, python_scalar
from simple_metrics_manager.manager import DatedCacheManager
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.record import Record
from simple_metrics_manager.stores.file_names import from_file_name
from simple_metrics_manager.stores.renaming import rename_to_nothing
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.file_based import FileBasedStorageInterface


def rename_stored(
    storage: StoredEntries,
    manager: type[DatedCacheManager],
    *,
    classes: Mapping[str, OldNames] | None = None,
    inputs: Mapping[str, OldNames] | None = None,
    dry_run: bool = True,
) -> RenamePlan:
    """Say what is stored of a manager class under names that it had before; with ``dry_run=False``, give it today's.

    All managers of the class that have stored anything are looked at, whatever their inputs are; their records say
    what these were. What ``@metric`` says of metrics and parameters (``renamed_from``, ``renamed_parameters``) holds
    here as well, see :meth:`.DatedCacheManager.adopt_renamed`. Values, dates and the rest of the records stay as they
    are; what was computed from them calls them by the new names from then on. Nothing is overwritten, and what was
    interrupted goes on when it is called again.

    Args:
        manager: the class as it is now.
        classes: what classes are called now, with the names (``__qualname__``) that they had, as in
            ``{"Run": "Session"}``: the manager's own class, and attrs classes, dataclasses, enums and managers among
            its inputs and parameters.
        inputs: the same for fields of the manager, or arguments of its constructor.
        dry_run: change nothing.

    Returns:
        What would get another name, or has got it; what could not, and why.

    Raises:
        TypeError: the storage is none of this library's, the class no manager, or a name no name.
        ValueError: a name is said to be new and old.
    """
    if not hasattr(manager, "stored_module"):
        raise TypeError(f"{manager!r} is no class of managers: give one, as in rename_stored(storage, Run)")
    names = NewNames(_old_names("classes", classes), _old_names("inputs", inputs))
    module = manager.stored_module if manager.stored_module is not None else home_of(manager)
    renamer = Renamer(known(storage), manager, module, names=names)
    return renamer.plan() if dry_run else renamer.apply()


def _old_names(what: str, names: Mapping[str, OldNames] | None) -> Mapping[str, tuple[str, ...]]:
    given: Mapping[str, OldNames] = {} if names is None else names
    found = {new: (old,) if isinstance(old, str) else old for new, old in given.items()}
    olds = [*found.values()]
    if not all(isinstance(cast("object", each), tuple) for each in olds) or not all(
        isinstance(cast("object", name), str) for name in itertools.chain(found, *olds)
    ):
        raise TypeError(f"{what}={names!r}: give the names of now with those of before, as in {{'new': 'old'}}")
    both = sorted(name for name in found if any(name in each for each in olds))
    if both:
        raise ValueError(f"{what}={names!r} says that {both[0]!r} is new, and that it is old: nothing stored can tell")
    return found


def convert_metric_name(
    storage_interface: StoredEntries | FileBasedStorageInterface, old_name: str, new_name: str, simulate: bool = True
) -> list[Move]:
    """Give everything that is stored of the metric ``old_name`` the name ``new_name``; parameters stay.

    Only that metric is touched: renaming ``poly`` leaves ``poly2`` alone, and a name like ``poly_X_1``, which the
    metric ``poly_X`` may have written, is left alone too unless its record says that it is ``poly``'s. Dates and
    records go along. Nothing is overwritten: if a new name is taken, nothing is moved. The metrics of a manager class
    are called ``"Digits.inertia"``; a class that gets another name takes its metrics along so, one by one.

    Args:
        simulate: only say what would be moved. This is the default.

    Returns:
        What was, or would be, moved.

    Raises:
        FileExistsError: a new name is taken.
        ValueError: the metric's names were made by a ``name_generation_function``, and do not begin with its own.
    """
    stored = _stored(storage_interface)
    moves: list[Move] = []
    manager, _, metric = new_name.rpartition(".")
    for name in stored.names():
        if not stored.belongs(name, old_name):
            continue
        if not name.startswith(old_name):
            raise ValueError(f"{name!r} is of {old_name} but not called so; use convert_metric_name_and_arguments")
        typed = stored.is_typed(name)
        new = new_name + name.removeprefix(old_name)
        if typed:
            within, kind = new.removeprefix(f"{manager}."), manager.partition(",")[0]
            moves.append(Move(name, new, metric=metric, manager=kind, within=within, keep_form=True))
        else:
            moves.append(Move(name, new, metric=new_name, keep_form=True))
    return _apply(stored, old_name, new_name, moves, simulate)


def convert_metric_name_and_arguments(
    storage_interface: StoredEntries | FileBasedStorageInterface,
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
        ValueError: the two lists differ in length, or two old parameter sets mean the same stored metric.
    """
    stored = _stored(storage_interface)
    moves: list[Move] = []
    names = set(stored.names())
    for old, new in zip(old_params_list, new_params_list, strict=True):
        target = _name(new_name, tuple(new), name_generation_function)
        params: Mapping[str, Tree] = {
            str(index): canonical(python_scalar(value), new_name) for index, value in enumerate(new)
        }
        renamed = functools.partial(Move, new=target, metric=new_name, params=params, keep_form=True)
        source = _name(old_name, tuple(old), name_generation_function)
        if source in names:
            moves.append(renamed(source))
        older = default_name_generation_function(old_name, old)
        if name_generation_function is None and older != source and older in names and stored.has_side_car(older):
            moves.append(renamed(older))
    covered = {move.old for move in moves}
    if len(covered) < len(moves):
        twice = next(move.old for move in moves if sum(move.old == other.old for other in moves) > 1)
        raise ValueError(f"{twice!r} is what two parameter sets of old_params_list are called; nothing was moved")
    for name in sorted(names - covered):
        if stored.belongs(name, old_name):
            raise UncoveredParametersError(old_name, name)
    return _apply(stored, old_name, new_name, moves, simulate)


def _name(base: str, params: tuple[object, ...], generate: Callable[[str, Sequence[object]], str] | None) -> str:
    return generate(base, params) if generate is not None else collected_name(base, params, base)


def _apply(stored: _Stored, old_name: str, new_name: str, moves: list[Move], simulate: bool) -> list[Move]:
    names = set(stored.all_names())
    targets: set[str] = set()
    for move in moves:
        record = stored.record(move.old)
        target = taken(move, names, record)
        if target is not None and record is not None and was(stored.record(target), record.name):
            target = None  # whoever began to move it has died
        dated = {move.new} if record is not None else {move.new, move.new + DATE}
        target = target or min(dated & targets, default=None)
        if target is not None:
            raise FileExistsError(f"{target!r} is stored already: {move.old!r} would overwrite it; nothing was moved")
        targets |= dated
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

    def record(self, name: str) -> Record | None:
        """What is kept beside the value; None for what 0.5.0 or a storage of three methods wrote."""
        return None

    def is_typed(self, name: str) -> bool:
        """Whether it is the metric of a manager class, called ``Digits.inertia,k=10``."""
        record = self.record(name)
        return record is not None and bool(record.manager)

    def has_side_car(self, name: str) -> bool:
        """Whether its date lies in a file of its own."""
        return self.record(name) is None

    def belongs(self, name: str, metric: str) -> bool:
        record = self.record(name)
        if record is not None and record.manager:
            return name == metric or name.startswith((f"{metric},", f"{metric}~"))
        if record is not None and record.metric:
            return record.metric == metric
        rest = name.removeprefix(metric)
        return name == metric or (rest != name and _PARAMETERS.fullmatch(rest) is not None)

    def move(self, move: Move) -> None:
        """Value and date; the date first, so that a metric that has lost its old name is never without one."""


class _Entries(_Stored):
    def __init__(self, storage: StoredEntries) -> None:
        self._storage = storage

    def all_names(self) -> Iterator[str]:
        return self._storage.names()

    def record(self, name: str) -> Record | None:
        return self._storage.read_record(name)

    def move(self, move: Move) -> None:
        reason = move_entry(self._storage, move)
        if reason is not None:  # stored since we looked
            raise FileExistsError(f"{reason}: {move.old!r} would overwrite it")


class _Files(_Stored):
    def __init__(self, storage: FileBasedStorageInterface) -> None:
        self._storage = storage

    def all_names(self) -> Iterator[str]:
        extension = self._storage.file_ext
        stems = (
            file.removesuffix(extension)
            for file in os.listdir(self._storage.metrics_dir)
            if file.endswith(extension) and not file.startswith(".")
        )
        return (name for name in (from_file_name(stem) if "%" in stem else stem for stem in stems) if name is not None)

    def move(self, move: Move) -> None:
        for suffix in (DATE, ""):
            old, new = (self._storage._get_filepath(name + suffix) for name in (move.old, move.new))  # pyright: ignore[reportPrivateUsage]  # as 0.5.0 called it
            if os.path.exists(old):
                rename_to_nothing(old, new)


def _stored(storage: StoredEntries | FileBasedStorageInterface) -> _Stored:
    if isinstance(storage, StoredEntries):
        return _Entries(storage)
    if isinstance(cast("object", storage), FileBasedStorageInterface):
        return _Files(storage)
    raise TypeError(f"{storage!r} cannot list what it stores: give a storage of this library, or a file-based one")
