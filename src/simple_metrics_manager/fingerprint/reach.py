"""What a function reaches: the project's functions and classes, simple globals, and the names of libraries.

Names are read from the syntax tree and resolved in the objects that live in this process; nothing is called and no
attribute is computed, so a fingerprint has no side effects. What only running code can tell (``getattr`` with a
computed name, plugins) is not seen.
"""

from __future__ import annotations

import ast
import builtins
import enum
import functools
import importlib.util
import sys
from collections.abc import Mapping
from types import CellType, FunctionType, MethodType, ModuleType
from typing import cast

import attrs

from simple_metrics_manager.fingerprint import canonical, origin
from simple_metrics_manager.fingerprint.annotated import declared_classes
from simple_metrics_manager.fingerprint.definitions import PICKLING, class_source, function_hash, names_of
from simple_metrics_manager.fingerprint.imported import as_imported
from simple_metrics_manager.fingerprint.instances import CHANGING
from simple_metrics_manager.fingerprint.names import ASSIGNED, ITSELF, SUPER, Chain, Import, names_in
from simple_metrics_manager.fingerprint.objects import (
    Place,
    bound_arguments,
    class_label,
    closure_of,
    function_label,
    functions_in,
    global_names,
    goes_by,
    innermost,
    is_metric,
    is_of_class,
    is_slot,
    own_attributes,
    owner_of,
    plain_attribute,
    wrapped_in,
)
from simple_metrics_manager.fingerprint.sources import Found, find_function

_CHANGING = CHANGING | {ASSIGNED}


