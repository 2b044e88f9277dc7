"""attrs classes and dataclasses: a dict of their fields.

An object is made as ``copy`` and ``pickle`` make one, without ``__init__``: converters have done their work when it
was first made, and would do it twice. Validators run on the way out and on the way in; ``__post_init__`` runs, so
that what is no field is there, and the fields are set again after it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TypeVar, cast

import attrs

from simple_metrics_manager.payload.fields import Field, dump_fields, field_shape, hints_of, load_fields
from simple_metrics_manager.payload.misfit import Misfit, Unstorable, expected, of
from simple_metrics_manager.payload.shape import Build, Raw, Shape, as_dict, unwrapped
from simple_metrics_manager.payload.spelling import class_of, type_name

A = TypeVar("A")


class RecordShape(Shape):
    """An attrs class or a dataclass, exactly: an instance of a subclass would lose its own fields."""

    kinds: frozenset[str] = frozenset({"dict"})
    holds_arrays: bool = True

    def __init__(self, declared: object, cls: type, validate: Callable[[object], object] | None) -> None:
        super().__init__(type_name(declared))
        self._cls = cls
        self._validate = validate
        self._post_init = _post_init(cls)
        self._fields: tuple[Field, ...] = ()

    def complete(self, fields: tuple[Field, ...]) -> None:
        """The fields, when they are known: a recursive class has itself among their types."""
        self._fields = fields
        self.holds_arrays = any(field.shape.holds_arrays for field in fields)

    def dump(self, value: object) -> Raw:
        if type(value) is not self._cls:
            if isinstance(value, self._cls):
                raise Misfit(
                    f"expected {self.name}, got its subclass {type(value).__qualname__}, whose own fields would be "
                    f"lost; declare that class, or a union"
                )
            raise expected(self.name, value)
        values = self._values(value)
        dumped = dump_fields(self._fields, values)
        if self._validate is not None and len(values) == len(self._fields):
            self._checked(self._validate, value)
        return dumped

    def load(self, raw: Raw) -> object:
        raws = as_dict(raw)
        if raws is None:
            raise expected(self.name, raw)
        return self._make(load_fields(self._fields, raws))

    def fits(self, value: object, loose: bool) -> bool:
        if type(value) is not self._cls:
            return False
        values = self._values(value)
        return all(field.shape.fits(values[field.name], loose) for field in self._fields if field.name in values)

    def adopt(self, value: object) -> object:
        value = unwrapped(value)
        items = as_dict(value)
        if type(value) is self._cls:
            items = cast("dict[object, object]", self._values(value))
        if items is None:
            return value
        shapes = {field.name: field.shape for field in self._fields}
        if not set(items) <= set(shapes):
            return value
        adopted = {name: shapes[name].adopt(item) for name, item in cast("dict[str, object]", items).items()}
        missing = [
            field
            for field in self._fields
            if field.name not in adopted and not field.optional and field.default is None
        ]
        return value if missing else self._make(adopted)

    def _values(self, value: object) -> Mapping[str, object]:
        """Its fields; one that was never set (``init=False``) is left out."""
        unset = object()
        found = {field.name: cast("object", getattr(value, field.name, unset)) for field in self._fields}
        return {name: item for name, item in found.items() if item is not unset}

    def _make(self, values: dict[str, object]) -> object:
        made = self._checked(_bare, self._cls)
        self._fill(made, values)
        for field in self._fields:
            if field.name not in values and field.default is not None:
                values[field.name] = self._checked(field.default, made)
                self._fill(made, {field.name: values[field.name]})
        if self._post_init is not None:
            self._checked(self._post_init, made)
            self._fill(made, values)
        if self._validate is not None and len(values) == len(self._fields):
            self._checked(self._validate, made)
        return made

    def _fill(self, made: object, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            object.__setattr__(made, name, value)

    def _checked(self, run: Callable[[A], object], argument: A) -> object:
        """``run(argument)``: the user's own code, whose refusal is a problem of the value."""
        try:
            return run(argument)
        except Exception as error:
            raise Misfit(f"{self.name} refuses it: {of(error)}") from error


