"""The codec of a declared type: what was dumped comes back equal and of the same types, or is refused."""

from __future__ import annotations

from typing import Generic, Literal, TypeVar, cast

from simple_metrics_manager.errors import MetricTypeError
from simple_metrics_manager.payload.arrays import ArrayShape
from simple_metrics_manager.payload.converter import shape_of
from simple_metrics_manager.payload.misfit import Misfit, Unstorable
from simple_metrics_manager.payload.shape import Shape
from simple_metrics_manager.payload.spelling import type_name
from simple_metrics_manager.payload.split import BARE, assembled, split
from simple_metrics_manager.payload.tree import ARRAY_MARK, Array, Payload, Tree

T = TypeVar("T")

_BARE_ARRAY: Tree = {ARRAY_MARK: BARE}
_DEEP = "it contains itself, or is nested too deeply"


class TypedCodec(Generic[T]):
    """Takes values of one declared type apart, and puts them together again.

    ``load(dump(v))`` equals ``v``, with the same types at every level; numbers given where another number type is
    declared become that type if nothing is lost.
    """

    kind: Literal["typed"] = "typed"

    def __init__(self, shape: Shape, declared: str, where: str) -> None:
        self.declared = declared
        self.where = where
        self.natural: str = shape.natural
        """The kind of file that such values have by nature, or nothing."""
        self.questions: dict[object, str] = {}
        """What was made of this declaration once, for :meth:`.Question.text`."""
        self._shape = shape
        self._is_array = isinstance(shape, ArrayShape)

    def dump(self, value: object) -> Payload:
        """The payload of a value; its arrays are the value's own, not copies.

        Raises:
            MetricTypeError: the value is not what was declared; says where in it, and why.
        """
        try:
            raw = self._shape.dump(value)
            if self._is_array:
                return Payload({ARRAY_MARK: BARE}, {BARE: cast("Array", raw)})
            return split(raw) if self._shape.holds_arrays else Payload(cast("Tree", raw), {})
        except Misfit as misfit:
            raise self._error(str(misfit)) from misfit.__cause__
        except RecursionError:
            raise self._error(_DEEP) from None

    def load(self, payload: Payload) -> T:
        """The value of a payload; arrays in it are the payload's own.

        Raises:
            MetricTypeError: the payload does not fit the declared type (any more); lists all that is wrong in it.
        """
        try:
            if self._is_array and payload.tree == _BARE_ARRAY and BARE in payload.arrays:
                return cast("T", self._shape.load(payload.arrays[BARE]))
            raw = assembled(payload) if self._shape.holds_arrays else payload.tree
            return cast("T", self._shape.load(raw))
        except Misfit as misfit:
            raise self._error(f"the stored value no longer fits: {misfit}") from misfit.__cause__
        except RecursionError:
            raise self._error(_DEEP) from None

    def adopt(self, raw: object) -> T:
        """A value that an older version, or a storage without types, brought back, as the declared type.

        Raises:
            MetricTypeError: it is of another type, and could not be made one of this without loss.
        """
        try:
            return cast("T", self._shape.load(self._shape.dump(self._shape.adopt(raw))))
        except Misfit as misfit:
            raise self._error(str(misfit)) from misfit.__cause__
        except RecursionError:
            raise self._error(_DEEP) from None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.declared}>"

    def _error(self, problem: str) -> MetricTypeError:
        return MetricTypeError(self.where, self.declared, problem)


def typed_codec(declared: object, where: str) -> TypedCodec[object]:
    """The codec for values of ``declared``. ``where`` is how messages name what returns them, as ``Digits.spectrum``.

    Raises:
        MetricTypeError: values of this type could not come back as they are.
    """
    name = type_name(declared)
    try:
        shape = shape_of(declared)
    except Unstorable as problem:
        raise MetricTypeError(where, name, str(problem)) from None
    return TypedCodec(shape, name, where)
