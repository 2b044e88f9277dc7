"""Classes and functions that go to another process by value, as ``cloudpickle`` sends those of ``__main__``.

By value a class arrives bare and is filled with its attributes afterwards. A metric among them cannot be pickled as
"what that class has under this name", since it has nothing yet; and a function cannot be pickled as "what is found in
``__main__``", which is another program there. But where the standard library's pickle is at work, both are just right.

So it has to be known who pickles, which Python tells nobody. All picklers that send by value are subclasses of
``pickle.Pickler`` with a ``reducer_override``; they start in a method of theirs (cloudpickle's ``dump``) or go on in
one, and from there C calls ``__reduce_ex__`` without another Python frame. So the frame below our own has the
pickler as its ``self``, and the pickler can be asked what it would do with a class. Where that guess fails, what is
pickled is the reference, as for everybody else.
"""

from __future__ import annotations

import functools
import pickle
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Protocol, TypeVar, cast

from simple_metrics_manager.declaring.parameters import Parameters

M = TypeVar("M")

MAIN = "__main__"
SPAWNED = frozenset({"__mp_main__", "__worker__"})
"""What the program's module is called in a process that it has spawned: by multiprocessing, by mpi4py."""

_REDUCING = frozenset({"__reduce__", "__reduce_ex__", "__getstate__", "__recipe__"})
"""Methods of ours that a pickler calls, and that may call one another."""


class _Declaration(Protocol):
    function: Callable[..., object]
    name: str


def by_value(kind: type) -> bool:
    """Whether a pickler is at work that will send this class by value."""
    pickler = _pickler()
    return pickler is not None and _override(pickler)(kind) is not NotImplemented


def stays_here(module: str, found: bool = True) -> bool:
    """Whether a pickler is at work that sends by value, and what this module has would not be found elsewhere."""
    pickler = _pickler()
    if pickler is None:
        return False
    return not found or module == MAIN or module in SPAWNED or _is_registered(pickler, module)


def carries() -> bool:
    """Whether a pickler is at work that can send by value."""
    return _pickler() is not None


def _pickler() -> object:
    """The pickler at work, if it can send by value; else None."""
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # see the module's docstring
    while frame is not None and (frame.f_globals is globals() or frame.f_code.co_name in _REDUCING):
        frame = frame.f_back
    found: object = frame.f_locals.get("self") if frame is not None else None
    kind: type = type(found)
    return found if issubclass(kind, pickle.Pickler) and hasattr(kind, "reducer_override") else None


def _override(pickler: object) -> Callable[[object], object]:
    return cast("Callable[[object], object]", pickler.reducer_override)  # type: ignore[attr-defined]  # see _pickler


def _is_registered(pickler: object, module: str) -> bool:
    """Whether this module or a package around it was named to ``cloudpickle.register_pickle_by_value``."""
    places = [sys.modules.get(base.__module__) for base in type(pickler).__mro__]
    listings: list[object] = [getattr(place, "list_registry_pickle_by_value", None) for place in places]
    listing = next(filter(callable, listings), None)
    names = cast("set[str]", listing()) if callable(listing) else set[str]()
    return any(module == name or module.startswith(f"{name}.") for name in names)


# ----------------------------------------------------------------------------------------- metrics inside of classes
def reduced(owner: type | None, name: str, metric: object) -> tuple[object, ...] | None:
    """How a metric is pickled: as what its class has under its name, and with all that it is inside such a class.

    None for one that is not in a class.
    """
    if owner is None or not by_value(owner):
        return (getattr, (owner, name)) if owner is not None else None
    state = {name: value for name, value in vars(metric).items() if name not in ("_keys", "parameters")}
    return (declared, (owner, name, type(metric)), state, None, None, fill)


def declared(owner: type, name: str, kind: type[M]) -> M:
    """The metric of a class; if that is being filled still, an empty one, which is filled next."""
    found: object = vars(owner).get(name)
    return found if isinstance(found, kind) else kind.__new__(kind)


def fill(metric: object, state: Mapping[str, object]) -> None:
    """Make this the metric that was sent. The class may be here already: then it is brought up to date."""
    attributes = vars(metric)
    attributes.update(state)
    if "params_list" in state:
        declaration = cast("_Declaration", state["declaration"])
        attributes.update(parameters=Parameters(declaration.function, 1, declaration.name), _keys={})


# ---------------------------------------------------------------------------------------------- what they are called
@functools.lru_cache(maxsize=256)
def module_name(module: str) -> str:
    """``demo.digits``, or ``__main__.digits`` where that file is the program, or ``__main__`` at a prompt."""
    if module != MAIN and module not in SPAWNED:
        return module
    file = getattr(sys.modules.get(MAIN), "__file__", None)
    return f"{MAIN}.{Path(file).stem}" if isinstance(file, str) else MAIN


def home_of(thing: object) -> str:
    """The module of a class or function, as records name it: for one that was brought here, where it came from."""
    module = str(getattr(thing, "__module__", None) or "")
    if module != MAIN and module not in SPAWNED:
        return module
    home: object = getattr(thing, "__home__", None) if module == MAIN else None
    return home if isinstance(home, str) else module_name(module)


def settle(kind: type) -> None:
    """Note on a class of ``__main__`` which program that is, before the class goes anywhere by value.

    Those derived from it inherit the note: cloudpickle leaves out what a class has in common with its base.
    """
    if kind.__module__ == MAIN and not hasattr(kind, "__home__"):
        type.__setattr__(kind, "__home__", module_name(MAIN))
