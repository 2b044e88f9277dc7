"""One declared function: its name and class, the type that it is declared to return, the code that it is.

:class:`Declaration` is what a ``Metric``, a ``ParameterizedMetric`` and a collected function have in common. The
annotation is looked at where the class is made, and once more for each class that inherits the metric, since a
generic manager's type variables have other values there.
"""

from __future__ import annotations

import ast
import sys
import weakref
from collections.abc import Callable, Mapping
from types import FrameType
from typing import cast

from simple_metrics_manager.declaring.carrying import stays_here
from simple_metrics_manager.declaring.options import NO_OPTIONS, Options, Version
from simple_metrics_manager.declaring.references import FunctionReference, code_of
from simple_metrics_manager.errors import MetricDeclarationError, UnknownMetricError
from simple_metrics_manager.fingerprint import Fingerprint, fingerprint
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.payload.annotations import (
    UnresolvedAnnotation,
    bind_type_variables,
    free_type_variables,
    has_free_type_variables,
    return_type,
    storable_problem,
    type_name,
)
from simple_metrics_manager.payload.typed import TypedCodec, typed_codec


class Declaration:
    """A function that is declared as a metric.

    ``lenient`` is for functions that were written for 0.5.0, without types: what cannot be stored by its
    annotation is then stored as what it is.
    """

    def __init__(
        self,
        function: Callable[..., object],
        *,
        takes_manager: bool = True,
        lenient: bool = False,
        options: Options = NO_OPTIONS,
    ) -> None:
        self.function: Callable[..., object] = function
        self.name: str = getattr(function, "__name__", "")
        self.owner: type | None = None
        self.takes_manager = takes_manager
        self.anonymous = False
        """Known by a bare name, as in ``functions_dict``: that says neither which metric it is nor its parameters."""
        self.lenient = lenient
        self.options: Options = options
        self.version: Version = options.version
        self.form: Format | None = options.form
        """The format that was declared for its files, or None."""
        self.renamed_from: tuple[str, ...] = options.former.names
        """Names that it had before, under which values may be stored still."""
        self.renamed_parameters: Mapping[str, tuple[str, ...]] = options.former.parameters
        """The same of its parameters, by the names that they have now."""
        self._namespace: Mapping[str, object] = _local_names(function)
        self._codecs: weakref.WeakKeyDictionary[type, TypedCodec[object] | None] = weakref.WeakKeyDictionary()
        self._last: tuple[Callable[[], type | None], TypedCodec[object] | None] = _nothing, None
        self._brought: weakref.WeakKeyDictionary[type, Fingerprint] | None = None

    @property
    def label(self) -> str:
        """``Digits.spectrum``: how messages call it."""
        return f"{self.owner.__qualname__}.{self.name}" if self.owner is not None else self.name

    def __getstate__(self) -> dict[str, object]:
        here = ("_brought", "_codecs", "_last", "_namespace")
        kept = {name: value for name, value in vars(self).items() if name not in here}
        if stays_here(getattr(self.function, "__module__", None) or "", found=True):
            kept["_namespace"] = {**_global_names(self.function), **self._namespace}
        return {**kept, "function": FunctionReference(self.function, in_class=self.takes_manager)}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update({"_namespace": {}, **state})
        self.function = cast("FunctionReference", state["function"]).function
        self._codecs, self._last = weakref.WeakKeyDictionary(), (_nothing, None)
        self._brought = None

    @property
    def unknown(self) -> UnknownMetricError | None:
        """The error of a name that has no function."""
        error = getattr(self.function, "error", None)
        return error if isinstance(error, UnknownMetricError) else None

    def set_name(self, owner: type, name: str) -> None:
        """Taken from the class statement. attrs makes slotted classes anew: then the second class is the one.

        A second name for the same metric (``alias = Base.total``) does not rename it; the class statement refuses it.
        """
        if self.owner is None or (self.name == name and self.owner.__qualname__ == owner.__qualname__):
            self.owner = owner
            self.name = name

    def codec(self, manager: type, alias: object = None) -> TypedCodec[object] | None:
        """How values are stored for managers of this class; None means as what they are.

        ``alias`` is the subscripted class, such as ``G[int]``, where the manager was made through one.

        Raises:
            MetricDeclarationError: the annotation is missing, cannot be resolved, or cannot be stored.
        """
        if alias is not None:
            return self._resolve(alias)
        last, found = self._last
        if last() is manager:  # as mostly: to look it up takes three times as long
            return found
        try:
            found = self._codecs[manager]
        except KeyError:
            found = self._codecs[manager] = self._resolve(manager)
        self._last = weakref.ref(manager), found
        return found

    def remedy(self, manager: type) -> str:
        """What to do where :meth:`codec` gives None since a type variable is open, as of ``G[int](...)`` if it is
        frozen: Python cannot note on such an object what its class was subscripted with. Empty in other cases."""
        if self.lenient:
            return ""
        names = [str(getattr(each, "__name__", each)) for each in free_type_variables(self._bound_type(manager))]
        if not names:
            return ""
        what, generic = " and ".join(names), f"{manager.__qualname__}[{', '.join(names)}]"
        example = f"class Mine({manager.__qualname__}[{', '.join('int' for _ in names)}])"
        return f"what {what} stands for is not known here: subclass {generic} with a type in its place, '{example}'"

    def check(self, manager: type) -> None:
        """Resolve the annotation for this class now, unless it names something that does not exist yet.

        Raises:
            MetricDeclarationError: as :meth:`codec`, for all that can be known already.
        """
        try:
            self._return_type()
        except UnresolvedAnnotation:
            return
        self.codec(manager)

    def fingerprint(self, manager: type) -> Fingerprint:
        """The code that a value computed now is computed by."""
        if not self.takes_manager:
            return code_of(self.function)
        brought = None if self._brought is None else self._brought.get(manager)
        return brought or fingerprint(self.function, manager)

    def bring(self, manager: type, code: Fingerprint) -> None:
        """Note the code of a metric whose class came by value: its source is elsewhere."""
        self._brought = weakref.WeakKeyDictionary() if self._brought is None else self._brought
        self._brought[manager] = code

    def _return_type(self) -> object:
        names: dict[str, object] = {}
        for base in reversed(self.owner.__mro__ if self.owner is not None else ()):
            names.update((name, value) for name, value in vars(base).items() if isinstance(value, type))
        return return_type(self.function, self.label, {**names, **self._namespace})

    def _bound_type(self, manager: object) -> object:
        declared = self._return_type()
        known = isinstance(manager, type) or hasattr(manager, "__origin__")
        return bind_type_variables(declared, manager) if known else declared

    def _resolve(self, manager: object) -> TypedCodec[object] | None:
        try:
            declared = self._bound_type(manager)
            if has_free_type_variables(declared):
                return None
            problem = storable_problem(declared)
            if problem is not None:
                raise MetricDeclarationError(f"{self.label} -> {type_name(declared)}", problem)
            return typed_codec(declared, self.label)
        except UnresolvedAnnotation as error:
            if self.lenient:
                return None
            raise error.final() from None
        except MetricDeclarationError:
            if self.lenient:
                return None
            raise


