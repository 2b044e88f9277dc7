"""``accept``: what is stored becomes of today's code, on somebody's word, which is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager import (
    JsonStorageInterface,
    MemoryStorageInterface,
    NpzStorageInterface,
    SaveError,
    SqliteStorageInterface,
    StaleMetricWarning,
    UnknownMetricError,
)
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.history import Change
from simple_metrics_manager.record import Record, record_from_json, record_to_json
from simple_metrics_manager.storing import conditional
from simple_metrics_manager.storing.entries import StoredEntries
from tests.compat.own_storages import PickleStorage
from tests.freshness.bench import digits, point, record, sweep
from tests.sweeping.lab import Digits

STORAGES: dict[str, Callable[[Path], StoredEntries]] = {
    "npz": lambda path: NpzStorageInterface(path / "cache"),
    "compressed": lambda path: NpzStorageInterface(path / "cache", compress=True),
    "json": lambda path: JsonStorageInterface(path / "cache"),
    "sqlite": lambda path: SqliteStorageInterface(path / "cache.db"),
    "memory": lambda _: MemoryStorageInterface(),
}
every_storage = pytest.mark.parametrize("make", STORAGES.values(), ids=STORAGES.keys())

EDITED = ("+ 1.0", "+ (2.0 - 1.0)")
HELPED = ("return x * K", "return K * x")
NOISE = ("float(len(TRIES))", "len(TRIES) * 1.0")
CONSTANT = ("K = 2.0", "K = 3.0")


@every_storage
def test_an_accepted_value_is_fresh(make: Callable[[Path], StoredEntries], tmp_path: Path) -> None:
    """Value, content and date stay, the code is that of today, and the history says who, when, why and what."""
    storage = make(tmp_path)
    with digits(tmp_path, storage) as cm:
        value = cm.get("spectrum")
    before = record(storage, "Digits.spectrum")
    with digits(tmp_path, storage, EDITED, HELPED) as cm:
        assert cm.why("spectrum").status == "stale"
        begun = datetime.now(UTC)
        report = cm.accept("spectrum", "only reordered")
        assert (report.accepted, report.unchanged, report.missing, report.left) == (("spectrum",), (), (), {})
        assert cm.why("spectrum").status == "fresh"
        np.testing.assert_array_equal(cm.get("spectrum"), value)
    after = record(storage, "Digits.spectrum")
    (change,) = after.history

    assert begun <= change.date <= datetime.now(UTC)
    assert "@" in change.who
    assert (change.what, change.reason) == ("accepted", "only reordered")
    assert (change.old, change.new) == (before.code.hash, after.code.hash)
    assert change.old != change.new
    assert len(change.changed) == 2
    changed = {"code", "helpers", "globals", "python", "libraries", "history"}
    assert {f.name for f in attrs.fields(Record) if getattr(before, f.name) != getattr(after, f.name)} <= changed


@every_storage
def test_the_next_change_is_noticed_again(make: Callable[[Path], StoredEntries], tmp_path: Path) -> None:
    """To accept one change accepts no other; the history grows by each."""
    storage = make(tmp_path)
    with digits(tmp_path, storage) as cm:
        cm.get("spectrum")
    with digits(tmp_path, storage, EDITED) as cm:
        cm.accept("spectrum", "first")
    with digits(tmp_path, storage, EDITED, CONSTANT) as cm:
        (cause,) = cm.why("spectrum").causes
        assert (cause.reason, cause.old, cause.new) == ("global_changed", "2.0", "3.0")
        cm.accept("spectrum", "second")
    history = record(storage, "Digits.spectrum").history

    assert [change.reason for change in history] == ["first", "second"]
    assert history[1].old == history[1].new  # its own code is as it was


def test_a_fresh_value_is_left_alone(tmp_path: Path) -> None:
    """Not a byte of its file changes, and it gets no history."""
    storage = NpzStorageInterface(tmp_path / "cache")
    with digits(tmp_path, storage) as cm:
        cm.get("spectrum")
        file = tmp_path / "cache" / "Digits.spectrum.npz"
        before = file.read_bytes()
        assert cm.accept("spectrum", "to be sure").unchanged == ("spectrum",)

    assert file.read_bytes() == before


@pytest.mark.parametrize("on_class", [False, True])
def test_a_whole_sweep(tmp_path: Path, on_class: bool) -> None:
    """``cm.inertia`` and ``Digits.inertia`` mean all points, those that were asked for besides too, in numbers."""
    storage = NpzStorageInterface(tmp_path)
    with digits(tmp_path, storage) as cm:
        for k in (1, 2, 3, 50):
            point(cm)(k)
    with digits(tmp_path, storage, HELPED) as cm:
        cm.get("inertia,k=4")
        report = cm.accept(sweep(type(cm) if on_class else cm), "harmless")
        assert cm.accept("inertia", "again").accepted == ()

    assert set(report.accepted) == {f"inertia,k={k}" for k in (1, 2, 3, 50)}
    assert report.unchanged == ("inertia,k=4",)
    assert report.missing == ("inertia,k=5", "inertia,k=6", "inertia,k=7")
    assert str(report) == "Digits.inertia: 4 accepted (harmless), 1 of today's code already, 3 not stored"


def test_one_parameter_set(tmp_path: Path) -> None:
    """The others stay as they are."""
    storage = NpzStorageInterface(tmp_path)
    with digits(tmp_path, storage) as cm:
        cm.get_all(["inertia,k=1", "inertia,k=2"])
    with digits(tmp_path, storage, HELPED) as cm:
        assert cm.accept("inertia,k=2", "harmless").accepted == ("inertia,k=2",)
        assert cm.why("inertia,k=1").status == "stale"
        assert cm.why("inertia,k=2").status == "fresh"


def test_what_was_interrupted_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each entry is written by itself: what was accepted before the storage failed stays so."""
    storage = NpzStorageInterface(tmp_path)
    with digits(tmp_path, storage) as cm:
        cm.get_all(["inertia,k=1", "inertia,k=2", "inertia,k=3"])
    real, done = NpzStorageInterface.write, list[str]()

    def failing(self: NpzStorageInterface, entry: Entry, form: Format | None = None) -> int:
        if len(done) == 2:
            raise SaveError(entry.name, "there", "disk full")
        done.append(entry.name)
        return real(self, entry, form)

    with digits(tmp_path, storage, HELPED) as cm:
        with monkeypatch.context() as patch:
            patch.setattr(NpzStorageInterface, "write", failing)
            with pytest.raises(SaveError):
                cm.accept("inertia", "harmless")
        report = cm.accept("inertia", "harmless")

    assert (len(report.unchanged), report.accepted) == (2, ("inertia,k=3",))


