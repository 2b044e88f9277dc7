"""Data frames and series of polars as tables of arrow, which polars makes and takes itself."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from simple_metrics_manager.payload.arrow import explained, lasting
from simple_metrics_manager.payload.misfit import Misfit
from simple_metrics_manager.payload.plan import Plan

if TYPE_CHECKING:
    from simple_metrics_manager.payload.arrow import ArrowTable

Polars: TypeAlias = Any  # polars' objects: not imported before the user did, so without types
T = TypeVar("T")


def polars() -> Polars:
    """polars itself."""
    return importlib.import_module("polars")


def frame_to_arrow(frame: Polars) -> tuple[ArrowTable, Plan]:
    """The columns of a data frame; polars notes in their metadata what arrow does not say.

    Raises:
        Misfit: arrow, or parquet, has no form for one of them.
    """
    for name, dtype in frame.schema.items():
        if dtype == polars().Object:
            raise Misfit(f"column {name!r} holds Python objects, which a table file does not bring back")
        if dtype in (getattr(polars(), "Int128", None), getattr(polars(), "UInt128", None)):
            raise Misfit(f"column {name!r} is of {dtype}, for which a table file has no form; convert it with .cast")
    return lasting(_explained(frame.to_arrow)), {}


def frame_from_arrow(table: ArrowTable, _: Plan) -> Polars:
    """The data frame again."""
    frame = _explained(lambda: polars().from_arrow(table.replace_schema_metadata(None)))
    frame.columns = table.column_names  # polars gives a column without a name one
    return frame


def frames_differ(one: Polars, other: Polars) -> str | None:
    """In what a frame that came back is not what it was; None if in nothing."""
    if one.shape != other.shape or one.columns != other.columns:
        return f"{one.columns} of shape {one.shape} would come back as {other.columns} of shape {other.shape}"
    for mine, its in zip(one.get_columns(), other.get_columns(), strict=True):
        if mine.dtype != its.dtype:
            return f"column {mine.name!r} of {mine.dtype} would come back as {its.dtype}"
        if not mine.equals(its, null_equal=True):
            return f"column {mine.name!r} of {mine.dtype} would come back with other values"
    return None


def series_to_arrow(series: Polars) -> tuple[ArrowTable, Plan]:
    """A series as a frame of one column."""
    return frame_to_arrow(series.to_frame())


def series_from_arrow(table: ArrowTable, plan: Plan) -> Polars:
    """The series again."""
    return frame_from_arrow(table, plan).to_series(0)


def series_differ(one: Polars, other: Polars) -> str | None:
    """In what a series that came back is not what it was; None if in nothing."""
    return frames_differ(one.to_frame(), other.to_frame())


def copied(value: Polars) -> Polars:
    """The same; columns are shared, and copied by polars when they are written to."""
    return value.clone()


def _explained(convert: Callable[[], T]) -> T:
    try:
        return explained(convert)
    except polars().exceptions.PolarsError as error:
        raise Misfit(str(error)) from error
