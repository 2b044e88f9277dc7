"""The last errors of metrics that a storage keeps: they go with their values, are copied, moved and checked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from simple_metrics_manager import (
    DatedCacheManager,
    Failure,
    MemoryStorageInterface,
    NpzStorageInterface,
    SqliteStorageInterface,
    check_storage,
    copy_storage,
    metric,
)
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.failures import keep_failure, last_failure, names_of_failures
from tests.keeping.editions import OPENERS


class Broken(DatedCacheManager):
    """Fails, or has failed once."""

    verbose = False
    fails = True

    @metric
    def never(self) -> int:
        raise ValueError("no luck")

    @metric
    def later(self) -> int:
        return 1

    @metric(params_list=[(1,), (2,)])
    def points(self, k: int) -> int:
        if k == 2:
            raise KeyError(k)
        return k


class Mended(DatedCacheManager):
    """The same class, without some of it."""

    __qualname__ = "Broken"
    verbose = False

    @metric(renamed_from="later")
    def now(self) -> int:
        raise AssertionError("computed")


class Brokenness(DatedCacheManager):
    """Another class whose name begins alike."""

    verbose = False

    @metric
    def never(self) -> int:
        raise ValueError("nor here")


@pytest.fixture(name="storage", params=OPENERS)
def _storage(request: pytest.FixtureRequest, tmp_path: Path) -> StoredEntries:
    """What could be computed is stored, and the errors of the rest; ``later`` has a value and a later error."""
    storage = OPENERS[str(request.param)](tmp_path)
    broken = Broken(storage)
    broken.get_all(on_error="collect")
    keep_failure(storage, "Broken.later", Failure("later", "Broken.later", "OSError", "not again"))
    with pytest.raises(ValueError, match="nor here"):
        _ = Brokenness(storage).never
    return storage


KEPT = ["Broken.later", "Broken.never", "Broken.points,k=2", "Brokenness.never"]


def kept(storage: StoredEntries) -> list[str]:
    """The names of what has failed."""
    return sorted(names_of_failures(storage))


def test_they_go_with_their_values(storage: StoredEntries) -> None:
    """What is cleared takes its last error along; a metric that never had a value has its error cleared by itself."""
    broken = Broken(storage)

    one = broken.clear("later")
    assert [(each.name, each.metric, each.message) for each in one.failures] == [
        ("Broken.later", "later", "OSError: not again")
    ]
    sweep = broken.clear(Broken.points)
    assert ([each.name for each in sweep.entries], [each.name for each in sweep.failures]) == (
        ["Broken.points,k=1"],
        ["Broken.points,k=2"],
    )
    assert [each.message for each in broken.clear(Broken.never).failures] == ["ValueError: no luck"]
    assert kept(storage) == KEPT

    every = broken.clear(dry_run=False)

    assert [each.name for each in every.failures] == KEPT[:3]
    assert (kept(storage), list(storage.names())) == (KEPT[3:], [])
    assert broken.failures() == {}
    assert "deleted 3 kept errors" in str(every)


def test_age(storage: StoredEntries) -> None:
    """An error without a value is as old as it is; that of a value goes when the value does."""
    broken = Broken(storage)
    long_ago = datetime.now(UTC) - timedelta(days=9)
    failure = last_failure(storage, "Broken.never")
    assert failure is not None
    keep_failure(storage, "Broken.never", attrs.evolve(failure, date=long_ago))

    plan = broken.clear(older_than=timedelta(days=3))

    assert (plan.entries, [each.name for each in plan.failures]) == ((), ["Broken.never"])
    assert len(broken.clear(older_than=timedelta(0)).failures) == 3


def test_orphans(storage: StoredEntries) -> None:
    """Errors of metrics that the class has no longer are orphans, of values or not; those of other classes are not."""
    plan = Mended(storage).clear(orphans=True)

    assert [each.name for each in plan.entries] == ["Broken.later", "Broken.points,k=1"]
    assert [(each.name, each.orphan) for each in plan.failures] == [(name, True) for name in KEPT[:3]]
    assert Broken(storage).clear(orphans=True).failures == ()


def test_damage_does_not_hide_them(tmp_path: Path) -> None:
    """A damaged error is found by a check, and cleared by its name; it is taken for no error."""
    storage = NpzStorageInterface(tmp_path)
    Broken(storage).get_all(on_error="collect")
    assert (check_storage(storage).failures, check_storage(storage).ok) == (2, True)
    file = tmp_path / "Broken.never.failure"
    file.write_bytes(file.read_bytes().replace(b"no luck", b"no duck"))

    report = check_storage(storage)

    assert [(each.name, each.place) for each in report.damaged] == [("Broken.never", str(file))]
    assert (report.failures, report.ok) == (2, False)
    assert Broken(storage).last_error("never") is None
    (failure,) = Broken(storage).clear("never", dry_run=False).failures
    assert (failure.date, failure.message[:8]) == (None, "damaged:")
    assert not file.exists()


def test_one_in_another_place(tmp_path: Path) -> None:
    """An error that was renamed by hand is misplaced."""
    storage = NpzStorageInterface(tmp_path)
    Broken(storage).get_all(on_error="collect")
    (tmp_path / "Broken.never.failure").rename(tmp_path / "Broken.other.failure")

    assert [each.name for each in check_storage(storage).misplaced] == ["Broken.other"]


def test_copies(storage: StoredEntries, tmp_path: Path) -> None:
    """Errors are copied to any other storage, once, and not over others; what is damaged is not, and is told."""
    target = SqliteStorageInterface(tmp_path / "target.sqlite")
    other = Failure("never", "Broken.never", "OSError", "another one")
    keep_failure(target, "Broken.never", other)

    dry = copy_storage(storage, target, dry_run=True, verbose=False)
    first = copy_storage(storage, target, verbose=False)
    again = copy_storage(storage, target, verbose=False)

    copied = [name for name in KEPT if name != "Broken.never"]
    assert (dry.failures, first.failures, again.failures) == (tuple(copied), tuple(copied), ())
    assert kept(target) == KEPT
    assert [last_failure(target, name) for name in copied] == [last_failure(storage, name) for name in copied]
    assert last_failure(target, "Broken.never") == other
    assert copy_storage(storage, target, overwrite=True, verbose=False).failures == ("Broken.never",)
    assert last_failure(target, "Broken.never") == last_failure(storage, "Broken.never")
    assert "3 kept errors as well" in str(first)
    some = copy_storage(storage, MemoryStorageInterface(), names=["Broken.later"], verbose=False)
    assert (some.copied, some.failures) == (("Broken.later",), ("Broken.later",))


def test_a_damaged_one_is_not_copied(tmp_path: Path) -> None:
    """It is among what failed, and the rest is copied."""
    storage = NpzStorageInterface(tmp_path / "source")
    Broken(storage).get_all(on_error="collect")
    (tmp_path / "source" / "Broken.never.failure").write_bytes(b"{")
    target = MemoryStorageInterface()

    report = copy_storage(storage, target, verbose=False)

    assert (report.ok, list(report.failed), kept(target)) == (
        False,
        ["the error of Broken.never"],
        ["Broken.points,k=2"],
    )


def test_new_names(storage: StoredEntries) -> None:
    """What gets another name takes its last error along."""
    mended = Mended(storage)

    assert mended.adopt_renamed(dry_run=False).ok
    assert kept(storage) == ["Broken.never", "Broken.now", "Broken.points,k=2", "Brokenness.never"]
    failure = mended.last_error("now")
    assert failure is not None
    assert (failure.metric, failure.message) == ("now", "not again")
    assert check_storage(storage).ok
