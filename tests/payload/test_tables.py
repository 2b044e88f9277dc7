"""Tables come back as exactly what they were, or are refused by the name of the column that would not."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from decimal import Decimal
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.errors import MetricTypeError
from simple_metrics_manager.payload.annotations import storable_problem, type_name
from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.payload.tables import Table
from simple_metrics_manager.payload.tree import Payload
from simple_metrics_manager.payload.typed import typed_codec
from simple_metrics_manager.payload.unshare import unshare
from tests.payload.table_samples import IDS, NAN, PANDAS, TABLES, assert_same, indexed, objects, pa, pd, pl, with_attrs

pq = pytest.importorskip("pyarrow.parquet")

each_table = pytest.mark.parametrize(("declared", "value"), [(kind, value) for kind, _, value in TABLES], ids=IDS)


def frame(**columns: object) -> Any:
    """A data frame of pandas."""
    return pd.DataFrame(columns)


def problem_of(declared: object, value: object) -> str:
    """What is said of a table that is refused."""
    with pytest.raises(MetricTypeError) as caught:
        typed_codec(declared, "CM.m").dump(value)
    return caught.value.problem


def table_of(value: object) -> Table:
    """What a file is made of."""
    native = typed_codec(type(value), "CM.m").dump(value).natives["value"]
    assert isinstance(native, Table)
    return native


@each_table
def test_table_comes_back(declared: object, value: object) -> None:
    """Types, names, index, categories, zones and values are what they were."""
    codec = typed_codec(declared, "CM.m")

    assert_same(value, codec.load(codec.dump(value)))


@each_table
def test_table_comes_back_from_its_bytes(declared: object, value: object) -> None:
    """The same holds where a format knows only arrays and the table lies in one of bytes."""
    codec = typed_codec(declared, "CM.m")
    flat = codec.dump(value).flat()

    assert_same(value, codec.load(flat))
    assert flat.arrays["value"].dtype == np.uint8


@each_table
def test_equal_tables_have_equal_bytes(declared: object, value: Any) -> None:
    """Content hashes and bytes do not depend on where in memory a table lies, or in how many pieces."""
    one, copy = table_of(value), table_of(value.slice(0) if isinstance(value, pa.Table) else unshare(value))

    assert one.content() == copy.content()
    assert one.to_array().tobytes() == copy.to_array().tobytes()


@pytest.mark.parametrize("kind", [pa.int64(), pa.string(), pa.bool_(), pa.list_(pa.int8()), pa.float64()], ids=str)
def test_chunks_are_no_content(kind: Any) -> None:
    """A table in one piece and the same in many, cut from a larger one, have one hash; another value has another."""
    values: dict[str, list[object]] = {
        "bool": [True, None, False],
        "string": ["a", None, "bc"],
        "list<item: int8>": [[1], None, [2, 3]],
    }
    column = pa.array(values.get(str(kind), [1, None, 2]) * 20, kind)
    whole, pieces = pa.table({"x": column}), pa.table({"x": pa.chunked_array([column[:7], column[7:50], column[50:]])})
    other = pa.table({"x": pa.chunked_array([column[:7], column[6:50], column[51:]])})

    assert table_of(whole).content() == table_of(pieces).content() != table_of(other).content()
    assert table_of(whole).to_array().tobytes() == table_of(pieces).to_array().tobytes()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (frame(a=[1, 2]), frame(a=[2, 1])),
        (frame(a=["ab", "c"]), frame(a=["a", "bc"])),
        (frame(a=[1, 2]), frame(a=np.array([1, 2], "i4"))),
        (frame(a=objects("x", None)), frame(a=objects("x", NAN))),
        (frame(a=[1]), frame(b=[1])),
        (frame(a=[1]), with_attrs(a=1)),
        (frame(a=[1, 2]), indexed([0, 1])[["n"]].rename(columns={"n": "a"}) + 1),
        (pa.table({"a": [[1], [2, 3]]}), pa.table({"a": [[1, 2], [3]]})),
        (pa.table({"a": [[1], None]}), pa.table({"a": [[1], []]})),
    ],
)
def test_other_tables_have_other_content(one: object, other: object) -> None:
    """Whatever differs shows in the hash."""
    assert table_of(one).content() != table_of(other).content()


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (frame(a=[1, "x"]), "column 'a': it holds objects of int and str, .*convert it"),
        (frame(a=[1j]), r"column 'a': a table file has no complex numbers .*two columns of .real and .imag"),
        (frame(a=objects(object())), "column 'a': it holds objects of object"),
        (frame(a=objects([1], [2])), "column 'a': it holds objects of list"),
        (frame(a=objects(np.str_("x"))), "column 'a': it holds objects of str_"),
        (frame(a=objects("x", None, NAN)), "column 'a': it says in 2 ways that a value is missing: None, nan"),
        (frame(a=objects("x", Decimal("nan"))), "column 'a': it says Decimal.'NaN'. .*where a value is missing"),
        (
            frame(a=objects(Decimal("1.5"), Decimal("1.50"))),
            "column 'a' cannot come back: values of object would change",
        ),
        (frame(a=objects(dt.time(1, tzinfo=dt.UTC))), "column 'a' cannot come back"),
        (frame(a=objects(2**70)), "column 'a': .*too large"),
        (frame(a=objects("\udc80")), "column 'a': .*surrogates not allowed"),
        (frame(a=pd.arrays.SparseArray([0, 1])), "column 'a': .*Sparse.*to_dense"),
        (frame(a=np.array([1, 2], ">i4")), "column 'a': a table file does not bring back dtype >i4"),
        (frame(a=pd.Series(np.array([2**61], "M8[s]"))), "column 'a' of type .* does not fit"),
        (frame(a=pd.Categorical(pd.interval_range(0, 3))), "no form for column 'a'"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns would have the name 'a' in the file"),
        (pd.DataFrame({1: [1], "1": [2]}), "two columns would have the name '1' in the file"),
        (indexed(pd.Index([1, "x"])), "the index: it holds objects of int and str"),
        (with_attrs(x=(1, 2)), r"attrs\['x'\] is a tuple"),
        (with_attrs(x={1: 2}), r"attrs\['x'\] is a dict"),
        (with_attrs(x=np.arange(2)), r"attrs\['x'\] is a ndarray"),
        (
            indexed(pd.DatetimeIndex(["2020-01-01", "2020-01-03"], freq=pd.offsets.CDay(holidays=["2020-01-02"]))),
            "index",
        ),
        (pl.DataFrame({"a": [object()]}), "column 'a' holds Python objects"),
        (pl.DataFrame({"a": pl.Series([1], dtype=pl.Int128)}), "column 'a' is of Int128"),
        (pa.table({"a": pa.array([None], pa.month_day_nano_interval())}), "no form for column 'a' of type month"),
        (pa.table({"a": pa.array([2**61], pa.timestamp("s"))}), "column 'a' of type .* does not fit"),
        (pa.table([pa.array([1]), pa.array([1])], names=["a", "a"]), "two columns have the name 'a'"),
    ],
)
def test_what_cannot_come_back_is_refused(value: object, problem: str) -> None:
    """It is told which column would change, and where there is a way out, which."""
    assert re.search(problem, problem_of(type(value), value))


@pytest.mark.parametrize("kind", [pd.DataFrame, pd.Series])
def test_subclasses_are_refused(kind: Any) -> None:
    """A class that adds to a data frame would come back without what it adds: told at declaration, or when saved."""
    special = type("Special", (kind,), {})
    name = type_name(kind)

    assert f"Special is a subclass of {name}, which a table file does not bring back" in (
        storable_problem(special) or ""
    )
    assert problem_of(kind, special([1])) == f"expected {name}, got its subclass Special; return a {name}"


def test_another_library_is_refused() -> None:
    """A frame of polars is none of pandas, given or found."""
    stored = typed_codec(pl.DataFrame, "CM.m").dump(pl.DataFrame({"a": [1]}))

    assert problem_of(pd.DataFrame, pl.DataFrame({"a": [1]})) == "expected pd.DataFrame, got DataFrame "
    with pytest.raises(MetricTypeError, match=r"no longer fits: expected pd\.DataFrame, got a pl\.DataFrame"):
        typed_codec(pd.DataFrame, "CM.m").load(stored)


@pytest.mark.parametrize("rubbish", [np.zeros(0, np.uint8), np.arange(9, dtype=np.uint8), np.arange(3)])
def test_rubbish_is_no_table(rubbish: np.ndarray[tuple[int], Any]) -> None:
    """Bytes that are none are told as what they are not."""
    with pytest.raises(MetricTypeError, match="no longer fits"):
        typed_codec(pd.DataFrame, "CM.m").load(Payload({"$array": "value"}, {"value": rubbish}))


def test_a_foreign_parquet_file_is_no_frame() -> None:
    """Bytes of a parquet file that does not say what it was are refused."""
    stream = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": [1]}), stream)
    found = np.frombuffer(stream.getvalue(), np.uint8)
    with pytest.raises(MetricTypeError, match="a table that does not say what it was"):
        typed_codec(pa.Table, "CM.m").load(Payload({"$array": "value"}, {"value": found}))


def test_without_an_annotation() -> None:
    """The annotation to write is named."""
    with pytest.raises(MetricTypeError, match=r"annotate the function: def f\(\) -> pd.DataFrame"):
        plain_codec().dump(frame(a=[1]))


@pytest.mark.parametrize(
    ("kind", "name"),
    [(pd.DataFrame, "pd.DataFrame"), (pl.DataFrame, "pl.DataFrame"), (pa.Table, "pa.Table"), (pl.Series, "pl.Series")],
)
def test_names(kind: object, name: str) -> None:
    """Libraries are told apart in what a record says of the declared type."""
    assert type_name(kind) == name


def test_natural_format() -> None:
    """A table has files of its own; where it is but a part, it has not."""
    assert typed_codec(pd.DataFrame, "CM.m").natural == "table"
    assert typed_codec(dict[str, pd.DataFrame], "CM.m").natural == ""


def test_what_is_dumped_no_longer_changes() -> None:
    """Who goes on with the frame that a metric returned does not change what is stored."""
    array = np.arange(3.0)
    value = pd.DataFrame({"a": array}, copy=False)
    codec = typed_codec(pd.DataFrame, "CM.m")
    payload = codec.dump(value)
    array[0] = 9
    value.loc[1, "a"] = 9

    loaded: Any = codec.load(payload)
    assert loaded["a"].tolist() == [0, 1, 2]


def test_what_was_given_out_changes_nothing() -> None:
    """Frames may be written to as one likes, their index and names as well: the next one is as it was."""
    kept: Any = indexed(pd.Index([3, 4], name="i"), text=["a", "b"])
    kept.attrs = {"list": [1]}
    given: Any = unshare(kept)
    given.loc[3, "n"] = 9
    given["more"] = 1
    given.index.name, given.columns.name = "other", "other"
    given.attrs["list"].append(2)
    given.iloc[:, 1:2] = "x"

    assert_same(kept, indexed(pd.Index([3, 4], name="i"), text=["a", "b"]).assign().pipe(_with_list))


def _with_list(value: Any) -> Any:
    value.attrs = {"list": [1]}
    return value


def test_series_given_out_changes_nothing() -> None:
    """The same for a series of pandas, and for frames of polars."""
    kept, polar = pd.Series([1, 2]), pl.DataFrame({"a": [1, 2]})
    given, other = unshare(kept), unshare(polar)
    given[0], other[0, "a"] = 9, 9

    assert (kept.tolist(), polar["a"].to_list()) == ([1, 2], [1, 2])
    assert (given.tolist(), other["a"].to_list()) == ([9, 2], [9, 2])


def test_arrow_is_shared() -> None:
    """A table of arrow is given out itself: nobody can change it."""
    table = pa.table({"a": [1]})

    assert unshare(table) is table


@attrs.frozen
class Fit:
    """A value with a table in it."""

    table: Any
    error: float


def test_table_within_a_value() -> None:
    """A table may be a part of a value: it hangs there among the arrays."""
    within = attrs.make_class("Within", {"table": attrs.field(type=pd.DataFrame), "error": attrs.field(type=float)})
    codec = typed_codec(within, "CM.m")
    payload = codec.dump(within(frame(a=[1.5]), 0.5))

    loaded: Any = codec.load(payload.flat())
    assert_same(loaded.table, frame(a=[1.5]))
    assert list(payload.natives) == ["table"] and list(payload.flat().arrays) == ["table"]


def test_summary() -> None:
    """A listing shows kind, size and the first columns."""
    wide = pd.DataFrame(np.zeros((3, 9)), columns=list("abcdefghi"))

    assert table_of(frame(a=[1], b=[2.5])).summary() == "pd.DataFrame[1×2] a: int64, b: double"
    assert table_of(wide).summary().endswith("h: double, ...")
    assert table_of(pa.table({})).summary() == "pa.Table[0×0]"


_COLUMNS = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=3, max_size=3),
    st.lists(st.floats(), min_size=3, max_size=3),
    st.lists(st.text() | st.none(), min_size=3, max_size=3).map(lambda values: objects(*values)),
    st.lists(st.booleans(), min_size=3, max_size=3),
    st.lists(st.integers(-(2**15), 2**15 - 1) | st.none(), min_size=3, max_size=3).map(lambda v: pd.array(v, "Int16")),
    st.lists(st.sampled_from(["a", "b", None]), min_size=3, max_size=3).map(pd.Categorical),
    st.lists(st.integers(-(2**62), 2**62), min_size=3, max_size=3).map(pd.to_datetime),
    st.lists(st.binary(), min_size=3, max_size=3).map(lambda values: objects(*values)),
)


@given(st.dictionaries(st.text() | st.integers(), _COLUMNS, max_size=4), st.sampled_from([None, "x", "y"]))
def test_any_frame_comes_back_or_is_refused(columns: dict[str | int, Any], index: str | None) -> None:
    """No frame comes back as another one."""
    value = pd.DataFrame({key: pd.Series(column) for key, column in columns.items()})
    if index is not None:
        value.index = pd.Index(range(len(value)), dtype="int16", name=index)
    codec = typed_codec(pd.DataFrame, "CM.m")
    try:
        payload = codec.dump(value)
    except MetricTypeError as error:
        assert any(word in str(error) for word in ("surrogates", "two columns would have the name"))  # noqa: PT017
        return

    assert_same(value, codec.load(payload.flat()))


def test_nothing_is_imported_for_it() -> None:
    """The libraries are imported when a table comes, not with the package."""
    program = "import sys, simple_metrics_manager as s; print({'pandas', 'polars', 'pyarrow'} & {*sys.modules})"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout == "set()\n"


@pytest.mark.skipif(PANDAS < (3, 0), reason="copies what is given out whole")
def test_giving_out_copies_no_values() -> None:
    """pandas copies what is written to, when it is: until then the memory is one."""
    kept = pd.DataFrame({"a": np.arange(3.0)})

    assert np.shares_memory(kept["a"].to_numpy(), unshare(kept)["a"].to_numpy())
