"""The fields of a class as its annotations declare them, type variables filled in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import cast, get_type_hints

import attrs

from simple_metrics_manager.payload.misfit import Misfit, Unstorable
from simple_metrics_manager.payload.shape import Build, Raw, Shape
from simple_metrics_manager.payload.spelling import type_name
from simple_metrics_manager.payload.typevars import bind_type_variables


@attrs.define(eq=False)
class Field:
    """One field. ``default`` makes its value where the stored object is older than the field; None: it must be there.

    ``optional`` says that an object without the field is whole as well.
    """

    name: str
    shape: Shape
    default: Callable[[object], object] | None = None
    optional: bool = False


def hints_of(cls: type) -> Mapping[str, object]:
    """The resolved annotations of a class and its bases.

    Raises:
        Unstorable: one names what does not exist when the program runs.
    """
    try:
        return cast("dict[str, object]", get_type_hints(cls, include_extras=True))
    except NameError:
        pass
    except Exception as error:  # noqa: BLE001  # an annotation is any expression
        raise Unstorable(f"the annotations of {type_name(cls)} cannot be read: {error}") from None
    try:  # a class made inside a function may name itself
        return cast("dict[str, object]", get_type_hints(cls, localns={cls.__name__: cls}, include_extras=True))
    except NameError as error:
        raise Unstorable(
            f"an annotation of {type_name(cls)} names {error.name!r}, which does not exist when the program runs; "
            f"import it outside 'if TYPE_CHECKING:', or define it at the top level of the module"
        ) from None


def field_shape(declared: object, cls: type, name: str, hint: object, build: Build) -> Shape:
    """The shape of field ``name``, found on ``declared``, which is ``cls`` or an alias of it such as ``Pair[int]``."""
    where = f"field {type_name(cls)}.{name}"
    if hint is None:
        raise Unstorable(f"{where} has no type; write '{name}: T'")
    holder = next((base for base in cls.__mro__ if name in inspect.get_annotations(base)), None)
    try:
        return build(bind_type_variables(hint, declared, holder))
    except Unstorable as problem:
        raise Unstorable(f"{where}: {problem}") from None


def dump_fields(fields: tuple[Field, ...], values: Mapping[str, object]) -> dict[str, Raw]:
    """Raw trees of the fields that are there, by name; each problem with the path of its field."""
    dumped: dict[str, Raw] = {}
    found: list[tuple[str, str]] = []
    for field in fields:
        if field.name in values:
            try:
                dumped[field.name] = field.shape.dump(values[field.name])
            except Misfit as misfit:
                found += misfit.under(f".{field.name}")
        elif not field.optional:
            found.append((f".{field.name}", "it is missing"))
    if found:
        raise Misfit("", found=found)
    return dumped


def load_fields(fields: tuple[Field, ...], raws: Mapping[object, Raw]) -> dict[str, object]:
    """Values of the fields that are there, by name.

    Raises:
        Misfit: lists every field that is wrong, missing without a default, or not known.
    """
    loaded: dict[str, object] = {}
    found: list[tuple[str, str]] = []
    for field in fields:
        if field.name in raws:
            try:
                loaded[field.name] = field.shape.load(raws[field.name])
            except Misfit as misfit:
                found += misfit.under(f".{field.name}")
        elif field.default is None and not field.optional:
            found.append((f".{field.name}", "it is missing"))
    known = {field.name for field in fields}
    found += [(f".{key}", "no such field is declared") for key in raws if key not in known]
    if found:
        raise Misfit("", found=found)
    return loaded
