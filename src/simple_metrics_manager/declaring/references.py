"""Functions and keys on their way to another process.

Python pickles a function by its module and name, and insists on finding the very same object there. A decorated
function is not what stands under its name: that is the ``Collected`` or the ``Metric`` which it has become, and the
function itself is found behind it. What goes by value, as cloudpickle sends it, is for :mod:`.carrying`.
"""

from __future__ import annotations

import importlib
import pickle
import sys
from collections.abc import Callable
from types import FunctionType

from simple_metrics_manager.declaring.carrying import home_of, stays_here
from simple_metrics_manager.fingerprint import Fingerprint, fingerprint

_LINKS = ("__wrapped__", "function", "original_function")
"""Attributes under which what has become of a function keeps it."""


class FunctionReference:
    """Holds a function. Pickled, it is the place where the function is found; copied, it is itself."""

    def __init__(self, function: Callable[..., object], in_class: bool = False) -> None:
        self.function: Callable[..., object] = function
        self._in_class = in_class

    def __copy__(self) -> FunctionReference:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> FunctionReference:
        return self

    def __reduce__(self) -> tuple[Callable[..., FunctionReference], tuple[object, ...]]:
        function = self.function
        if not isinstance(function, FunctionType):
            return FunctionReference, (function,)
        found = _behind(_at(function.__module__, function.__qualname__), function.__code__) is function
        if stays_here(function.__module__, found):
            code = Fingerprint() if self._in_class else code_of(function)
            return _carried, (function, home_of(function), code)
        if not found:
            raise pickle.PicklingError(
                f"{function.__module__}.{function.__qualname__} cannot be sent to another process, where it could not "
                f"be found: it is not what its module has under that name. Define it with 'def' at the top level of a "
                f"module that the other process can import (no lambda, no function inside a function), "
                f"and leave the name to it"
            )
        return _found, (function.__module__, function.__qualname__)


def is_found(thing: object) -> bool:
    """Whether this is what its module has under its name."""
    return _at(getattr(thing, "__module__", None), getattr(thing, "__qualname__", "")) is thing


def _found(module: str, qualname: str) -> FunctionReference:
    importlib.import_module(module)
    function = _behind(_at(module, qualname), None)
    if function is None:
        raise pickle.UnpicklingError(f"{module} has no function {qualname} here, but had one where this was pickled")
    return FunctionReference(function)


def code_of(function: Callable[..., object]) -> Fingerprint:
    """The code of a function that is in no class. One that came by value has its source elsewhere."""
    known: object = getattr(function, "__fingerprint__", None)
    return known if isinstance(known, Fingerprint) else fingerprint(function)


def _carried(function: FunctionType, home: str, code: Fingerprint) -> FunctionReference:
    vars(function).update(__home__=home, __fingerprint__=code)  # it is new here, and nobody else's
    return FunctionReference(function)


def _at(module: object, qualname: str) -> object:
    place: object = sys.modules.get(str(module))
    for part in qualname.split("."):
        place = getattr(place, part, None)
    return place


def _behind(thing: object, code: object) -> FunctionType | None:
    """The function that a decorated one was made from: the innermost one, or that with this code."""
    inner: FunctionType | None = None
    seen: set[int] = set()
    while thing is not None and id(thing) not in seen:
        seen.add(id(thing))
        if isinstance(thing, FunctionType):
            inner = thing
            if thing.__code__ is code:
                return inner
        thing = next((found for link in _LINKS if (found := getattr(thing, link, None)) is not None), None)
    return inner
