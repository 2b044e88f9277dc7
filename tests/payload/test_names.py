"""Arrays have readable names that every zip and every file system can hold."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.payload.split import join, split
from simple_metrics_manager.payload.tree import Payload
from simple_metrics_manager.payload.typed import typed_codec
from tests.payload.samples import Movie, same

_A = np.arange(2.0)
PART = re.compile(r"(?!\.)[A-Za-z0-9_.-]+")


@pytest.mark.parametrize(
    ("declared", "value", "names"),
    [
        (NDArray[np.float64], _A, ["value"]),
        (dict[str, list[NDArray[np.float64]]], {"spectra": [_A, _A]}, ["spectra/0", "spectra/1"]),
        (Movie, {"title": "t", "frames": np.zeros(1, np.uint8)}, ["frames"]),
        (NDArray[np.float64] | None, _A, ["value"]),
        (dict[str, NDArray[np.float64]], {"a/b": _A, "a b": _A, "A_B": _A}, ["a_b", "a_b_2", "A_B_3"]),
        (dict[str, NDArray[np.float64]], {"": _A, "..": _A, "$x": _A, "ü": _A}, ["_", "_.", "_x", "__2"]),
        (dict[str, NDArray[np.float64]], {"a": _A, "a.npy": _A, "B.NPY": _A}, ["a", "a_npy", "B_npy"]),
        (dict[str, NDArray[np.float64]], {"x" * 200: _A, "x" * 201: _A}, ["x" * 80, "x" * 78 + "_2"]),
        (dict[int, NDArray[np.float64]], {7: _A}, ["0/1"]),
    ],
)
def test_names(declared: object, value: object, names: list[str]) -> None:
    """A name is the path of the array, made safe, short and unique."""
    assert list(typed_codec(declared, "m").dump(value).arrays) == names


@given(st.dictionaries(st.text(st.characters()), st.dictionaries(st.text(max_size=100), st.just(_A))))
def test_names_are_safe(value: dict[str, dict[str, NDArray[np.float64]]]) -> None:
    """Names are unique in any case, have only plain characters, and none is another's file name."""
    codec = plain_codec()
    payload = codec.dump(value)
    names = [name.lower() for name in payload.arrays]

    assert len(set(names)) == len(names) == sum(map(len, value.values()))
    assert all(len(name) <= 80 and all(PART.fullmatch(part) for part in name.split("/")) for name in names)
    assert not {f"{name}.npy" for name in names} & set(names)
    assert same(value, codec.load(payload))


def test_join() -> None:
    """A payload as plain data has its arrays in place and the user's own keys."""
    payload = typed_codec(dict[str, list[NDArray[np.float64]]], "m").dump({"$a": [_A], "b": []})

    assert same(join(payload), {"$a": [_A], "b": []})


def test_split_keeps_plain_trees() -> None:
    """A tree without arrays is itself the payload's tree."""
    assert split({"a": [1, None]}).tree == {"a": [1, None]}
    assert join(Payload([1], {})) == [1]
