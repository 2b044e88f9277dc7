"""How a worker makes a manager again, and how a task says which of its metrics it is about."""

from __future__ import annotations

import os
import secrets
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias, cast

from simple_metrics_manager.declaring.carrying import carries
from simple_metrics_manager.declaring.lookup import named_key
from simple_metrics_manager.declaring.metric import Metric, ParameterizedMetric
from simple_metrics_manager.declaring.parameters import Row
from simple_metrics_manager.errors import CannotTravelError, OutdatedWorkerError
from simple_metrics_manager.keys import without_params
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.packing import pack, unpack
from simple_metrics_manager.sweeping.reads import key_called
from simple_metrics_manager.sweeping.same_code import Code, OtherCodeError, code_here, differing

Point: TypeAlias = tuple[str, Row]
"""A metric as a task names it: what it is called in its class, or collected as, and a row of parameters."""

_KEPT = 8
"""Managers that a worker keeps for later tasks, those that were used last."""


class Recipe:
    """A manager on its way to a worker: its class, what it was made with, its storage; no values, no credentials.

    Pickled, it is bytes, so that a task can always be unpickled and a worker says itself what it cannot import. Where
    nothing was pickled, as among threads, or where it comes back to the process it is from, it is the manager
    itself. What is pickled is the manager as it was when that was done first.

    ``mark`` is that of the code which is to compute, empty if any will do.
    """

    __slots__ = ("_code", "_home", "_manager", "_mark", "_packed", "_token", "keeps")

    def __init__(self, packed: bytes, token: bytes, mark: bytes = b"") -> None:
        self._packed: dict[bool, bytes] = dict.fromkeys((False, True), packed)
        self._token = token
        self._mark: bytes | None = mark
        self._code: Code | None = None
        self._manager: Manager | None = None
        self._home = 0
        self.keeps: frozenset[str] | None = None
        """What the manager itself is to hold on to of what is computed; None for all. It does not travel."""

    @classmethod
    def of(cls, manager: Manager) -> Recipe:
        """The recipe of this manager. It is pickled only when it has to be, and tells then if it cannot be."""
        recipe = cls(b"", secrets.token_bytes(6))
        recipe._packed.clear()
        recipe._mark = None
        recipe._manager = manager
        recipe._home = os.getpid()
        _at_home[recipe._token] = manager
        return recipe

    def manager(self) -> Manager:
        """The manager itself in the process that it is from, else one made anew: the same one for all tasks of a sweep.

        The next sweep finds none of its values in memory, since they may have been computed anew meanwhile.

        Raises:
            OtherCodeError: this process has other code than the one that the recipe is from.
            Exception: whatever keeps it from being made here, such as a module that cannot be imported.
        """
        known = self._manager or _at_home.get(self._token)
        return known if known is not None else _made(self._packed[False], self._token, self._mark or b"")

    @property
    def at_home(self) -> bool:
        """Whether :meth:`manager` gives the very manager that this was made of."""
        return os.getpid() == self._home if self._manager is not None else self._token in _at_home

    def answer(self, there: Code, host: str) -> None:
        """A worker on this host has other code: from now on any will do, if that is only not known to be the same.

        Raises:
            OutdatedWorkerError: it is known to be another.
        """
        names = differing(self._code, there) if self._code is not None else ()
        if names:
            raise OutdatedWorkerError(
                f"{type(self._manager).__module__}:{type(self._manager).__qualname__}", names, host
            )
        self._mark = b""

    def _marked(self) -> bytes:
        if self._mark is None and self._manager is not None:
            self._code = code_here(self._manager)
            self._mark = self._code.mark
        return self._mark or b""

    def packed(self, by_value: bool = False) -> bytes:
        """What is sent; with ``by_value``, so that a worker need not know what ``__main__`` is here.

        Raises:
            CannotTravelError: a part of the manager cannot be sent.
        """
        if by_value not in self._packed and self._manager is not None:
            self._packed[by_value] = pack(self._manager, by_value)
        return self._packed[by_value]

    def __reduce__(self) -> tuple[type[Recipe], tuple[bytes, bytes, bytes]]:
        return Recipe, (self.packed(by_value=carries()), self._token, self._marked())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recipe) and self._token == other._token

    def __hash__(self) -> int:
        return hash(self._token)

    def __repr__(self) -> str:
        return f"<Recipe of {type(self._manager).__qualname__ if self._manager is not None else 'a manager'}>"


class _Making:
    """A manager that is made once in each sweep, by the first thread that needs it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.manager: Manager | None = None
        self.token: bytes = b""
        """Of the recipe that it was made for."""


_at_home: weakref.WeakValueDictionary[bytes, Manager] = weakref.WeakValueDictionary()
"""The managers of recipes that were made in this process, by their tokens."""
_makings: OrderedDict[bytes, _Making] = OrderedDict()
_lock = threading.Lock()


def _made(packed: bytes, token: bytes, mark: bytes) -> Manager:
    with _lock:
        making = _makings.setdefault(packed, _Making())
        _makings.move_to_end(packed)
        while len(_makings) > _KEPT:
            _makings.popitem(last=False)
    with making.lock:
        if making.manager is None or making.token != token:
            made = cast("Manager", unpack(packed))
            if mark and (code := code_here(made)).mark != mark:
                raise OtherCodeError(code)
            making.manager, making.token = made, token
        return making.manager


def _after_fork() -> None:
    """A forked worker is another process: it makes managers of its own, under locks that nobody holds."""
    global _lock
    _lock = threading.Lock()
    _makings.clear()
    _at_home.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


# -------------------------------------------------------------------------------------------------------- its metrics
class _Collected(Protocol):
    """A collected function, as far as points go."""

    @property
    def base_name(self) -> str: ...
    def declare(self, row: Row, /) -> Metric[object]: ...
    def called(self, name: str, /) -> Metric[object] | None: ...


def point_of(key: Metric[object]) -> Point:
    """How a task names this metric.

    Raises:
        CannotTravelError: it is a parameter set of a metric that a subclass overrides, ``super().inertia``.
    """
    name = key.declaration.name
    if key.declaration.takes_manager and key.of is None:
        return key.name, ()  # with its base, ``spectrum@Base``, if a subclass overrides it
    if key.of is not None and "@" in without_params(key.name.removeprefix(name)):
        problem = "it is overridden, and workers compute the override"
        raise CannotTravelError(key.label, problem, "Ask for it without an executor.")
    if key.declaration.takes_manager or key.row or key.name == name:
        return name, key.row
    return key.name, ()  # a function of functions_dict that stands in for a collected one, or that names itself


def key_at(manager: Manager, point: Point) -> Metric[object]:
    """The metric that a task names. A parameter set of a collected function is declared if it is not yet.

    Raises:
        UnknownMetricError: when it is computed, if this manager has no such metric.
        UndeclaredParametersError: it has none with these parameters.
    """
    name, row = point
    base = key_called(type(manager), name) if "@" in name else None
    if base is not None:
        return base
    functions = cast("dict[str, Callable[[], object]]", manager.functions_dict)
    if row or name not in functions:
        found: object = getattr(type(manager), name, None)
        if isinstance(found, ParameterizedMetric):
            return cast("ParameterizedMetric[..., object]", found).at(row)
        collected = cast("Iterable[_Collected]", getattr(manager, "parameterized_metrics", ()))
        for function in () if isinstance(found, Metric) else collected:
            key = function.declare(row) if function.base_name == name else None if row else function.called(name)
            if key is not None:
                return key
    return named_key(type(manager), functions, name)
