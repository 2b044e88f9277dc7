"""Tables of all three libraries, and what it means that one came back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
import pytest

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")
polars_testing = pytest.importorskip("polars.testing")

Table: TypeAlias = Any  # of a library that may be missing, so without types

PANDAS = tuple(int(part) for part in str(pd.__version__).split(".")[:2])
RECENT = int(str(pa.__version__).partition(".")[0]) >= 26
"""Whether pyarrow keeps what its first supported versions refuse: views of text, and columns named like its own."""

NAN = float("nan")
DAY = dt.date(2020, 2, 29)
NOON = dt.datetime(2020, 2, 29, 12, tzinfo=dt.UTC)


def objects(*values: object) -> Table:
    """A series of Python's objects."""
    return pd.Series(list(values), dtype=object)


def times(unit: str) -> Table:
    """A column of times, and one of durations."""
    stamps, spans = np.array(["2020-02-29", "NaT"], f"M8[{unit}]"), np.array([5, "NaT"], f"m8[{unit}]")
    return pd.DataFrame({"at": pd.Series(stamps), "for": pd.Series(spans)})


def arrow(values: list[object], kind: object) -> Table:
    """A column in arrow's own memory."""
    return pd.Series(values, dtype=pd.ArrowDtype(kind))


def with_attrs(**attrs: object) -> Table:
    """A frame that says something about itself."""
    frame = pd.DataFrame({"a": [1]})
    frame.attrs = attrs
    return frame


def indexed(index: object, **columns: list[object]) -> Table:
    """A frame with this index."""
    return pd.DataFrame({"n": range(len(pd.Index([0, 1]))), **columns}, index=index)


def numbers() -> Table:
    """A column of each number type."""
    codes = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
    return pd.DataFrame({code: np.array([0, 1], code) for code in codes})


