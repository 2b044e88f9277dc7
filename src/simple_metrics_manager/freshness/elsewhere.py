"""The metrics of other managers, as far as their classes are known in this process.

A record says which class computed a value. Nothing is imported for its sake: what is stored runs no code. So where the
class is not there, nothing can be said about its code, and that is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, cast

from simple_metrics_manager.asking.identity import same_module
from simple_metrics_manager.declaring.carrying import home_of
from simple_metrics_manager.declaring.declaration import Declaration
from simple_metrics_manager.declaring.options import declared_paths
from simple_metrics_manager.errors import MetricDeclarationError
from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.comparing import Present
from simple_metrics_manager.freshness.presents import present_of
from simple_metrics_manager.freshness.upstream import Stored
from simple_metrics_manager.keys import without_params
from simple_metrics_manager.record import Read, Record
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.reads import metric_called


class _Collected(Protocol):
    """A collected function, as far as this goes."""

    @property
    def base_name(self) -> str: ...
    @property
    def declaration(self) -> Declaration: ...


class Elsewhere:
    """Finds what would compute the values that were not computed by one manager, but went into its own."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager
        self._kinds: dict[tuple[str, str], type | None] = {}
        self._presents: dict[Declaration, Present] = {}
        self.declarations: dict[str, Declaration] = {}
        """Those that were found, by the names of their values."""

    def stored(self, read: Read, record: Record | None, shown: str) -> Stored:
        """What is stored of something that another manager computed, or a function with other parameters."""
        if record is None:
            return Stored(shown, None, gone="not stored here")
        kind = self._kind(record) if record.manager else type(self._manager)
        if kind is None:
            return Stored(shown, record, trouble=Cause("unknown", shown, record.code.hash))
        declaration = self._declaration(read, record, kind)
        if declaration is None:
            trouble = None if record.manager else Cause("unknown", shown, record.code.hash)
            return Stored(shown, record, gone="not declared any more" if record.manager else "", trouble=trouble)
        self.declarations[shown] = declaration
        found = self._presents.get(declaration)
        if found is None:
            found = self._presents[declaration] = _present(declaration, kind)
        return Stored(shown, record, found)

    def _declaration(self, read: Read, record: Record, kind: type) -> Declaration | None:
        if record.manager:
            found = metric_called(kind, without_params(read.metric))
            return None if found is None else found.declaration
        collected = cast("tuple[_Collected, ...]", tuple(getattr(self._manager, "parameterized_metrics", ())))
        return next((each.declaration for each in collected if each.base_name == record.metric), None)

    def _kind(self, record: Record) -> type | None:
        name = record.module, record.manager
        if name not in self._kinds:
            root = next(base for base in reversed(type(self._manager).__mro__) if "__metrics__" in vars(base))
            self._kinds[name] = _called(record.manager, record.module, root)
        return self._kinds[name]


def _derived(root: type) -> Iterator[type]:
    """All classes below this one, those that were made last first: a cell of a notebook may have run again."""
    kinds: list[type] = type.__subclasses__(root)
    for kind in reversed(kinds):
        yield kind
        yield from _derived(kind)


def _called(name: str, module: str, root: type) -> type | None:
    """The class of this name and module; or one whose module may be the same, as that of a program may."""
    alike = [(kind, _home(kind)) for kind in _derived(root) if kind.__qualname__ == name]
    exact = (kind for kind, home in alike if home == module)
    return next(exact, next((kind for kind, home in alike if same_module(module, home)), None))


def _home(kind: type) -> str:
    moved: object = getattr(kind, "stored_module", None)
    return moved if isinstance(moved, str) else home_of(kind)


def _present(declaration: Declaration, kind: type) -> Present:
    try:
        codec = declaration.codec(kind)
    except MetricDeclarationError:
        codec = None
    return present_of(declaration, kind, codec, declared_paths(declaration.options.files))
