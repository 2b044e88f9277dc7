"""A program: saves during which memory runs out, at ever later allocations; a line for each says what became of it.

It is no test of its own because pytest would take part in the allocations. With no memory at all from some point on,
the interpreter itself does not get on: a few allocations fail, and the next ones do not.
"""

from __future__ import annotations

import importlib
import sys
from functools import partial
from pathlib import Path
from typing import Protocol, cast

from simple_metrics_manager import MetricsError, NpzStorageInterface
from tests.faults.engine import Child, fresh
from tests.faults.subject import NEW, OLD, SMALL, Instrument, Seen, look, save, shows


class Memory(Protocol):
    """``_testcapi`` of CPython, as far as allocations go."""

    def set_nomemory(self, start: int, stop: int, /) -> None: ...
    def remove_mem_hooks(self) -> None: ...


def starve(storage: NpzStorageInterface, start: int, length: int) -> tuple[str, Seen | None, Seen | None]:
    """A save in which ``length`` allocations fail, after ``start`` that do not: the error, what is stored then, and
    what is stored after a retry."""
    memory = cast("Memory", importlib.import_module("_testcapi"))
    shows.set((NEW, SMALL))
    cm = Instrument(storage)
    failure = "none"
    memory.set_nomemory(start, start + length)
    try:
        cm.get(Instrument.reading, use_stored=False)
    except (MemoryError, MetricsError) as error:
        memory.remove_mem_hooks()
        failure = type(error).__name__
    finally:
        memory.remove_mem_hooks()
    stored = look(storage)
    cm.get(Instrument.reading, use_stored=False)
    return failure, stored, look(storage)


def retry(storage: NpzStorageInterface) -> Seen | None:
    """What is stored after a save in peace."""
    save(storage, NEW, SMALL)
    return look(storage)


def main(folder: str) -> None:
    """Some two hundred saves."""
    storage = NpzStorageInterface(Path(folder))
    for length in (1, 20):
        for start in range(0, 3000, 29):
            save(storage, OLD, SMALL)
            outcome = Child(partial(starve, storage, start, length)).outcome()
            if outcome.ending in ("crashed", "hung"):  # the interpreter itself may not bear it: a death like any other
                failure, *seen = "crashed", look(storage), fresh(partial(retry, storage))
            else:
                failure, *seen = outcome.result()
            sys.stdout.write(f"{failure} {' '.join('nothing' if s is None else str(s.value) for s in seen)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
