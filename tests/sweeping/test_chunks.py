"""Tasks of a sweep: long enough to be worth handing over, short enough to be shared out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.sweeping.chunks import LEAST_SECONDS, TASK_SECONDS, Chunks


def learnt(seconds: float, slots: int = 4) -> Chunks:
    """What is known after one point."""
    chunks = Chunks(slots)
    chunks.learn("m", seconds, 1)
    return chunks


@given(st.floats(0, 1e5), st.integers(1, 10**6), st.integers(1, 1000))
def test_a_task_has_something_to_do(seconds: float, waiting: int, slots: int) -> None:
    """It has at least one point, at most all, and takes no longer than it should unless it is one."""
    size = learnt(seconds, slots).size("m", waiting)

    assert 1 <= size <= waiting
    assert size == 1 or size * seconds <= max(TASK_SECONDS, 0.005 * slots)


def test_sizes() -> None:
    """Nothing is known at first; then many, and fewer towards the end, but not too few."""
    assert Chunks(4).size("m", 1000) == 1
    assert learnt(0.001).size("m", 100_000) == 500
    assert learnt(0.001).size("m", 1000) == 125
    assert learnt(0.001).size("m", 300) == 100 == int(LEAST_SECONDS / 0.001)
    assert learnt(0.001).size("m", 7) == 7
    assert learnt(0.1).size("m", 8) == 1
    assert learnt(60.0).size("m", 8) == 1
    assert learnt(0.1, slots=1000).size("m", 10**6) == 50  # 1,000 workers ask for 200 tasks a second


def test_expecting() -> None:
    """A recorded duration of next to nothing does not fill the first task: storing takes its time, too."""
    chunks = Chunks(4)
    chunks.expect("m", 1e-6)
    assert chunks.size("m", 100_000) == 50

    chunks.learn("m", 0.05, 50)
    assert chunks.seconds["m"] == 0.001
    assert chunks.size("m", 100_000) == 500


def test_learning() -> None:
    """A slow first point is soon outweighed, and a sweep that becomes slower is followed."""
    chunks = learnt(1.0)
    for _ in range(3):
        chunks.learn("m", 0.1, 100)
    assert chunks.seconds["m"] < 0.02

    for _ in range(20):
        chunks.learn("m", 1.0, 1)
    assert chunks.seconds["m"] > 0.9
