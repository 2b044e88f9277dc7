"""What a worker hands back: for each metric what became of it. Values never travel, they are in the storage."""

from __future__ import annotations

import pickle
from typing import Literal, NamedTuple, TypeAlias

import attrs

from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.sweeping.same_code import Code

Status: TypeAlias = Literal["computed", "stored", "failed"]


class Receipt(NamedTuple):
    """What became of one metric, and the seconds that it took. ``here`` says that it was in the asking process."""

    status: Status
    seconds: float
    failure: Failure | None = None
    here: bool = True


class Receipts(NamedTuple):
    """What one task has done, in the order in which it was asked: nothing, if its worker has ``other`` code."""

    host: str
    process: int
    receipts: tuple[Receipt, ...]
    other: Code | None = None


def fit_to_travel(failure: Failure) -> Failure:
    """The failure, without its exception if that would not survive the journey.

    Many exceptions pickle and cannot be unpickled, since their constructor takes other arguments; in a pool of
    processes such a one would take the whole pool along.
    """
    try:
        pickle.loads(pickle.dumps(failure.exception))  # noqa: S301 - made in this very line
    except Exception:  # noqa: BLE001 - whatever an exception of the user's does when it is made again
        return attrs.evolve(failure, exception=None)
    return failure
