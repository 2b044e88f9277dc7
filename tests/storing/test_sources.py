"""Texts of helpers lie beside the values, once for each state of the code."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import cast

import pytest

from simple_metrics_manager import MemoryStorageInterface, NpzStorageInterface, SqliteStorageInterface
from simple_metrics_manager.fingerprint import fingerprint
from simple_metrics_manager.fingerprint.helpers import Helpers
from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.helper_diffs import HelperDiffs
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing import sources
from simple_metrics_manager.storing.entries import StoredEntries
from tests.fingerprint.laboratory import imported, write_project

HELPERS = Helpers({"lab.first": "1:a", "lab.second": "1:b"}, {"lab.first": "def first(): ...\n", "lab.second": "ß"})


@pytest.fixture(name="storage", params=["npz", "sqlite", "memory"])
def _storage(request: pytest.FixtureRequest, tmp_path: Path) -> StoredEntries:
    if request.param == "memory":
        return MemoryStorageInterface()
    if request.param == "sqlite":
        return SqliteStorageInterface(tmp_path / "metrics.db")
    return NpzStorageInterface(tmp_path / "metrics")


def test_texts_come_back(storage: StoredEntries) -> None:
    """By the hashes in a record, in whatever process; and values do not know of them."""
    sources.keep_sources(storage, HELPERS)
    assert sources.read_sources(storage, dict(HELPERS)) == HELPERS.texts
    assert sources.read_sources(storage, {**HELPERS, "lab.first": "1:c"}) == {}
    assert list(sources.names_of_sources(storage)) == [sources.sources_name(HELPERS)]
    assert list(storage.names()) == []
    assert list(sources.damaged_sources(storage)) == []


def test_written_once(storage: StoredEntries) -> None:
    """What another process has kept is not written over, and what this one has kept is not looked for again."""
    sources.keep_sources(storage, HELPERS)
    sources.keep_sources(storage, Helpers(HELPERS, {"lab.first": "others"}))
    assert sources.read_sources(storage, HELPERS) == HELPERS.texts

    assert sources.delete_sources(storage, {sources.sources_name(HELPERS)}) == 0
    assert sources.delete_sources(storage, ()) == 1
    sources.keep_sources(storage, HELPERS)
    assert sources.read_sources(storage, HELPERS) == {}


def test_plain_mapping_is_not_kept(storage: StoredEntries) -> None:
    """Helpers that were read from a record, or came from another process, have no texts."""
    travelled = cast("dict[str, str]", pickle.loads(pickle.dumps(HELPERS)))
    assert type(travelled) is dict
    assert travelled == HELPERS
    sources.keep_sources(storage, travelled)
    assert list(sources.names_of_sources(storage)) == []


def test_longest_texts_are_left_out(storage: StoredEntries) -> None:
    """What is kept is bounded, and holds as many texts as possible."""
    texts = {"a": "x" * sources.MOST, "b": "y" * 10, "c": "z" * (sources.MOST - 10)}
    helpers = Helpers(dict.fromkeys(texts, "1:0"), texts)
    sources.keep_sources(storage, helpers)
    assert sources.read_sources(storage, helpers) == {"b": texts["b"], "c": texts["c"]}


def test_copies(storage: StoredEntries, tmp_path: Path) -> None:
    """Texts go to another storage as they are; what is there already stays."""
    target = NpzStorageInterface(tmp_path / "copy")
    sources.keep_sources(storage, HELPERS)
    for _ in range(2):
        sources.copy_sources(storage, target)
        assert sources.read_sources(target, HELPERS) == HELPERS.texts


@pytest.mark.parametrize("damage", [b"", b"no zlib", b"x\x9c"])
def test_damage_costs_the_diff_alone(tmp_path: Path, damage: bytes) -> None:
    """Texts that cannot be read are none; a check tells where they are."""
    storage = NpzStorageInterface(tmp_path)
    sources.keep_sources(storage, HELPERS)
    (file,) = (path for path in tmp_path.rglob("*.sources"))
    file.write_bytes(file.read_bytes()[: -len(damage)] if damage == b"x\x9c" else damage)
    assert sources.read_sources(storage, HELPERS) == {}
    assert list(sources.damaged_sources(storage)) == [str(file)]
    sources.copy_sources(storage, NpzStorageInterface(tmp_path / "copy"))
    assert list(sources.names_of_sources(NpzStorageInterface(tmp_path / "copy"))) == []


def test_diff_of_a_helper(tmp_path: Path) -> None:
    """A changed helper is shown line by line, at the line that changed, by the process that has the new text."""
    lab = "def used(x):\n    y = x\n    return y + 1\n\n\ndef metric(x):\n    return used(x)\n"
    storage = NpzStorageInterface(tmp_path / "metrics")
    with imported(write_project(tmp_path / "old", {"lab": lab}), "lab") as module:
        then = fingerprint(module.metric)
        sources.keep_sources(storage, then.helpers)
    with imported(write_project(tmp_path / "new", {"lab": lab.replace("y + 1", "y + 2")}), "lab") as module:
        now = fingerprint(module.metric)
    cause = Cause("helper_changed", "lab.used", then.helpers["lab.used"], now.helpers["lab.used"], "lab.py:1")
    record = Record(name="m", helpers=dict(then.helpers))

    (shown,) = HelperDiffs(storage).shown([cause], record, now.helpers)
    assert shown.diff == "      y = x\n-     return y + 1\n+     return y + 2"
    assert shown.location == "lab.py:3"
    assert HelperDiffs(MemoryStorageInterface()).shown([cause], record, now.helpers) == (cause,)
