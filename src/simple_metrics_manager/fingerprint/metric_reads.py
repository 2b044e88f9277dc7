"""Which metrics of its manager a metric's function reads, as far as its source tells: through ``self``.

Methods, properties and base classes are looked into, and so are plain functions that are given ``self``. As with
fingerprints, nothing is called, and what only running code can tell (``getattr`` with a computed name, ``self["x"]``,
``manager = self``) is not seen. Code of installed packages is looked into as well: nothing of it is kept.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType
from typing import TypeAlias, cast

import attrs

from simple_metrics_manager.fingerprint.canonical import FunctionNode
from simple_metrics_manager.fingerprint.names import SUPER, Chain
from simple_metrics_manager.fingerprint.objects import MISSING, closure_of, innermost, is_metric, plain_attribute
from simple_metrics_manager.fingerprint.sources import find_function
from simple_metrics_manager.fingerprint.uses import Certainty, Use, uses_in

Looked: TypeAlias = "tuple[object, bool]"
"""A metric's descriptor, and whether all of its declared parameter sets are read at once: ``self.p.get_all()``."""

_Step: TypeAlias = "tuple[FunctionType, str, Certainty]"
"""A function to look into, what it calls the manager, and how certainly it is called."""

_READS_NONE = frozenset({"params_list", "base_name", "original_function", "exists"})
"""What one may ask of a parameterized metric without reading any of its values."""


def metrics_read(function: object, manager: type) -> Mapping[Looked, Certainty]:
    """The metrics of the class ``manager`` that the function of one of them reads, and how certainly.

    Descriptors are the ones in the classes: what ``super()`` reaches is a base's.
    """
    reading = _Reading(manager)
    reading.start(function)
    return reading.found


@attrs.define(eq=False)
class _Reading:
    manager: type
    found: dict[Looked, Certainty] = attrs.field(factory=dict["Looked", Certainty])
    _seen: dict[tuple[FunctionType, str], Certainty] = attrs.field(
        factory=dict["tuple[FunctionType, str]", "Certainty"]
    )
    _todo: list[_Step] = attrs.field(factory=list[_Step])

    def start(self, function: object) -> None:
        self._method(function, Certainty.REQUIRED)
        while self._todo:
            function, name, certainty = self._todo.pop()
            found = find_function(function.__code__, function.__globals__)
            if found is not None:
                for use in uses_in(cast("FunctionNode", found.node)):
                    self._use(function, name, use, min(certainty, use.certainty))

    def _method(self, value: object, certainty: Certainty) -> None:
        """Look into a function whose first parameter is the manager. One in a wrapper may not be called at all."""
        inner, _ = innermost(value)
        if isinstance(inner, FunctionType) and inner.__code__.co_argcount:
            certainty = certainty if inner is value else Certainty.POSSIBLE
            self._follow(inner, inner.__code__.co_varnames[0], certainty)

    def _follow(self, function: FunctionType, name: str, certainty: Certainty) -> None:
        if function.__code__.co_flags & _RUNS_LATER:
            certainty = Certainty.POSSIBLE
        if self._seen.get((function, name), -1) < certainty:
            self._seen[function, name] = certainty
            self._todo.append((function, name, certainty))

    def _use(self, function: FunctionType, name: str, use: Use, certainty: Certainty) -> None:
        first, rest = use.chain[0], use.chain[1:]
        if first in (name, SUPER):
            after = _defining_class(function) if first == SUPER else None
            if rest and (first != SUPER or after is not None):
                self._member(rest, after, certainty, called=use.called)
            return
        for place, given in use.passed:
            if given == name:
                self._given_self(_resolved(use.chain, function), place, certainty)

    def _given_self(self, value: object, place: int | str, certainty: Certainty) -> None:
        """Look into a plain function that is given the manager."""
        if isinstance(value, FunctionType):
            code = value.__code__
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            name = place if isinstance(place, str) else next(iter(names[: code.co_argcount][place:]), None)
            if name in names:
                self._follow(value, name, certainty)

    def _member(self, rest: Chain, after: type | None, certainty: Certainty, *, called: bool) -> None:
        """What ``self.name`` or ``super().name`` finds in the classes of the manager."""
        value = _looked_up(self.manager, rest[0], after)
        if is_metric(value):
            self._metric(value, rest[1:], certainty, called=called)
        elif isinstance(value, FunctionType):
            self._method(value, certainty if called and len(rest) == 1 else Certainty.POSSIBLE)
        elif isinstance(value, property):
            self._method(value.fget, certainty)
        elif type(value) in (functools.cached_property, functools.partialmethod):
            self._method(value, Certainty.POSSIBLE)

    def _metric(self, value: object, rest: Chain, certainty: Certainty, *, called: bool) -> None:
        if plain_attribute(value, "parameters") is MISSING:
            self._note((value, False), certainty)
        elif not rest or rest[0] not in _READS_NONE:
            self._note((value, called and rest == ("get_all",)), certainty)

    def _note(self, looked: Looked, certainty: Certainty) -> None:
        self.found[looked] = max(certainty, self.found.get(looked, certainty))


_RUNS_LATER = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
"""Calling such a function does not run it."""


def _looked_up(manager: type, name: str, after: type | None) -> object:
    mro = iter(manager.__mro__)
    if after is not None and after in manager.__mro__:
        while next(mro) is not after:
            pass
    return next((vars(base)[name] for base in mro if name in vars(base)), MISSING)


def _defining_class(function: FunctionType) -> type | None:
    """The class in whose body the function stands, if it says ``super()``."""
    cell = closure_of(function).get("__class__")
    try:
        found: object = None if cell is None else cell.cell_contents
    except ValueError:
        return None
    return found if isinstance(found, type) else None


def _resolved(chain: Chain, function: FunctionType) -> object:
    """What a global or enclosing name stands for; dots are followed through modules only."""
    value = next(_places(chain[0], function), MISSING)
    for name in chain[1:]:
        value = vars(value).get(name, MISSING) if isinstance(value, ModuleType) else MISSING
    return value


def _places(name: str, function: FunctionType) -> Iterator[object]:
    cell = closure_of(function).get(name)
    if cell is not None:
        try:
            yield cell.cell_contents
        except ValueError:
            return
    elif name in function.__globals__:
        yield function.__globals__[name]
