"""JSON files read well without this library, and are believed only when they are as they were written."""

from __future__ import annotations

import json

import numpy as np
import pytest

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError, CorruptMetricError
from simple_metrics_manager.formats import Json
from simple_metrics_manager.formats.checksum import crc32
from simple_metrics_manager.payload.tree import Payload, Tree
from simple_metrics_manager.record import record_to_json
from tests.formats.samples import RECORD, decoded, encoded, entry_of, same_entry


def test_what_others_see() -> None:
    """``json.load(file)["value"]`` is the value, its arrays as nested lists where they are."""
    tree: Tree = {"a": {"$array": "x"}, "b": [{"$array": "y"}, None]}
    entry = Entry(RECORD, Payload(tree, {"x": np.array([[1.5, 2]], np.float32), "y": np.array(1 + 2j)}))
    seen = json.loads(encoded(Json(), entry))

    assert seen["value"] == {"a": [[1.5, 2.0]], "b": [[1.0, 2.0], None]}
    assert seen["record"] == json.loads(record_to_json(RECORD))
    assert seen["arrays"] == [
        {"path": ["a"], "name": "x", "dtype": "<f4", "shape": [1, 2]},
        {"path": ["b", 0], "name": "y", "dtype": "<c16", "shape": []},
    ]


def test_a_line_for_each_part() -> None:
    """The file shows well in an editor and in a diff."""
    lines = encoded(Json(), Entry(RECORD, Payload([1, 2], {}))).decode().split("\n")

    assert [line.split(":")[0] for line in lines] == [
        '{"simple_metrics_manager"',
        '"record"',
        '"value"',
        '"arrays"',
        '"checksum"',
        "",
    ]


def test_one_array_twice() -> None:
    """An array that hangs in two places comes back as one."""
    entry = Entry(RECORD, Payload([{"$array": "a"}, {"$array": "a"}], {"a": np.arange(2)}))

    assert same_entry(decoded(Json(), encoded(Json(), entry)), entry)


def test_array_beside_the_tree() -> None:
    """An array that hangs nowhere has no place in the file."""
    with pytest.raises(CannotStoreError, match="arrays that are not in its tree"):
        Json().encode(Entry(RECORD, Payload(None, {"a": np.arange(2)})))


def test_padding_is_bounded() -> None:
    """One long text among many short ones would take memory out of all proportion to the file."""
    texts = np.zeros(5_000, "U1100")
    with pytest.raises(CannotStoreError, match="padding of short texts"):
        Json().encode(entry_of(texts))


# EVIDENCE-OF: P7
def test_more_texts_than_the_shape_says() -> None:
    """A list that is longer than its shape takes no memory for elements of the length that its dtype claims."""
    blob = encoded(Json(), entry_of(np.array(["a"])))
    texts = b'"value": [' + b", ".join([b'"a"'] * 100_000) + b"]"
    body = blob[: blob.rindex(b'"checksum"')].replace(b'"value": ["a"]', texts).replace(b"<U1", b"<U4000000")
    with pytest.raises(CorruptMetricError, match="more elements than its shape"):
        decoded(Json(), body + b'"checksum": "crc32:%08x"}\n' % crc32(body))


def test_edited_by_hand() -> None:
    """A value that somebody changed, or a file that was formatted anew, is refused."""
    blob = encoded(Json(), entry_of(np.array([1.5, 2.5])))
    for changed in (blob.replace(b"[1.5,", b"[1.6,"), json.dumps(json.loads(blob), indent=1).encode()):
        with pytest.raises(CorruptMetricError):
            decoded(Json(), changed)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"shape": [2]', b'"shape": [3]'),
        (b'"shape": [2]', b'"shape": [-2]'),
        (b'"shape": [2]', b'"shape": [0, 1000000000000000]'),
        (b'"shape": [2]', b'"shape": [4000000000000]'),
        (b'"shape": [2]', b'"shape": null'),
        (b'"<f8"', b'"O"'),
        (b'"<f8"', b'"<U999999999"'),
        (b'"<f8"', b'"<U9999999999999"'),
        (b'"<f8"', b'"nonsense"'),
        (b'"<f8"', b'"f8,f8"'),
        (b'"<f8"', b'"(2,)f8"'),
        (b'"path": []', b'"path": [0, 0]'),
        (b'"path": []', b'"path": [-1]'),
        (b'"path": []', b'"path": ["a"]'),
        (b'"path": []', b'"path": [1.5]'),
        (b'"path": []', b'"path": {}'),
        (b"[1.5, 2.5]", b'[1.5, "a"]'),
        (b"[1.5, 2.5]", b"[1.5, [2.5]]"),
        (b"[1.5, 2.5]", b"[" * 100_000),
        (b"[1.5, 2.5]", b"[1.5, 2.5"),
        (b'"arrays": [', b'"arrays": [0, '),
        (b'"arrays": [', b'"arrays": 5,\n['),
        (b'"record": ', b'"other": '),
        (b'"record": {', b'"record": [{'),
    ],
)
# EVIDENCE-OF: P7
def test_sealed_nonsense(old: bytes, new: bytes) -> None:
    """A file with a right checksum and impossible content is damaged too, and takes no memory for what it claims."""
    blob = encoded(Json(), entry_of(np.array([1.5, 2.5])))
    body = blob[: blob.rindex(b'"checksum"')].replace(old, new, 1)
    with pytest.raises(CorruptMetricError):
        decoded(Json(), body + b'"checksum": "crc32:%08x"}\n' % crc32(body))
