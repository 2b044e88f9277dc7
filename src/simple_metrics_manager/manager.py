"""``DatedCacheManager``: what users subclass to declare metrics, and what 0.5.0 called so."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Literal, Self, TypeVar, cast

from simple_metrics_manager.asking.cache import Cache
from simple_metrics_manager.asking.eviction import check_limit
from simple_metrics_manager.asking.inputs import Arguments, has_own_constructor, input_names, own_inputs, watch
from simple_metrics_manager.asking.memory import Held, MemoryView
from simple_metrics_manager.declaring.brought import Codes, Sent, arrived, bring_codes, codes_of, referred
from simple_metrics_manager.declaring.carrying import by_value, carries, settle
from simple_metrics_manager.declaring.checks import check_class, check_fields, is_metric
from simple_metrics_manager.declaring.lookup import key_of, named_key
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.kept import LookedAfter
from simple_metrics_manager.keys import default_name_generation_function, tells_apart
from simple_metrics_manager.many import AskedForMany
from simple_metrics_manager.one import AskedForOne
from simple_metrics_manager.outcomes.reasons import OnStale, check_on_stale
from simple_metrics_manager.storing.storage import Storage
from simple_metrics_manager.vouching import VouchedFor

T = TypeVar("T")

_NONE: Arguments = ((), {})
"""Nothing that a constructor was called with."""


class DatedCacheManager(AskedForOne, AskedForMany, LookedAfter, VouchedFor):
    """Metrics that are computed once, kept in memory and in a storage, dated, and given back as declared.

    Subclass it and declare metrics with ``@metric``; read them as attributes. Or use it as it is with a dictionary of
    functions, as in 0.5.0. Without a storage, values are kept in memory only.

    The base is a plain class whose state is made in ``__new__``, so that subclasses may be attrs classes or
    dataclasses, frozen or not, slotted or not, or have an ``__init__`` of their own that calls no other.
    """

    __slots__ = ("__dict__", "__metrics__", "__weakref__")

    __metrics__: Cache

    verbose: bool = True
    """Whether computing, saving and loading is narrated on standard output; ``verbose = False`` in a class body
    or on an instance turns it off."""

    on_corrupt: Literal["recompute", "error"] = "recompute"
    """What to do about a damaged file when the metric can be computed: set the file aside and compute the metric anew,
    or raise ``CorruptMetricError``, as ``load`` always does."""

    on_stale: OnStale = "careful"
    """What to do about stored values that may be out of date: ``"careful"`` warns once of changed code, and computes
    anew what was computed from other inputs; ``"strict"`` refuses changed code before anything runs; ``"fresh"``
    computes anew what it touches. A mapping, ``{"code_changed": "use"}``, alters ``"careful"``. It is no input."""

    memory_limit: int | None = None
    """How many bytes the values in memory may take. What was used longest ago goes, and is read from the storage when
    it is asked for again; what is in memory only stays there. Hits cost more under a limit, as each one is noted.
    Set it in a class body, or on an instance, where the next value that is read or computed heeds it, or make it a
    field, as of a frozen class. It is no input of the manager."""

    stored_module: str | None = None
    """The module that the class was in when its values were stored, for a class that has moved to another one."""

    def __init__(self, storage_interface: Storage | None = None) -> None:
        self.__metrics__.use(storage_interface)

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        check_class(cls)
        own = cls.__dict__.keys() - inspect.get_annotations(cls).keys()  # what has an annotation may be a field
        if "on_stale" in own:
            check_on_stale(cls.on_stale, cls.__qualname__)
        if "memory_limit" in own:
            check_limit(cls.memory_limit, cls.__qualname__)
        settle(cls)

    if not TYPE_CHECKING:  # for checkers the constructor is __init__, and attributes are what they were declared

        def __new__(cls, *args: object, **kwargs: object) -> Self:
            self = super().__new__(cls)
            # attrs adds its fields after the class statement, unless it makes the class anew
            if "__checked__" not in cls.__dict__:
                check_fields(cls)
                watch(cls, _assign)
                cls.__checked__ = True
            object.__setattr__(self, "__metrics__", Cache(self, (args, kwargs) if has_own_constructor(cls) else _NONE))
            return self

        def __setattr__(self, name: str, value: object) -> None:
            _assign(object.__setattr__, self, name, value)

        def __delattr__(self, name: str) -> None:
            if is_metric(getattr(type(self), name, None)):
                self.__metrics__.memory.forget_metric(name)
            else:
                super().__delattr__(name)

        def __getstate__(self) -> object:
            """Attributes, but no values: what has been read waits among them (see ``running``)."""
            state = super().__getstate__()
            slots = state[1] if isinstance(state, tuple) else {}
            kept = _attributes(self)
            slots = {name: value for name, value in slots.items() if name not in DatedCacheManager.__slots__}
            return (kept, slots) if slots else kept

        def __reduce_ex__(self, protocol: int) -> tuple[object, ...]:
            _, _, state, *rest = super().__reduce_ex__(max(2, int(protocol)))
            cache = self.__metrics__
            ours = type(self).__getstate__ is DatedCacheManager.__getstate__
            attributes = {} if ours else _attributes(self)  # attrs' own state of a slotted class has its fields only
            functions = referred(cache.functions) if carries() else cache.functions
            how = (type(self), cache.identity.arguments, cache.shelf.given, functions, attributes)
            return (_remake, (*how, codes_of(type(self))) if by_value(type(self)) else how, state, *rest)

    # --------------------------------------------------------------------------------------------------- identity
    def metric_inputs(self) -> Mapping[str, object]:
        """What the metrics of this manager depend on besides its class: its fields, or its constructor's arguments.

        They are part of the identity of what is stored. Override it to leave out what does not matter (a path, a
        number of processes) or to say what identifies an input that has no written form.
        """
        return own_inputs(self, type(self), self.__metrics__.identity.arguments)

    def old_names(self, key: Metric[object], /) -> Iterable[str]:
        """Names under which 0.5.0 would have stored this metric."""
        if not key.declaration.takes_manager:
            return (key.name,)
        if self.__metrics__.inputs(self).named or not tells_apart(key.row):
            return ()
        base = key.declaration.name
        name = default_name_generation_function(base, key.row)
        beginnings = [name[:end] for end, letter in enumerate(f"{name}_") if letter == "_"]
        return () if any(is_metric(getattr(type(self), one, None)) for one in beginnings if one != base) else (name,)

    # ---------------------------------------------------------------------------------------------------- storage
    def use(self, storage: Storage | None) -> Self:
        """Keep values in this storage from now on; returns the manager itself."""
        self.__metrics__.use(storage)
        return self

    @property
    def storage_interface(self) -> Storage | None:
        """The storage that values are kept in; None for memory only."""
        return self.__metrics__.shelf.storage(self)

    @storage_interface.setter
    def storage_interface(self, storage: Storage | None) -> None:
        self.__metrics__.use(storage)

    # -------------------------------------------------------------------------------------- functions, as in 0.5.0
    @property
    def functions_dict(self) -> dict[str, Callable[[], object]]:
        """Functions without arguments by the names of their metrics, besides the declared ones."""
        return self.__metrics__.functions

    @functions_dict.setter
    def functions_dict(self, functions_dict: dict[str, Callable[[], object]]) -> None:
        self.__metrics__.functions = functions_dict

    def set_functions_dict(self, functions_dict: dict[str, Callable[[], object]]) -> None:
        """Define metrics by functions without arguments, by name."""
        self.functions_dict = functions_dict

    @property
    def cache(self) -> MemoryView:
        """The values in memory by name. Deleting one forgets it; what is stored stays."""
        return MemoryView(self.__metrics__.memory, self._hold, self._note)

    @cache.setter
    def cache(self, values: Mapping[str, object]) -> None:
        held = dict(values)
        self.clear_cache()
        self.cache.update(held)

    def _note(self, name: str, held: Held) -> None:
        self.__metrics__.note(self.__metrics__.ask(self, self._key(name)), held)

    def _hold(self, name: str, value: object) -> None:
        self.__metrics__.hold(self, self._key(name), value)

    def _key(self, key: Metric[T] | str, /) -> Metric[T]:
        if isinstance(key, str):
            return cast("Metric[T]", named_key(type(self), self.__metrics__.functions, key))
        kind, known = type(self), self.__metrics__.keys
        if isinstance(cast("object", key), Metric):
            if vars(kind).get(key.declaration.name) is (key if key.of is None else key.of):
                return key  # of a metric that this very class declares
            if key in known:
                return cast("Metric[T]", known[key])
        found = key_of(kind, key)
        if key.of is None:
            known[key] = found  # what a class declares stays as it is
        return found

    def clear_cache(self) -> None:
        """Forget what is in memory; what is stored stays."""
        self.__metrics__.memory.forget()


def _attributes(manager: DatedCacheManager) -> dict[str, object]:
    """What lies in the manager's ``__dict__``, less what was read and waits there."""
    kind = type(manager)
    return {name: value for name, value in vars(manager).items() if not is_metric(getattr(kind, name, None))}


