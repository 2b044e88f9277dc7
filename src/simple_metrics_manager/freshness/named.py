"""What a key, a name or a whole sweep means for a manager: the values that may be stored of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.freshness.sweeps import Points, Swept, by_metric, points_called, stored_names
from simple_metrics_manager.record import Record
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.reads import key_called

Target: TypeAlias = "Metric[object] | Swept | str"
"""A metric or one parameter set, by its key or its name; or all of a sweep, ``cm.inertia`` or ``Digits.inertia``."""


@attrs.frozen(eq=False)
class Named:
    """Values that belong together: one, or those of a sweep.

    ``declared`` are those of the ``params_list``; ``further`` are others of the sweep that are stored.
    """

    points: Points
    further: tuple[Metric[object], ...] = ()
    _stored: Callable[[Metric[object]], bool] = lambda _: True

    @property
    def label(self) -> str:
        """What messages call it."""
        return self.points.label

    @property
    def declared(self) -> list[Metric[object]]:
        """The keys of the ``params_list``, or the one key."""
        return self.points.keys

    @property
    def keys(self) -> list[Metric[object]]:
        """All of them."""
        return [*self.declared, *self.further]

    def may_be_stored(self, key: Metric[object]) -> bool:
        """Whether it is worth while to look whether this is stored."""
        return self._stored(key)

    def runnable(self, key: Metric[object], record: Record | None) -> Metric[object] | None:
        """The same key with the parameters that its function is called with; None if only a record says them, and they
        are more than numbers and text."""
        sweep = self.points.declared
        if sweep is None or key.of is not None:
            return key
        if record is None or set(record.params) != set(sweep.parameters.names):
            return None
        row = tuple(record.params[name] for name in sweep.parameters.names)
        if any(isinstance(value, dict | list) for value in row):
            return None
        found = sweep.at(row)
        return found if found.name == key.name else None


def named(manager: Manager, target: Target, key_of: Callable[[Metric[object] | str], Metric[object]]) -> Named:
    """What is meant; of a sweep with what is stored of it.

    Raises:
        UnknownMetricError: this manager has no such metric.
    """
    points = None
    if isinstance(target, str) and "@" in target:
        base = key_called(type(manager), target)
        points = None if base is None else Points(base.name, base.name, [base], sweep=False)
    elif not isinstance(target, Metric):
        points = points_called(type(manager), manager.functions_dict, target)
    if points is None:
        key = key_of(target)  # type: ignore[arg-type]  # a sweep was found by now
        if key.declaration.unknown is not None:
            raise key.declaration.unknown
        return Named(Points(key.name, key.label, [key], sweep=False))
    if not points.sweep:
        return Named(points)
    return _swept(manager, points)


def _swept(manager: Manager, points: Points) -> Named:
    source = manager.__metrics__
    names = stored_names(source.shelf.storage(manager))
    if names is None or not points.keys:
        further = _further(manager, points, names or frozenset())
        return Named(points, further)
    old = points.declared is not None and any(True for _ in manager.old_names(points.keys[0]))

    def stored(key: Metric[object]) -> bool:
        return source.ask(manager, key).stored in names or (old and any(n in names for n in manager.old_names(key)))

    return Named(points, _further(manager, points, names), stored)


def _further(manager: Manager, points: Points, names: frozenset[str]) -> tuple[Metric[object], ...]:
    """Keys of stored points that are not in the ``params_list``, if others may be asked for."""
    if points.declared is None or not points.declared.dynamic:
        return ()
    key = Metric[object].made_from(points.declared.declaration, points.name)
    label = manager.__metrics__.ask(manager, key).label
    known = len(points.keys)
    return tuple(points.with_stored(by_metric(names, label).get(points.name, ()))[known:])