def _nothing() -> None:
    """Stands for a weak reference to no class."""


def spelled_in(manager: type, owner: type) -> str:
    """``Run``, or what tells this base of a manager from others that are called so: ``lab.Run``, ``lab.Run.1``.

    The number counts from the ground up, so a class that is derived once more does not rename what is stored.
    """
    alike = [base for base in reversed(manager.__mro__) if base.__qualname__ == owner.__qualname__]
    if len(alike) < 2:
        return owner.__qualname__
    same = [base for base in alike if base.__module__ == owner.__module__]
    spelled = f"{owner.__module__}.{owner.__qualname__}"
    return spelled if len(same) < 2 or owner not in same else f"{spelled}.{same.index(owner)}"


def _local_names(function: Callable[..., object]) -> Mapping[str, object]:
    """What the annotation of a function made inside another one names there: locals of those around it.

    Only names that the annotation spells are kept, lest a class keep a caller's large arrays alive.
    """
    wanted = _spelled_names(function) if "<locals>" in getattr(function, "__qualname__", "") else set[str]()
    if not wanted:
        return {}
    found: dict[str, object] = {}
    module = getattr(function, "__globals__", None)
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]  # there is no other way to the caller's names
    while frame is not None:
        if frame.f_globals is module and frame.f_locals is not frame.f_globals:
            found = {**{name: frame.f_locals[name] for name in wanted.intersection(frame.f_locals)}, **found}
        frame = frame.f_back
    return found


def _global_names(function: Callable[..., object]) -> Mapping[str, object]:
    """What its annotation names in its module: a function that goes by value takes along only what its code names."""
    module: Mapping[str, object] = getattr(function, "__globals__", {})
    return {name: module[name] for name in _spelled_names(function).intersection(module)}


def _spelled_names(function: Callable[..., object]) -> set[str]:
    """The names in a return annotation that is a text."""
    spelled = getattr(function, "__annotations__", {}).get("return")
    try:
        tree = ast.parse(spelled if isinstance(spelled, str) else "0", mode="eval")
    except SyntaxError:
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