@attrs.define(eq=False)
class Reach:
    """Collects what is reached from what it is given."""

    hashes: dict[str, set[str]] = attrs.field(factory=dict[str, "set[str]"])
    texts: dict[str, str] = attrs.field(factory=dict[str, str])
    places_of: dict[str, str] = attrs.field(factory=dict[str, str])
    """Where each helper stands, as ``file:line``."""
    values: dict[str, object] = attrs.field(factory=dict[str, object])
    changing: set[str] = attrs.field(factory=set[str])
    """Of the values those that the code itself changes."""
    libraries: set[str] = attrs.field(factory=set[str])
    places: dict[tuple[int, str], Place] = attrs.field(factory=dict["tuple[int, str]", Place])
    _seen: set[tuple[int, int]] = attrs.field(factory=set[tuple[int, int]])
    _todo: list[tuple[FunctionType, type | None]] = attrs.field(factory=list[tuple[FunctionType, "type | None"]])

    def function(self, function: FunctionType, owner: type | None) -> Found | None:
        """Follow the function whose fingerprint is taken: it is no helper of itself."""
        self._seen.add((id(function), 0))
        if not origin.is_project_code(function.__code__, function.__globals__):
            self._library(function.__globals__.get("__name__"))
            return None
        found = find_function(function.__code__, function.__globals__)
        self._names(function, owner, found, "")
        return found

    def class_(self, cls: type) -> tuple[str, Found | None]:
        """Follow one class: the hash of its body without its methods, which are helpers, and its source."""
        self._seen.add((id(cls), 0))
        found, namespace = class_source(cls)
        if found is not None and isinstance(found.node, ast.Assign):
            return canonical.expression_hash(found.node.value), found
        if found is None or not isinstance(found.node, ast.ClassDef):
            return "", None
        followed = self._methods(cls, found.node)
        rest = [part for part in found.node.body if getattr(part, "name", None) not in followed]
        nodes = [*found.node.bases, *found.node.keywords, *found.node.decorator_list, *rest]
        for chain in found.once(("names", followed), lambda: names_in(nodes)).chains:
            if chain[-1] != ASSIGNED:
                self._global(chain, namespace)
        node = found.node
        return found.once(("hash", followed), lambda: canonical.class_hash(node, followed)), found

    def reach(self, value: object, label: str, rest: Chain = (), owner: type | None = None) -> None:
        """Take in what a name stands for; ``rest`` is what is asked of it."""
        if isinstance(value, ModuleType):
            self._note_name(label, value, origin.is_project_module(value))
            self._module(value, rest)
        elif isinstance(value, type):
            self._note_name(label, value, origin.is_project_class(value))
            self._type(value, rest)
        elif isinstance(value, FunctionType):
            self._note_name(label, value, origin.is_project_code(value.__code__, value.__globals__))
            self._function(value, owner)
        elif isinstance(value, MethodType):
            self.reach(value.__func__, label, (), owner_of(value))
        elif isinstance(value, (functools.partial, functools.partialmethod)):
            bound = cast("functools.partial[object]", value)
            for name, argument in bound_arguments(bound):
                self.reach(argument, f"{label} <argument> {name}".lstrip())
            self.reach(bound.func, label, (), owner)
        elif is_metric(value):
            return
        elif origin.is_project_class(type(value)):
            self._instance(value, label, rest)
        else:
            self._foreign(value, label, rest, owner)

    def finish(self) -> None:
        """Follow the functions that were reached, until no new ones are."""
        while self._todo:
            function, owner = self._todo.pop()
            self._names(function, owner, self._hashed(function), function_label(function))

    def _hashed(self, function: FunctionType) -> Found | None:
        found = find_function(function.__code__, function.__globals__)
        self._helper(function_label(function), function_hash(function, found), found)
        return found

    def _helper(self, label: str, code: str, found: Found | None) -> None:
        self.hashes.setdefault(label, set()).add(code)
        if found is not None:
            self.places_of.setdefault(label, f"{found.file}:{found.line}")
            if found.text not in (known := self.texts.get(label, "")):  # a property's getter and setter
                self.texts[label] = known + found.text

    def _library(self, name: object) -> None:
        self.libraries.update(filter(None, [origin.library_of(name)]))

    def _look(self, namespace: Mapping[str, object] | CellType, name: str) -> object:
        key = (id(namespace), name)
        if key not in self.places:
            self.places[key] = Place(namespace, name, Place(namespace, name).now())
        return self.places[key].found

    # names

    def _names(self, function: FunctionType, owner: type | None, found: Found | None, label: str) -> None:
        code = function.__code__
        known = global_names(code)
        outside, inside = names_of(function, found)
        for chain in outside.chains:
            self._global(chain, function.__globals__)
        imports = {part.alias: part for part in inside.imports}
        cells = closure_of(function)
        first = code.co_varnames[0] if owner is not None and code.co_argcount else None
        for chain in inside.chains if found is not None else [(name,) for name in known]:
            name, rest = chain[0], chain[1:]
            if owner is not None and name in (first, SUPER):
                makes = not rest and name == first and is_of_class(function, owner)  # cls(...)
                self._member(owner, ("__class__",) if makes else rest, everywhere=name == SUPER)
            elif name in imports:
                self._import(imports[name], rest, function.__globals__)
            elif name in cells:
                self.reach(self._look(cells[name], name), f"{label} <closure> {name}".lstrip(), rest)
            elif name in known:
                self._global(chain, function.__globals__)

    def _global(self, chain: Chain, namespace: Mapping[str, object]) -> None:
        name = chain[0]
        if name in namespace or not hasattr(builtins, name):
            value = self._look(namespace, name)
            label = f"{origin.module_label(namespace.get('__name__'))}.{name}"
            self.reach(value, label, chain[1:])
            if self.values.get(label) is value:
                self.values[label] = as_imported(value, namespace, name)

    def _import(self, part: Import, rest: Chain, namespace: Mapping[str, object]) -> None:
        package = namespace.get("__package__") or ""
        name = importlib.util.resolve_name("." * part.level + part.module, str(package))
        module = self._look(sys.modules, name)
        if part.name is None:
            self.reach(module, name, rest)
        elif isinstance(module, ModuleType):
            self._module(module, (part.name, *rest))

    def _module(self, module: ModuleType, rest: Chain) -> None:
        if not origin.is_project_module(module):
            self._library(module.__name__)
        elif rest and rest[0] != ASSIGNED:
            self._global(rest, vars(module))

    # functions and classes

    def _function(self, function: FunctionType, owner: type | None) -> None:
        if (id(function), 0) in self._seen or (id(function), id(owner)) in self._seen:
            return
        self._seen.add((id(function), id(owner)))
        if origin.is_project_code(function.__code__, function.__globals__):
            self._todo.append((function, owner))
        else:
            self._library(function.__globals__.get("__name__"))
        for inner in wrapped_in(function):
            self.reach(inner, "", (), owner)

    def _type(self, cls: type, rest: Chain) -> None:
        if origin.is_project_class(cls) and any(origin.is_own(base) for base in cls.__mro__):
            # a manager is asked for single metrics: its other methods are not used
            self._member(cls, rest)
            return
        for base in (*cls.__mro__, type(cls)):
            if not origin.is_project_class(base):
                self._library(base.__module__)
            elif (id(base), 0) not in self._seen:
                self._helper(class_label(base), *self.class_(base))

    def _methods(self, cls: type, node: ast.ClassDef) -> frozenset[str]:
        """Follow the methods of a class; their names, and those of its metrics, which are not followed."""
        followed: set[str] = set()
        for part in node.body:
            if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
                value = vars(cls).get(part.name)
                if is_metric(value):
                    followed.add(part.name)
                elif part.name in PICKLING and isinstance(value, FunctionType):
                    followed.add(part.name)
                    self._hashed(value)
                elif isinstance(innermost(value)[0], FunctionType):
                    followed.add(part.name)
                    self.reach(value, f"{class_label(cls)}.{part.name}", (), cls)
        return frozenset(followed)

    def _member(self, cls: type, rest: Chain, *, everywhere: bool = False) -> None:
        """What ``self.name`` finds in the classes of ``self``; ``super().name`` may mean any of them."""
        if rest == ("__class__",):
            self._type(cls, ())
        if not rest or rest[0] in ITSELF:
            return
        if rest[0] == "__class__":
            self._member(cls, rest[1:])
            return
        for base in cls.__mro__:
            if rest[0] in vars(base):
                value = self._look(vars(base), rest[0])
                if origin.is_project_class(base):
                    self.reach(value, f"{class_label(base)}.{rest[0]}", rest[1:], cls)
                else:
                    self._library(base.__module__)
                if not everywhere:
                    break
        for kind in declared_classes(cls, rest[0]) if not everywhere else ():
            self._member(kind, rest[1:] or ("__class__",))

    def _note_name(self, label: str, value: object, own: bool) -> None:
        """Which function, class or module goes by another name than its own, or comes from a library."""
        renamed = not goes_by(label.rpartition(".")[2], value)
        told = (id(value), 0) in self._seen or isinstance(value, ModuleType)  # a module is told by what it holds
        if label and ((renamed and not told) or (not own and (renamed or not told))):
            self.values[label] = value

    # other objects

    def _instance(self, value: object, label: str, rest: Chain) -> None:
        kind = type(value)
        for inner in wrapped_in(value):
            self.reach(inner, label)
        plain = not rest or rest[0] in ITSELF
        if plain or isinstance(value, enum.Enum):
            self.values[label] = value
            self._type(kind, ())
        elif rest[0] in own_attributes(value):
            self.reach(self._look(own_attributes(value), rest[0]), f"{label}.{rest[0]}", rest[1:])
        elif is_slot(kind, rest[0]):
            self.reach(plain_attribute(value, rest[0]), f"{label}.{rest[0]}", rest[1:])
        else:
            self.values[label] = value  # a method may use all of it
            self._member(kind, rest)

    def _foreign(self, value: object, label: str, rest: Chain, owner: type | None) -> None:
        """A simple value, a container of functions, a wrapper such as ``property``, or an object of a library."""
        if rest and rest[0] in _CHANGING:
            self.changing.add(label)
        self._library(type(value).__module__)
        if rest and rest[0] in ITSELF:
            self.values[label] = value  # no function in it is called so
            return
        if rest and rest[0] in (attributes := own_attributes(value)):
            self.reach(self._look(attributes, rest[0]), f"{label}.{rest[0]}", rest[1:])
            return
        self.values[label] = value
        for inner in wrapped_in(value):
            self.reach(inner, label, (), None if isinstance(value, staticmethod) else owner)
        if isinstance(value, (dict, list, tuple)):
            for part in functions_in(cast("dict[str, object] | list[object] | tuple[object, ...]", value)):
                self.reach(part, label)