def test_what_somebody_else_stores_meanwhile_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that was stored between our look and our writing is not replaced by the old one."""
    storage = SqliteStorageInterface(tmp_path / "cache.db")
    with digits(tmp_path, storage) as cm:
        cm.get("noisy")
    old, times = storage.read("Digits.noisy"), list[object]()
    assert old.record is not None
    later = attrs.evolve(old.record, date=datetime.now(UTC), seconds=5.0)
    real = storage.tag("Digits.noisy")

    def tag(self: StoredEntries, *_: object) -> str | None:
        times.append(self)
        if len(times) > 1:
            return conditional.tag_of(self._store(), "Digits.noisy")
        storage.write(Entry(later, old.payload))
        return real

    with digits(tmp_path, storage, NOISE) as cm, monkeypatch.context() as patch:
        patch.setattr(SqliteStorageInterface, "tag", tag)
        report = cm.accept("noisy", "harmless")

    assert (report.accepted, len(times)) == (("noisy",), 2)
    assert record(storage, "Digits.noisy").seconds == 5.0


def test_what_is_being_computed_is_left_alone(tmp_path: Path) -> None:
    """Whoever computes it holds the claim, and is going to store a value of today's code."""
    storage = NpzStorageInterface(tmp_path)
    with digits(tmp_path, storage) as cm:
        cm.get("noisy")
    assert storage.claims is not None
    attempt = storage.claims.attempt("Digits.noisy")
    assert attempt.take() is not None
    with digits(tmp_path, storage, NOISE) as cm:
        assert "computes it just now" in cm.accept("noisy", "harmless").left["noisy"]
        attempt.end()
        assert cm.accept("noisy", "harmless").accepted == ("noisy",)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_reason_is_needed(tmp_path: Path, reason: str) -> None:
    """Whoever accepts says why."""
    with digits(tmp_path, NpzStorageInterface(tmp_path)) as cm, pytest.raises(ValueError, match="needs a reason"):
        cm.accept("spectrum", reason)


