"""Tables: ``-> pd.DataFrame``, ``pd.Series``, ``pl.DataFrame``, ``pl.Series`` and ``pa.Table``.

A table stays one piece through the raw tree, as a table of arrow, which a parquet file keeps with all that is needed
for it to come back as it was. Whether it does is tried when it is taken apart, column by column: a table file knows
fewer types than a data frame does, and what would come back as something else is refused then, by name.

The libraries are told by the names of their classes, and used when the user has imported them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import attrs
import numpy as np

from simple_metrics_manager.payload import arrow_tables, pandas_tables, polars_tables
from simple_metrics_manager.payload.arrow import from_parquet, require_pyarrow, to_parquet
from simple_metrics_manager.payload.arrow_content import values_hash
from simple_metrics_manager.payload.misfit import Misfit, Unstorable, expected
from simple_metrics_manager.payload.plan import Plan, plan_text, read_plan, with_plan
from simple_metrics_manager.payload.shape import Build, Raw, Shape, is_array
from simple_metrics_manager.payload.spelling import class_of
from simple_metrics_manager.payload.tree import ARRAY_MARK, Array, Native

if TYPE_CHECKING:
    from simple_metrics_manager.payload.arrow import ArrowTable

_COMPRESSION = "zstd"


@attrs.frozen(eq=False, repr=False)
class Table(Native):
    """A table of arrow, in types that parquet brings back, that says in its metadata what it was."""

    arrow: ArrowTable

    @property
    def nbytes(self) -> int:
        return self.arrow.nbytes

    def to_parquet(self, compression: str, notes: dict[str, str] | None = None) -> memoryview:
        """A parquet file of it; ``notes`` become the last of its metadata."""
        return to_parquet(self.arrow, compression, notes)

    def to_array(self) -> Array:
        whole = self.arrow.unify_dictionaries().combine_chunks()
        return cast("Array", np.frombuffer(to_parquet(whole, _COMPRESSION), np.uint8))

    @classmethod
    def from_bytes(cls, blob: memoryview) -> Table:
        """The table in a parquet file.

        Raises:
            ValueError: it is none.
        """
        return cls(from_parquet(blob))

    def plain(self) -> object:
        """The ``pyarrow.Table``."""
        return self.arrow

    def content(self) -> str:
        return f"{values_hash(self.arrow)} {plan_text(self.arrow).decode('ascii')}"

    def summary(self) -> str:
        """``pd.DataFrame[1000×3] a: int64, b: string, ...``."""
        kind, table = _kind_in(self.arrow), self.arrow
        few = [f"{field.name}: {field.type}" for field in list(table.schema)[:_LISTED]]
        more = ", ..." if table.num_columns > _LISTED else ""
        return f"{kind}[{table.num_rows}×{table.num_columns}] {', '.join(few)}{more}".rstrip()

    def __repr__(self) -> str:
        return f"<Table {self.summary()}>"


_LISTED = 8
"""Columns that a summary names."""


@attrs.frozen
class _Library:
    """How values of one class become tables of arrow, and come back."""

    to_arrow: Callable[[object], tuple[ArrowTable, Plan]]
    from_arrow: Callable[[ArrowTable, Plan], object]
    differ: Callable[[object, object], str | None]
    copied: Callable[[object], object]


_LIBRARIES = {
    "pd.DataFrame": _Library(
        pandas_tables.frame_to_arrow,
        pandas_tables.frame_from_arrow,
        pandas_tables.frames_differ,
        pandas_tables.copied,
    ),
    "pd.Series": _Library(
        pandas_tables.series_to_arrow,
        pandas_tables.series_from_arrow,
        pandas_tables.series_differ,
        pandas_tables.copied,
    ),
    "pl.DataFrame": _Library(
        polars_tables.frame_to_arrow,
        polars_tables.frame_from_arrow,
        polars_tables.frames_differ,
        polars_tables.copied,
    ),
    "pl.Series": _Library(
        polars_tables.series_to_arrow,
        polars_tables.series_from_arrow,
        polars_tables.series_differ,
        polars_tables.copied,
    ),
    "pa.Table": _Library(
        cast("Callable[[object], tuple[ArrowTable, Plan]]", arrow_tables.table_to_arrow),
        arrow_tables.table_from_arrow,
        cast("Callable[[object, object], str | None]", arrow_tables.tables_differ),
        cast("Callable[[object], object]", arrow_tables.copied),
    ),
}
_PACKAGES = {"pandas": "pd", "polars": "pl", "pyarrow": "pa"}


def table_kind(cls: type) -> str | None:
    """``pd.DataFrame`` and so on for a class that is one of these; None for any other, subclasses included."""
    package = _PACKAGES.get(cls.__module__.partition(".")[0])
    kind = f"{package}.{cls.__qualname__}"
    return kind if kind in _LIBRARIES else None


def table_copied(value: object) -> object | None:
    """An equal table by which nobody can change ``value``; None if it is no table."""
    kind = table_kind(type(value))
    return None if kind is None else _LIBRARIES[kind].copied(value)


class TableShape(Shape):
    """Tables of one class."""

    kinds: frozenset[str] = frozenset({ARRAY_MARK})
    holds_arrays = True
    natural = "table"

    def __init__(self, name: str, cls: type) -> None:
        super().__init__(name)
        self._cls = cls
        self._library = _LIBRARIES[name]

    def dump(self, value: object) -> Raw:
        if type(value) is not self._cls:
            raise self._refused(value)
        table, plan = self._library.to_arrow(value)
        kept = Table(with_plan(table, {"kind": self.name, **plan}))
        problem = self._library.differ(value, self.load(kept))
        if problem is not None:
            raise Misfit(problem)
        return kept

    def load(self, raw: Raw) -> object:
        table = self._table(raw)
        kind = _kind_in(table)
        if kind != self.name:
            raise Misfit(f"expected {self.name}, got a {kind}")
        try:
            return self._library.from_arrow(table, read_plan(table))
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise Misfit(f"the {kind} in it cannot be made: {error}") from error

    def fits(self, value: object, loose: bool) -> bool:
        return type(value) is self._cls

    def adopt(self, value: object) -> object:
        return self.load(value) if isinstance(value, Table) else value

    def _table(self, raw: Raw) -> ArrowTable:
        if isinstance(raw, Table):
            return raw.arrow
        if is_array(raw) and raw.dtype == np.uint8 and raw.ndim == 1:
            try:
                return from_parquet(np.ascontiguousarray(raw).data)
            except ValueError as error:
                raise Misfit(str(error)) from error
        raise expected(self.name, raw)

    def _refused(self, value: object) -> Misfit:
        if isinstance(value, self._cls):
            return Misfit(f"expected {self.name}, got its subclass {type(value).__qualname__}; return a {self.name}")
        return expected(self.name, value)


def table(declared: object, build: Build) -> Shape | None:
    """The family of this module.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    cls = class_of(declared)
    if cls is None:
        return None
    kind = table_kind(cls)
    if kind is not None:
        require_pyarrow()
        return TableShape(kind, cls)
    base = next((known for known in map(table_kind, cls.__mro__) if known is not None), None)
    if base is not None:
        raise Unstorable(
            f"{cls.__qualname__} is a subclass of {base}, which a table file does not bring back; declare {base}, or "
            f"register cattrs hooks for it with payload_converter()"
        )
    return None


def _kind_in(table: ArrowTable) -> str:
    kind = read_plan(table).get("kind")
    return kind if isinstance(kind, str) else "table"
