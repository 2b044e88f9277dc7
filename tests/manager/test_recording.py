"""What a metric has read is recorded while it runs, however it was read."""

from __future__ import annotations

import contextvars
import threading
from pathlib import Path

import attrs
import pytest

from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, metric
from simple_metrics_manager.record import Record


class Other(DatedCacheManager):
    """Read by another manager."""

    verbose = False

    @metric
    def far(self) -> int:
        return 100


class Reading(DatedCacheManager):
    """Reads its metrics in all ways."""

    verbose = False

    def __init__(self) -> None:
        self.other: DatedCacheManager | None = None

    @metric
    def a(self) -> int:
        return 1

    @metric
    def b(self) -> int:
        return self.a + 1

    @metric(dynamic=True)
    def c(self, k: int) -> int:
        return k

    @metric
    def through_self(self) -> int:
        return self.b + self.b

    @metric
    def by_key(self) -> int:
        by_name: int = self["a"]
        return self.get(Reading.a) + self[Reading.b] + by_name + self.compute(Reading.a)

    @metric
    def parameters(self) -> int:
        return self.c(1) + self.c(k=2) + self.c(1)

    @metric
    def elsewhere(self) -> int:
        assert self.other is not None
        far: int = self.other["far"]
        return far

    @metric
    def in_a_thread(self) -> int:
        found: list[int] = []
        context = contextvars.copy_context()
        thread = threading.Thread(target=lambda: found.append(context.run(lambda: self.a)))
        thread.start()
        thread.join()
        return found[0]

    @metric
    def nothing(self) -> int:
        return 0


@pytest.fixture(name="cm")
def _cm(tmp_path: Path) -> Reading:
    storage = NpzStorageInterface(tmp_path)
    cm = Reading().use(storage)
    cm.other = Other(storage)
    return cm


def record(cm: DatedCacheManager, name: str) -> Record:
    """The stored record of a metric."""
    storage = cm.storage_interface
    assert isinstance(storage, NpzStorageInterface)
    (stored,) = [each for each in storage.names() if each.endswith(f"{type(cm).__name__}.{name}")]
    found = storage.read_record(stored)
    assert found is not None
    return found


def reads(cm: DatedCacheManager, name: str) -> list[str]:
    """What a metric has read, by name."""
    cm.get(name)
    return [read.metric for read in record(cm, name).reads]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("through_self", ["b"]),
        ("by_key", ["a", "b"]),
        ("parameters", ["c,k=1", "c,k=2"]),
        ("elsewhere", ["far"]),
        ("in_a_thread", ["a"]),
        ("nothing", []),
    ],
)
@pytest.mark.parametrize("warm", [False, True])
def test_every_read_is_recorded(cm: Reading, name: str, expected: list[str], warm: bool) -> None:
    """The same reads are recorded whether the values were computed, or in memory and promoted before."""
    if warm:
        for _ in range(2):
            assert (cm.a, cm.b, cm.c(1), cm.c(2), cm["elsewhere"]) == (1, 2, 1, 2, 100)
        assert "a" in vars(cm)
        cm.get(name, use_stored=False)

    assert reads(cm, name) == expected


def test_a_bound_metric_that_was_kept_is_recorded_too(cm: Reading) -> None:
    """A bound metric taken before the computation, and warm, cannot read past the record."""
    kept = cm.c
    assert (kept(5), kept(5)) == (5, 5)

    class Late(Reading):
        @metric
        def late(self) -> int:
            return kept(5)

    late = Late().use(cm.storage_interface)
    assert late.late == 5

    assert [read.metric for read in record(late, "late").reads] == ["c,k=5"]


def test_a_read_carries_the_content_that_it_found(cm: Reading) -> None:
    """What was read is recorded with the hash of its content, which is that of its own record."""
    assert cm.b == 2

    (read,) = record(cm, "b").reads
    assert (read.manager, read.metric) == ("Reading", "a")
    assert read.content == record(cm, "a").content != record(cm, "b").content


def test_equal_content_has_an_equal_hash(cm: Reading) -> None:
    """Computing the same value again gives the same content, whatever the date."""
    assert cm.b == 2
    before = record(cm, "b")
    cm.get(Reading.b, use_stored=False)
    after = record(cm, "b")

    assert after.content == before.content
    assert after.date > before.date


def test_the_record_says_how_it_came_about(tmp_path: Path) -> None:
    """Name, inputs, parameters, code, type, duration, versions and place are in the record."""

    @attrs.frozen
    class Run(DatedCacheManager):
        subject: str
        alpha: float = 0.1

        @metric(dynamic=True, version=3)
        def level(self, k: int, mode: str = "fast") -> float:
            return k * self.alpha

    cm = Run("s01").use(NpzStorageInterface(tmp_path))
    assert cm.get(Run.level(2), verbose=False) == 0.2
    (name,) = NpzStorageInterface(tmp_path).names()
    found = NpzStorageInterface(tmp_path).read_record(name)

    assert found is not None
    assert name.endswith("Run,subject=s01.level,k=2,mode=fast")
    assert (found.metric, dict(found.params)) == ("level", {"k": 2, "mode": "fast"})
    assert dict(found.inputs) == {"subject": "s01", "alpha": 0.1}
    assert (found.type, found.version, found.preview) == ("float", 3, 0.2)
    assert "return k * self.alpha" in found.code.source
    assert found.code.hash and found.code.file == __file__ and found.code.line > 0
    assert found.seconds > 0
    assert found.python and found.host and found.run and "numpy" in found.libraries