def test_another_declared_version_is_not_accepted(tmp_path: Path) -> None:
    """It is declared to be another value, so it is left alone, and the report says that it will be computed anew."""
    storage = NpzStorageInterface(tmp_path)
    with digits(tmp_path, storage) as cm:
        cm.get("spectrum")
    edit = ("@metric\n    def spectrum", "@metric(version=2)\n    def spectrum")
    with digits(tmp_path, storage, edit) as cm:
        report = cm.accept("spectrum", "please")

    assert report.accepted == ()
    assert "it is version None, now is 2" in report.left["spectrum"]
    assert record(storage, "Digits.spectrum").history == ()


def test_a_damaged_value_is_not_accepted(tmp_path: Path) -> None:
    """Its bytes are verified before anything is written, and what is damaged stays for people to look at."""
    storage = NpzStorageInterface(tmp_path / "cache")
    with digits(tmp_path, storage) as cm:
        cm.get("spectrum")
    file = tmp_path / "cache" / "Digits.spectrum.npz"
    blob = bytearray(file.read_bytes())
    place = blob.index(np.float64(7.0).tobytes())
    blob[place] ^= 1
    file.write_bytes(blob)
    with digits(tmp_path, storage, EDITED) as cm:
        assert "damaged" in cm.accept("spectrum", "please").left["spectrum"]

    assert file.read_bytes() == blob


def test_a_storage_without_records(tmp_path: Path) -> None:
    """One of three methods keeps no code: there is nothing to accept, and it is said."""
    storage = PickleStorage(str(tmp_path))
    with digits(tmp_path, storage) as cm:
        cm.get("spectrum")
        assert "keeps no records" in cm.accept("spectrum", "please").left["spectrum"]
        assert cm.accept("fit", "please").missing == ("fit",)


def test_a_manager_that_holds_the_value_knows(tmp_path: Path) -> None:
    """Of what is in memory the record is the new one as well, and the value stays there."""
    storage = NpzStorageInterface(tmp_path)
    with digits(tmp_path, storage) as cm:
        cm.get("spectrum")
    with digits(tmp_path, storage, EDITED) as cm:
        with pytest.warns(StaleMetricWarning, match="its code changed"):
            cm.load("spectrum")
        cm.accept("spectrum", "harmless")
        held = cm.__metrics__.memory.held["spectrum"]

    assert held.record == record(storage, "Digits.spectrum")


def test_what_no_metric_is_called() -> None:
    """A name that means nothing is told, as everywhere."""
    with pytest.raises(UnknownMetricError, match="process"):
        Digits().accept("proces", "please")


# --------------------------------------------------------------------------------------------------- in the record
def change(reason: str = "why", old: str = "", new: str = "") -> Change:
    """Something that was done."""
    when = datetime(2026, 1, 2, tzinfo=UTC)
    return Change(date=when, who="me@here", what="accepted", reason=reason, old=old, new=new, changed=("code",))


@given(st.lists(st.builds(change, st.text(), st.text(), st.text()), max_size=3))
def test_the_history_comes_back(changes: list[Change]) -> None:
    """Whatever was written is read again; without any, the field is left out."""
    whole = Record(name="a", history=tuple(changes))
    text = record_to_json(whole)

    assert record_from_json(text) == whole
    assert ("history" in text) == bool(changes)


def test_a_later_version_may_say_more() -> None:
    """What it adds to a change is ignored; what is no history at all is damage."""
    plain = json.loads(record_to_json(Record(name="a", history=(change(),))))
    plain["history"][0]["ticket"] = 7
    assert record_from_json(json.dumps(plain)).history == (change(),)
    plain["history"] = ["nonsense"]
    with pytest.raises(ValueError, match="does not hold what it must"):
        record_from_json(json.dumps(plain))
