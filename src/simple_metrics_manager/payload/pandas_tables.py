"""Data frames and series of pandas as tables of arrow, and exactly as they were again.

pyarrow's own conversion makes the columns, so that pandas, polars and others read the file as they read any. It loses
much that is pandas' alone; what is needed to come back is said besides, in plain JSON: the *plan*.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from simple_metrics_manager.payload.arrow import from_pandas, from_parquet, lasting, to_parquet
from simple_metrics_manager.payload.misfit import Misfit, class_name
from simple_metrics_manager.payload.pandas_columns import (
    Kind,
    Pandas,
    kind_of_values,
    pandas,
    text_dtype,
    values_again,
    values_differ,
    values_of,
)
from simple_metrics_manager.payload.plan import Plan, list_in, plan_in, read_plan, text_in, with_plan
from simple_metrics_manager.payload.shape import as_dict
from simple_metrics_manager.payload.tree import Tree

if TYPE_CHECKING:
    from simple_metrics_manager.payload.arrow import ArrowTable, Column

_NAMELESS = "value"
"""The name in the file of a series that has none."""


def frame_to_arrow(frame: Pandas) -> tuple[ArrowTable, Plan]:
    """The columns of a data frame, then those of its index, and the plan.

    Raises:
        Misfit: part of it could not come back.
    """
    _check_names([*map(str, frame.columns)])
    frame = frame.copy(deep=True)  # arrow would look at the memory of the frame, which may change before it is saved
    kinds: list[Tree] = [
        _told(f"column {name!r}", frame.iloc[:, at]) for at, name in enumerate(cast("Sequence[object]", frame.columns))
    ]
    plan: Plan = {"values": kinds, "index": _index_plan(frame.index), "attrs": _plain(frame.attrs, "attrs")}
    if not frame.flags.allows_duplicate_labels:
        plan["duplicate_labels"] = False
    table = lasting(_columns_of(_presentable(frame)))
    _check_names(table.column_names)
    plan["columns"] = _columns_plan(frame.columns, table.column_names[: len(kinds)])
    return table, plan


def frame_from_arrow(table: ArrowTable, plan: Plan) -> Pandas:
    """The data frame again.

    Raises:
        Misfit: this version of pandas cannot make it.
    """
    pd = pandas()
    kinds = cast("list[Kind]", list_in(plan, "values"))
    index = _index_again(plan_in(plan, "index"), table.columns[len(kinds) :])
    values = [values_again(column, kind, _unpacked) for column, kind in zip(table.columns, kinds, strict=False)]
    columns = {at: pd.Series(each, index=index, dtype=each.dtype, copy=False) for at, each in enumerate(values)}
    frame = pd.DataFrame(columns, index=index)
    frame.columns = _columns_again(plan_in(plan, "columns"), table.column_names[: len(kinds)])
    frame.attrs = plan_in(plan, "attrs")
    return frame if plan.get("duplicate_labels") is None else frame.set_flags(allows_duplicate_labels=False)


def frames_differ(one: Pandas, other: Pandas) -> str | None:
    """In what a frame that came back is not what it was; None if in nothing."""
    problem = _indexes_differ(one.columns, other.columns)
    if problem is not None:
        return f"its columns cannot come back: {problem}"
    if repr(one.attrs) != repr(other.attrs):
        return f"its attrs {one.attrs!r} would come back as {other.attrs!r}"
    problem = _indexes_differ(one.index, other.index)
    if problem is not None:
        return f"its index cannot come back: {problem}"
    for at, name in enumerate(cast("Sequence[object]", one.columns)):
        problem = values_differ(values_of(one.iloc[:, at]), values_of(other.iloc[:, at]))
        if problem is not None:
            return f"column {name!r} cannot come back: {problem}"
    return None


def series_to_arrow(series: Pandas) -> tuple[ArrowTable, Plan]:
    """A series as a frame of one column, and the plan."""
    plain = series.rename(_NAMELESS if series.name is None else str(series.name))
    plain.attrs = {}
    plain = plain.set_flags(allows_duplicate_labels=True)
    table, plan = frame_to_arrow(plain.to_frame())
    plan.update(name=_label(series.name), attrs=_plain(series.attrs, "attrs"))
    if not series.flags.allows_duplicate_labels:
        plan["duplicate_labels"] = False
    return table, plan


def series_from_arrow(table: ArrowTable, plan: Plan) -> Pandas:
    """The series again."""
    frame = frame_from_arrow(table, plan)
    series = frame.iloc[:, 0].rename(_label_again(plan.get("name")))
    series.attrs = plan_in(plan, "attrs")
    return series.copy(deep=True)  # it leaves the frame behind


def series_differ(one: Pandas, other: Pandas) -> str | None:
    """In what a series that came back is not what it was; None if in nothing."""
    if type(one.name) is not type(other.name) or one.name != other.name:
        return f"its name {one.name!r} cannot come back"
    return frames_differ(one.rename("").to_frame(), other.rename("").to_frame())


def copied(value: Pandas) -> Pandas:
    """The same, of which nothing can be changed by what is done to the copy.

    From version 3 on pandas copies what is written to, when it is; ``.array`` alone is let through.
    """
    if int(str(pandas().__version__).partition(".")[0]) >= 3:
        return value.copy(deep=False)
    made = value.copy(deep=True)
    made.index = made.index.copy(deep=True)
    return made


# ------------------------------------------------------------------------------------------------ indexes and labels
def _index_plan(index: Pandas) -> Plan:
    """How an index comes back whose levels are columns."""
    pd = pandas()
    plan: Plan = {"names": [_label(name) for name in cast("list[object]", list(index.names))]}
    if type(index) is pd.RangeIndex:
        plan["range"] = [int(index.start), int(index.stop), int(index.step)]
        return plan
    if type(index) is pd.MultiIndex:
        plan["multi"] = True
    plan["levels"] = [_told("the index", level) for level in _levels(index)]
    if getattr(index, "freq", None) is not None and not isinstance(index.dtype, pd.PeriodDtype):
        plan["freq"] = str(index.freqstr)
    return plan


def _index_again(plan: Plan, columns: Sequence[Column]) -> Pandas:
    pd = pandas()
    names = [_label_again(name) for name in list_in(plan, "names")]
    if "range" in plan:
        start, stop, step = cast("list[int]", list_in(plan, "range"))
        return pd.RangeIndex(start, stop, step, name=names[0])
    kinds = cast("list[Kind]", list_in(plan, "levels"))
    arrays = [values_again(column, kind, _unpacked) for column, kind in zip(columns, kinds, strict=True)]
    levels = [pd.Index(each, dtype=each.dtype) for each in arrays]
    if "multi" in plan:
        return pd.MultiIndex.from_arrays(levels, names=names)
    index = levels[0].rename(names[0])
    if "freq" in plan:
        try:
            index.freq = text_in(plan, "freq")
        except ValueError as error:
            raise Misfit(f"the freq {text_in(plan, 'freq')!r} of its index cannot come back; set it to None") from error
    return index


def _levels(index: Pandas) -> list[Pandas]:
    return [index.get_level_values(at) for at in range(index.nlevels)]


def _indexes_differ(one: Pandas, other: Pandas) -> str | None:
    if type(one) is not type(other) or one.nlevels != other.nlevels:
        return f"a {type(one).__name__} would come back as a {type(other).__name__}"
    names = [*map(repr, one.names)], [*map(repr, other.names)]
    if names[0] != names[1]:
        return f"its names {', '.join(names[0])} would come back as {', '.join(names[1])}"
    if type(one) is pandas().RangeIndex:
        same = (one.start, one.stop, one.step) == (other.start, other.stop, other.step)
        return None if same else f"{one!r} would come back as {other!r}"
    if getattr(one, "freq", None) != getattr(other, "freq", None):
        return f"its freq {one.freq!r} would come back as {other.freq!r}; set it to None"
    problems = (values_differ(values_of(a), values_of(b)) for a, b in zip(_levels(one), _levels(other), strict=True))
    return next((problem for problem in problems if problem is not None), None)


def _columns_plan(columns: Pandas, names: list[str]) -> Plan:
    """How the labels of columns come back: they are the names in the file, or packed besides."""
    pd = pandas()
    if type(columns) is pd.RangeIndex:
        return _index_plan(columns)
    if type(columns) is pd.Index and list(columns) == names and all(type(name) is str for name in columns):
        return {"names": [_label(columns.name)], "texts": _told("its columns", columns)}
    if type(columns) is pd.Index and columns.dtype == object:
        return {"names": [_label(columns.name)], "labels": [_label(label) for label in list(columns)]}
    return {"packed": _packed(columns)}


def _columns_again(plan: Plan, names: list[str]) -> Pandas:
    pd = pandas()
    if "packed" in plan:
        return _unpacked(text_in(plan, "packed"))
    if "range" in plan:
        return _index_again(plan, ())
    label = _label_again(list_in(plan, "names")[0])
    if "labels" in plan:
        labels = [_label_again(each) for each in list_in(plan, "labels")]
        return pd.Index(labels, dtype=object, name=label, tupleize_cols=False)
    return pd.Index(names, dtype=text_dtype(list_in(plan, "texts")), name=label)


def _packed(index: Pandas) -> str:
    """An index as text: a file of a frame without columns."""
    table, plan = frame_to_arrow(pandas().DataFrame(index=index))
    blob = to_parquet(with_plan(table.replace_schema_metadata(None), plan), "none")
    return base64.b64encode(blob).decode("ascii")


def _unpacked(text: str) -> Pandas:
    table = from_parquet(memoryview(base64.b64decode(text)))
    return frame_from_arrow(table, read_plan(table)).index


def _label(label: object) -> Tree:
    """The name of an index, of its level or of a series."""
    if label is None or type(label) in (str, int, float, bool):
        return cast("Tree", label)
    if type(label) is tuple:
        return {"tuple": [_label(part) for part in cast("tuple[object, ...]", label)]}
    return {"packed": _packed(pandas().Index([label]))}


def _label_again(tree: Tree) -> object:
    if not isinstance(tree, dict):
        return tree
    if "tuple" in tree:
        return tuple(_label_again(part) for part in list_in(tree, "tuple"))
    return cast("object", _unpacked(text_in(tree, "packed"))[0])


def _presentable(frame: Pandas) -> Pandas:
    """The frame with names that pyarrow takes without a warning; the true ones are in the plan."""
    if frame.columns.nlevels == 1 and str(frame.columns.inferred_type).startswith("mixed"):
        frame = frame.set_axis(list(map(str, frame.columns)), axis=1)
    names = list(frame.index.names)
    if any(name is not None and type(name) is not str for name in names) or len(set(names)) < len(names):
        frame = frame.rename_axis(index=[None] * len(names))
    return frame


def _columns_of(frame: Pandas) -> ArrowTable:
    try:
        return from_pandas(frame)
    except Misfit:  # which does not always say of which column
        for at, name in enumerate(cast("Sequence[object]", frame.columns)):
            try:
                from_pandas(frame.iloc[:, [at]].reset_index(drop=True))
            except Misfit as misfit:
                raise Misfit(f"column {name!r}: {misfit}") from misfit.__cause__
        raise


def _check_names(names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise Misfit(
            f"two columns would have the name {twice[0]!r} in the file, which cannot tell them apart; rename one"
        )


def _told(what: str, holder: Pandas) -> Kind:
    try:
        return kind_of_values(values_of(holder), _packed)
    except Misfit as misfit:
        raise Misfit(f"{what}: {misfit}") from misfit.__cause__


def _plain(value: object, where: str) -> Tree:
    """``value`` if JSON brings it back."""
    if value is None or type(value) in (bool, int, float, str):
        return cast("Tree", value)
    if type(value) is list:
        return [_plain(item, f"{where}[{at}]") for at, item in enumerate(cast("list[object]", value))]
    items = as_dict(value)
    if items is not None and all(type(key) is str for key in items):
        return {str(key): _plain(item, f"{where}[{key!r}]") for key, item in items.items()}
    raise Misfit(f"its {where} is a {class_name(value)}; attrs may hold lists, dicts with text keys, numbers, text")