FRAMES: dict[str, Table] = {
    "numbers": numbers(),
    "extremes": pd.DataFrame({"i": [-(2**63), 2**63 - 1], "u": np.array([0, 2**64 - 1], "u8"), "f": [5e-324, -0.0]}),
    "nan": pd.DataFrame({"f8": [NAN, np.inf], "f4": np.array([NAN, 1], "f4"), "f2": np.array([NAN, 1], "f2")}),
    "matrix": pd.DataFrame(np.arange(6.0).reshape(2, 3)),
    "nothing": pd.DataFrame(),
    "no columns": pd.DataFrame(index=range(3)),
    "no rows": pd.DataFrame(columns=["a", "b"]),
    "no rows, typed": numbers().iloc[:0],
    "text": pd.DataFrame({"a": ["é", ""], "b": ["x", None]}),
    "text of two storages": pd.DataFrame({k: pd.array(["a", None], f"string[{k}]") for k in ("python", "pyarrow")}),
    "text as objects": pd.DataFrame({"a": objects("a", None), "b": objects("a", NAN), "c": objects("b", pd.NA)}),
    "not a time": pd.DataFrame({"a": objects("a", pd.NaT)}),
    "bytes": pd.DataFrame({"a": objects(b"\xff", None)}),
    "dates": pd.DataFrame({"a": objects(DAY, None), "b": objects(dt.time(1, 2), None)}),
    "decimals": pd.DataFrame({"a": objects(Decimal("1.50"), Decimal("2.25"))}),
    "numbers as objects": pd.DataFrame({"a": objects(1, None), "b": objects(True, NAN), "c": objects(1.5, NAN)}),
    "only missing": pd.DataFrame({"a": objects(None, None), "b": objects(NAN, NAN)}),
    **{f"times in {unit}": times(unit) for unit in ("s", "ms", "us", "ns")},
    "zones": pd.DataFrame(
        {zone: pd.to_datetime([NOON, None], utc=True).tz_convert(zone) for zone in ("UTC", "Europe/Berlin", "+01:00")}
    ),
    "zone in seconds": pd.DataFrame({"a": pd.to_datetime([NOON]).as_unit("s").tz_convert("Asia/Tokyo")}),
    "masked": pd.DataFrame(
        {kind: pd.array([1, None], kind) for kind in ("Int8", "UInt16", "Int64", "UInt64", "Float32", "boolean")}
    ),
    "masked nan": pd.DataFrame({"a": pd.array([0, None, 1], "Float64") / pd.array([0, 1, 1], "Float64")}),
    "categories": pd.DataFrame(
        {
            "text": pd.Categorical(["b", "a", None], categories=["b", "z", "a"], ordered=True),
            "int": pd.Categorical([2, 1, None], categories=[3, 2, 1]),
            "float": pd.Categorical([0.5, None, 0.5]),
            "time": pd.Categorical(pd.to_datetime(["2020", "2021", None])),
            "objects": pd.Categorical(["x", "y", "x"], categories=pd.Index(["y", "x"], dtype=object)),
        }
    ),
    "no categories": pd.DataFrame({"a": pd.Categorical([None, None], categories=[])}),
    "categories, no rows": pd.DataFrame({"a": pd.Categorical([], categories=["b", "a"])}),
    "periods": pd.DataFrame(
        {"m": pd.PeriodIndex(["2020-01", None], freq="M"), "q": pd.period_range("2020", periods=2, freq="Q")}
    ),
    "intervals": pd.DataFrame(
        {
            "int": pd.interval_range(0, 2),
            "float": pd.interval_range(0.0, 2.0, closed="both"),
            "time": pd.interval_range(pd.Timestamp("2020"), periods=2),
        }
    ),
    "arrow": pd.DataFrame(
        {
            "int": arrow([1, None], pa.int8()),
            "list": arrow([[1], None], pa.list_(pa.int16())),
            "time": arrow([NOON, None], pa.timestamp("s", "UTC")),
            "text": arrow(["a", None], pa.string()),
            "decimal": arrow([Decimal("1.5"), None], pa.decimal128(5, 2)),
            "struct": arrow([{"a": 1}, None], pa.struct([("a", pa.int8())])),
        }
    ),
    "range": indexed(pd.RangeIndex(5, 9, 2, name="r")),
    "labels": indexed(pd.Index(["x", "y"], name="n")),
    "floats": indexed(pd.Index([1.5, NAN])),
    "same label twice": indexed(pd.Index([1, 1], dtype="int32")),
    "days": indexed(pd.date_range("2020", periods=2, freq="D", tz="UTC", name="day")),
    "hours": indexed(pd.timedelta_range("1h", periods=2, freq="h")),
    "months": indexed(pd.period_range("2020", periods=2, freq="M")),
    "a category each": indexed(pd.CategoricalIndex(["x", "y"], categories=["y", "x", "z"], ordered=True)),
    "named by a number": indexed(pd.Index(["x", "y"], name=5)),
    "named by a tuple": indexed(pd.Index(["x", "y"], name=("a", 1, None))),
    "named by a time": indexed(pd.Index(["x", "y"], name=pd.Timestamp("2020"))),
    "levels": indexed(pd.MultiIndex.from_tuples([(1, "x"), (2, None)], names=["u", None])),
    "levels of one name": indexed(pd.MultiIndex.from_arrays([[1, 2], ["a", "b"]], names=["n", "n"])),
    "levels of their own": indexed(
        pd.MultiIndex.from_arrays([pd.Categorical(["a", "b"]), pd.to_datetime([NOON, NOON]).tz_convert("Asia/Tokyo")])
    ),
    "levels, no rows": pd.DataFrame({"x": []}, index=pd.MultiIndex.from_tuples([], names=["a", "b"])),
    **({"a name like ours": pd.DataFrame({"__index_level_0__": [1, 2]}, index=[5, 6])} if RECENT else {}),
    "numbers for names": pd.DataFrame({3: [1], 1: [2]}),
    "all sorts of names": pd.DataFrame({"a": [1], 2: [3.5], ("x", 1): ["s"], None: [1], 1.5: [2]}),
    "odd names": pd.DataFrame({"": [1], "a.b": [2], "\n\0": [3], "é": [4]}),
    "times for names": pd.DataFrame([[1, 2]], columns=pd.date_range("2020", periods=2)),
    "a range for names": pd.DataFrame([[1, 2]], columns=pd.RangeIndex(5, 9, 2, name="r")),
    "levels of names": pd.DataFrame(
        [[1, 2]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["l", None])
    ),
    "categories for names": pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(["b", "a"])),
    "names as objects": pd.DataFrame([[1, 2]], columns=pd.Index(["b", "a"], dtype=object, name="c")),
    "attrs": with_attrs(unit="m", list=[1, 2.5, None, {"a": True}]),
    "no duplicates": pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False),
    "many columns": pd.DataFrame(np.arange(600.0).reshape(2, 300)).add_prefix("c"),
}
SERIES: dict[str, Table] = {
    "series": pd.Series([1.5, NAN], name="x"),
    "series without a name": pd.Series(["a", "b"], index=[3, 4]),
    "series named by a number": pd.Series([1, None], dtype="Int8", name=3),
    "series named by a tuple": pd.Series(pd.Categorical(["a", "b"]), name=("a", 2)),
    "series of days": pd.Series([1, 2], pd.date_range("2020", periods=2, freq="D")),
    "empty series": pd.Series([], dtype="float32"),
    "series with a namesake": pd.Series([1, 2], pd.Index([1, 2], name="x"), name="x"),
}
POLARS: dict[str, Table] = {
    "polars": pl.DataFrame(
        {
            "text": ["a", None],
            "int": pl.Series([1, None], dtype=pl.UInt8),
            "float": [1.5, NAN],
            "date": [DAY, None],
            "time": [dt.time(1), None],
            "stamp": pl.Series([dt.datetime(2020, 1, 1, tzinfo=dt.UTC), None], dtype=pl.Datetime("ms", "Asia/Tokyo")),
            "span": pl.Series([dt.timedelta(1), None], dtype=pl.Duration("ns")),
            "list": [[1], None],
            "struct": [{"a": 1, "b": ["x"]}, None],
            "bytes": [b"x", None],
            "decimal": pl.Series([Decimal("1.5"), None], dtype=pl.Decimal(20, 3)),
            "null": [None, None],
            "bool": [True, None],
            "category": pl.Series(["b", None], dtype=pl.Categorical),
            "enum": pl.Series(["a", None], dtype=pl.Enum(["z", "a"])),
            "array": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int8, 2)),
        }
    ),
    "polars, no rows": pl.DataFrame(
        schema={"a": pl.Int8, "e": pl.Enum(["z", "a"]), "c": pl.Categorical, "t": pl.String}
    ),
    "polars, nothing": pl.DataFrame(),
}
POLARS_SERIES: dict[str, Table] = {
    "polars series": pl.Series("x", [1, None], dtype=pl.Int16),
    "polars series without a name": pl.Series(["a"]),
}
ARROW: dict[str, Table] = {
    "arrow table": pa.table(
        {
            "text": pa.array(["a", None]),
            **({"view": pa.array(["a", None], pa.string_view())} if RECENT else {}),
            "seconds": pa.array([1, None], pa.timestamp("s", "UTC")),
            "time": pa.array([1, None], pa.time32("s")),
            "day": pa.array([86400000, None], pa.date64()),
            "list": pa.array([[1], None], pa.large_list(pa.int8())),
            "map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int8())),
            "three": pa.array([b"abc", None], pa.binary(3)),
            "dictionary": pa.array(["b", None], pa.dictionary(pa.int8(), pa.string())),
            "numbers": pa.array([5, None], pa.dictionary(pa.int32(), pa.int64())),
            "nan": pa.array([NAN, 1.0]),
        },
        metadata={"made by": "hand", "pandas": "no"},
    ),
    "arrow, no rows": pa.schema(
        [pa.field("x", pa.int8(), nullable=False, metadata={"a": "b"}), ("d", pa.dictionary(pa.int8(), pa.string()))]
    ).empty_table(),
    "arrow in pieces": pa.table(
        {"d": pa.chunked_array([pa.array(["a"]).dictionary_encode(), pa.array(["b", "a"]).dictionary_encode()])}
    ),
    "arrow, nothing": pa.table({}),
}
TABLES: list[tuple[object, str, Table]] = [
    (kind, name, value)
    for kind, samples in (
        (pd.DataFrame, FRAMES),
        (pd.Series, SERIES),
        (pl.DataFrame, POLARS),
        (pl.Series, POLARS_SERIES),
        (pa.Table, ARROW),
    )
    for name, value in samples.items()
]
IDS = [name for _, name, _ in TABLES]

_EXACT: dict[str, Any] = {"check_exact": True, "check_freq": True, "check_flags": True}


def assert_same(one: Table, other: Table) -> None:
    """Raises what the library itself raises for two tables that are not the same."""
    assert type(one) is type(other)
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other, check_index_type="exact", check_column_type="exact", **_EXACT)
        assert one.attrs == other.attrs and list(map(type, one.columns)) == list(map(type, other.columns))
    elif isinstance(one, pd.Series):
        pd.testing.assert_series_equal(one, other, check_index_type="exact", **_EXACT)
        assert one.attrs == other.attrs and type(one.name) is type(other.name)
    elif isinstance(one, pl.DataFrame):
        polars_testing.assert_frame_equal(one, other, check_exact=True, categorical_as_str=True)
        assert one.schema == other.schema
    elif isinstance(one, pl.Series):
        polars_testing.assert_series_equal(one, other, check_exact=True)
    else:
        assert one.schema.equals(other.schema, check_metadata=True)
        assert repr(one.to_pylist()) == repr(other.to_pylist())