def _assign(setter: Callable[[object, str, object], None], manager: object, name: str, value: object) -> None:
    """Assign an attribute: not that of a metric, and an input not without its being noticed."""
    kind = type(manager)
    if is_metric(getattr(kind, name, None)):
        raise AttributeError(f"{kind.__name__}.{name} is a metric: its value is computed, not assigned")
    if name == "memory_limit":
        check_limit(value, kind.__name__)
    elif name == "on_stale":
        check_on_stale(value, kind.__name__)
    setter(manager, name, value)
    if name == "on_stale" and isinstance(manager, DatedCacheManager):
        manager.__metrics__.reconsider()
    if (name in input_names(kind) or name == "storage") and isinstance(manager, DatedCacheManager):
        manager.__metrics__.identity.forget()


def _remake(
    kind: type[DatedCacheManager],
    arguments: Arguments,
    storage: Storage | None,
    functions: Sent,
    attributes: Mapping[str, object],
    codes: Codes | None = None,
) -> DatedCacheManager:
    """A manager as it travels: its class, its fields, its storage; no values."""
    made = kind.__new__(kind, *arguments[0], **arguments[1])
    made.__metrics__.use(storage)
    vars(made).update(attributes)
    made.__metrics__.functions = arrived(functions)
    if codes is not None:
        bring_codes(kind, codes)
    return made
