"""Sweeps that tests tell of, in the order in which a driver does; run as a program, one of 200 values."""

from __future__ import annotations

import sys
import time

from simple_metrics_manager.events import (
    Computed,
    ComputeFailed,
    ComputeStarted,
    SweepEnded,
    SweepProgressed,
    SweepStarted,
    tell,
)


def sweep(title: str, total: int, *, failing: tuple[int, ...] = (), pause: float = 0.0, says: str = "") -> None:
    """Tell of ``total`` values, of which some fail; a second is said to pass for each. Print ``says`` in between."""
    tell(SweepStarted(title, total, 0, total, float(total)))
    for number in range(total):
        part = f"{title}(k={number})"
        tell(ComputeStarted(part))
        if pause:
            time.sleep(pause)
        if number in failing:
            tell(ComputeFailed(part, 0.01, "ValueError: k is odd"))
        else:
            tell(Computed(part, 0.01))
        done, failed = number + 1, sum(other <= number for other in failing)
        tell(SweepProgressed(title, done, total, failed, float(done), float(total - done)))
        if says and done == total // 2:
            print(says)  # noqa: T201 - what a metric does
    tell(SweepEnded(title, total - len(failing), 0, len(failing), 0, float(total)))


if __name__ == "__main__":
    sweep("Digits.inertia", 200, failing=(50, 120), pause=float(sys.argv[1]), says="a metric prints")
