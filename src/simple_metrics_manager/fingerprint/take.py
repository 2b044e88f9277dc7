"""Taking the fingerprint of a function: which code computes, and with which constants.

It is taken in the process that computes, and kept beside the value. What is expensive is done once per function;
asked again, it is only checked that every name still stands for what it stood for, since a notebook may have
defined a helper anew.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, MethodType

import attrs

from simple_metrics_manager.fingerprint import canonical
from simple_metrics_manager.fingerprint.definitions import function_hash
from simple_metrics_manager.fingerprint.helpers import helpers_of
from simple_metrics_manager.fingerprint.objects import Place, innermost, owner_of, plain_attribute
from simple_metrics_manager.fingerprint.origin import is_project_class
from simple_metrics_manager.fingerprint.reach import Reach
from simple_metrics_manager.fingerprint.sources import Found
from simple_metrics_manager.fingerprint.values import is_fixed, written
from simple_metrics_manager.fingerprint.watching import Watched, stands, watched
from simple_metrics_manager.record import Code

_LOG = logging.getLogger(__name__)
_MOST_KEPT = 4096


@attrs.frozen
class Fingerprint:
    """The code behind a value.

    ``code`` is the function itself, without its name and defaults; its hash is ``""`` where there is no source.
    ``helpers`` has a hash for every function and class of the project that it reaches, by ``module.qualname``.
    ``globals`` has the simple values that it uses: ``module.NAME``, ``module.Class.NAME``, and of the function
    itself ``<default> name``, ``<closure> name`` and, if it is a partial, ``<argument> name``.
    ``libraries`` names the packages that it reaches, which are not followed.
    """

    code: Code = attrs.field(factory=Code)
    helpers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    globals: Mapping[str, str] = attrs.field(factory=dict[str, str])
    libraries: tuple[str, ...] = ()
    places: Mapping[str, str] = attrs.field(factory=dict[str, str], eq=False, repr=False)
    """Where helpers stand now, as ``file:line``."""


def fingerprint(function: Callable[..., object], owner: type | None = None) -> Fingerprint:
    """What code a call of this function runs.

    Args:
        function: anything callable: a function, a lambda, a method, a partial, a class, an instance with ``__call__``.
        owner: the class on which names asked of the function's first parameter are looked up.

    Returns:
        All that could be found out. It raises nothing: a computation does not fail because its code cannot be read.
    """
    try:
        if isinstance(function, FunctionType):
            return _kept(function, owner)
        if isinstance(function, MethodType):
            owner = owner or owner_of(function)
            function = function.__func__
            if isinstance(function, FunctionType):
                return _kept(function, owner)
        return take_apart(function, owner).now()
    except Exception:  # noqa: BLE001  # whatever strange object this is, the value that it computed is worth more
        _LOG.debug("no fingerprint of %r", type(function), exc_info=True)
        return Fingerprint()


@attrs.frozen(eq=False)
class Taken:
    """A fingerprint with what it depends on."""

    then: Fingerprint
    places: tuple[Place, ...]
    mutable: Mapping[str, object]
    """Globals that may be changed without being another object."""
    watched: Mapping[str, Watched]
    """Of these, what can be looked at instead of being written again."""

    def stands(self) -> bool:
        """Whether every name still stands for what it stood for."""
        for place in self.places:  # noqa: SIM110  # a generator takes twice as long, at each reading of a value
            if place.now() is not place.found:
                return False
        return True

    def now(self) -> Fingerprint:
        """The fingerprint, with mutable globals as they are now."""
        if not self.mutable:
            return self.then
        watched = self.watched
        texts = {
            name: written(value)
            for name, value in self.mutable.items()
            if name not in watched or not stands(watched[name])
        }
        if all(self.then.globals.get(name) == text for name, text in texts.items()):
            return self.then
        whole: dict[str, str | None] = {**self.then.globals, **texts}
        known = {name: whole[name] for name in sorted(whole)}
        return attrs.evolve(self.then, globals=_simple(known))


TAKEN: dict[tuple[int, int], tuple[weakref.ref[FunctionType], weakref.ref[type] | None, Taken]] = {}
"""By the ids of a function and its owner, which are referred to weakly: a closure may hold large arrays."""


def _kept(function: FunctionType, owner: type | None) -> Fingerprint:
    key = (id(function), id(owner))
    known = TAKEN.get(key)
    if known is not None and known[0]() is function and (known[1] is None or known[1]() is owner):
        taken = known[2]
        if taken.stands():
            return taken.now()
    taken = take_apart(function, owner)
    if len(TAKEN) >= _MOST_KEPT:
        TAKEN.clear()

    def forget(dead: weakref.ref[FunctionType]) -> None:
        if (gone := TAKEN.get(key)) is not None and gone[0] is dead:
            TAKEN.pop(key, None)

    TAKEN[key] = weakref.ref(function, forget), None if owner is None else weakref.ref(owner), taken
    return taken.now()


def take_apart(function: object, owner: type | None) -> Taken:
    """Find everything out anew."""
    reach = Reach()
    inner, owner = innermost(function, owner)
    if not isinstance(inner, (type, FunctionType)):
        owner, inner = type(inner), plain_attribute(inner, "__call__")
    texts: dict[str, str] = {}
    hash_, found = "", None
    if isinstance(inner, type):
        if is_project_class(inner):
            hash_, found = reach.class_(inner)
    elif isinstance(inner, FunctionType):
        found = reach.function(inner, owner)
        hash_ = function_hash(inner, found, defaults=False)
        texts = dict(_defaults(inner, found))
    reach.reach(function, "")
    reach.finish()
    code = Code() if found is None else Code(hash_, found.text, found.file, found.line)
    values = {name: reach.values[name] for name in sorted(reach.values.keys() - reach.changing)}
    then = Fingerprint(
        code,
        helpers_of(reach.hashes, reach.texts),
        {**_simple({name: written(value) for name, value in values.items()}), **texts},
        tuple(sorted(reach.libraries)),
        reach.places_of,
    )
    mutable = {name: value for name, value in values.items() if not is_fixed(value)}
    seen = {name: watched(value) for name, value in mutable.items()}
    known = {name: each for name, each in seen.items() if each is not None}
    return Taken(then, tuple(reach.places.values()), mutable, known)


def _simple(texts: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text is not None}


def _defaults(function: FunctionType, found: Found | None) -> Iterator[tuple[str, str]]:
    """Defaults by the names of their parameters: their values, or what is not simple by the hash of its expression."""
    positional = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    values = dict(zip(positional[len(positional) - len(defaults) :], defaults, strict=True))
    values |= function.__kwdefaults__ or {}
    arguments = getattr(None if found is None else found.node, "args", None)
    expressions = {} if arguments is None else dict(canonical.default_expressions(arguments))
    for name, value in values.items():
        text = written(value)
        if text is None:
            text = canonical.expression_hash(expressions[name]) if name in expressions else ""
        yield f"<default> {name}", text