def record(declared: object, build: Build) -> Shape | None:
    """The family of this module; ``build`` must know a shape before its fields are built (see ``Builder.early``)."""
    cls = class_of(declared)
    if cls is None:
        return None
    if attrs.has(cls):
        checks = any(field.validator is not None for field in attrs.fields(cls))
        return RecordShape(declared, cls, _validate if checks else None)
    return RecordShape(declared, cls, None) if dataclasses.is_dataclass(cls) else None


def complete_record(shape: RecordShape, declared: object, build: Build) -> None:
    """Second half of :func:`record`, when ``build`` already answers with the shape for ``declared`` itself."""
    cls = cast("type", class_of(declared))
    hints = _resolved(cls)
    fields = _attrs_fields(cls) if _is_attrs(cls) else _dataclass_fields(cls, hints)
    shapes: list[Field] = []
    for name, default, optional in fields:
        shapes.append(Field(name, field_shape(declared, cls, name, hints.get(name), build), default, optional))
    shape.complete(tuple(shapes))


def _is_attrs(cls: type) -> bool:
    return attrs.has(cls)


def _resolved(cls: type) -> Mapping[str, object]:
    """Annotations of the fields; attrs knows some that the class does not: ``attrs.field(type=...)``, or resolved."""
    known: dict[str, object] = {}
    if attrs.has(cls):
        known = {field.name: cast("object", field.type) for field in attrs.fields(cls)}
    try:
        return {**known, **hints_of(cls)}
    except Unstorable:
        if not known or any(isinstance(hint, str) for hint in known.values()):
            raise
        return known


_Plan = tuple[str, "Callable[[object], object] | None", bool]


def _attrs_fields(cls: type) -> list[_Plan]:
    plans: list[_Plan] = []
    for field in attrs.fields(cls):
        default = cast("object", field.default)
        make: Callable[[object], object] | None = None
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # a class behind a function's annotation
            make = _from_factory(default)
        elif default is not attrs.NOTHING:
            make = _constant(default)
        plans.append((field.name, make if field.init else None, not field.init))
    return plans


def _dataclass_fields(cls: type, hints: Mapping[str, object]) -> list[_Plan]:
    init_vars = [name for name, hint in hints.items() if isinstance(hint, dataclasses.InitVar)]
    if init_vars:
        raise Unstorable(
            f"field {type_name(cls)}.{init_vars[0]} is an InitVar, which is gone when the "
            f"object is made; make it a field"
        )
    plans: list[_Plan] = []
    for field in dataclasses.fields(cls):
        make: Callable[[object], object] | None = None
        if field.default_factory is not dataclasses.MISSING:
            make = _called(cast("Callable[[], object]", field.default_factory))
        elif field.default is not dataclasses.MISSING:
            make = _constant(cast("object", field.default))
        plans.append((field.name, make if field.init else None, not field.init))
    return plans


def _from_factory(default: object) -> Callable[[object], object]:
    factory = cast("Callable[..., object]", getattr(default, "factory", None))
    return factory if getattr(default, "takes_self", False) else lambda _: factory()


def _called(factory: Callable[[], object]) -> Callable[[object], object]:
    return lambda _: factory()


def _constant(value: object) -> Callable[[object], object]:
    return lambda _: value


def _validate(value: object) -> None:
    attrs.validate(cast("attrs.AttrsInstance", value))


def _post_init(cls: type) -> Callable[[object], object] | None:
    name = "__attrs_post_init__" if attrs.has(cls) else "__post_init__"
    return cast("Callable[[object], object] | None", getattr(cls, name, None))


def _bare(cls: type) -> object:
    make = cast("Callable[[type], object]", cls.__new__)
    made = make(cls)
    if "_attrs_cached_hash" in getattr(getattr(cls.__hash__, "__code__", None), "co_names", ()):
        object.__setattr__(made, "_attrs_cached_hash", None)
    return made
