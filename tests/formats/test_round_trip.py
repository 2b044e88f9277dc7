"""Whatever a format takes comes back from it exactly: any array, any tree, and what the contract leaves open."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError
from simple_metrics_manager.formats import Format, Json, Npy, Npz
from simple_metrics_manager.payload.tree import Array, Payload, Tree
from tests.formats.samples import (
    FORMATS,
    OTHER_ARRAYS,
    RECORD,
    decoded,
    encoded,
    entry_of,
    same_entry,
)

each_format = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)

dtypes = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="?"),
    hnp.unsigned_integer_dtypes(endianness="?"),
    hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
    hnp.complex_number_dtypes(endianness="?", sizes=(64, 128)),
    hnp.datetime64_dtypes(endianness="?"),
    hnp.timedelta64_dtypes(endianness="?"),
    hnp.byte_string_dtypes(min_len=1),
    hnp.unicode_string_dtypes(min_len=1),
)


def trees(leaf: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    """JSON of any shape, with ``leaf`` at its ends."""
    text = st.text(st.characters(codec="utf-8"))
    return st.recursive(leaf, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4))


leaves: st.SearchStrategy[Tree] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(codec="utf-8"))
)


@pytest.mark.parametrize("array", OTHER_ARRAYS.values(), ids=OTHER_ARRAYS)
def test_json_refuses_other_arrays(array: Array) -> None:
    """JSON refuses what it cannot keep to the bit, and says which storage can."""
    with pytest.raises(CannotStoreError, match=r"(?s)'Digits.spectrum' was not stored: .*NpzStorageInterface"):
        Json().encode(entry_of(array))


@each_format
def test_entry_without_record(form: Format) -> None:
    """An entry that has no record can be kept as well."""
    entry = Entry(None, Payload([1, {"$array": "value"}], {"value": np.arange(3)}))

    blob = encoded(form, entry)

    assert same_entry(decoded(form, blob), entry)
    assert form.decode_record(memoryview(blob), "x") is None


@each_format
def test_equal_values_make_equal_bytes(form: Format) -> None:
    """A file depends on the entry alone: not on when or where it was written."""
    assert encoded(form, entry_of(np.arange(4))) == encoded(form, entry_of(np.arange(4)))


@each_format
def test_what_json_would_change_is_refused(form: Format) -> None:
    """A str of two surrogates would come back as one character, and a tree without end not at all."""
    endless: list[Tree] = []
    endless.append(endless)
    changed: tuple[Tree, ...] = ("\ud83d\ude00", {"\ud83d\ude00": 1}, endless)
    for tree in changed:
        with pytest.raises(CannotStoreError):
            form.encode(Entry(RECORD, Payload(tree, {})))


@pytest.mark.parametrize(
    ("allowing", "plain"),
    [
        (Npz(allow_pickle=True), Npz()),
        (Npz(allow_pickle=True, compress=True), Npz()),
        (Npy(allow_pickle=True), Npy()),
    ],
    ids=["npz", "npz-compressed", "npy"],
)
def test_pickled_objects(allowing: Format, plain: Format) -> None:
    """``allow_pickle`` is needed to write objects, and to read them."""
    objects: Array = np.array([{"a": 1}, None], dtype=object)
    blob = encoded(allowing, entry_of(objects))

    assert decoded(allowing, blob).payload.arrays["value"].tolist() == [{"a": 1}, None]
    with pytest.raises(ValueError, match="allow_pickle=True"):
        decoded(plain, blob)


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
@given(data=st.data())
def test_any_array(form: Format, data: st.DataObject) -> None:
    """Whatever array: every format keeps it, or JSON says that it cannot."""
    array: Array = data.draw(hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, min_side=0)))
    if data.draw(st.booleans()):
        array = array.T
    entry = entry_of(array)
    if isinstance(form, Json) and array.dtype.kind in "fc":
        entry = entry_of(np.where(np.isnan(array), array.dtype.type(np.nan), array).astype(array.dtype))

    try:
        blob = encoded(form, entry)
    except CannotStoreError:
        assert isinstance(form, Json)
        assert array.dtype.kind == "U"
        return
    assert same_entry(decoded(form, blob), entry)


@each_format
@given(tree=trees(leaves))
def test_any_tree(form: Format, tree: Tree) -> None:
    """Whatever JSON: every format keeps it, number types and order of keys included."""
    entry = Entry(RECORD, Payload(tree, {}))

    assert same_entry(decoded(form, encoded(form, entry)), entry)
