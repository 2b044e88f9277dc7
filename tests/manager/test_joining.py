"""Metrics that wait for threads of their own, which ask for them: told, and not waited for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simple_metrics_manager import DatedCacheManager, MetricCycleError, NpzStorageInterface, metric
from simple_metrics_manager.asking import running

PATIENCE = 30.0


def apply(ask: Callable[[], object]) -> object:
    """Ask."""
    return ask()


def join(ask: Callable[[], object]) -> None:
    """In a plain thread."""
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()


def join_one_of_another(ask: Callable[[], object]) -> None:
    """In a thread that is started by another one, which waits for it, too."""
    join(lambda: join(ask))


def result(ask: Callable[[], object]) -> None:
    """In a pool."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(ask).result()


def leave(ask: Callable[[], object]) -> None:
    """In a pool, whose block is left."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(ask)


def each(ask: Callable[[], object]) -> None:
    """In the map of a pool."""
    with ThreadPoolExecutor(1) as pool:
        list(pool.map(apply, [ask]))


def joined_twice(ask: Callable[[], object]) -> None:
    """In a pool of a thread that is joined."""
    join(lambda: result(ask))


def briefly(ask: Callable[[], object]) -> None:
    """In a thread that is not waited for without a limit."""
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(0.5)


class Lab(DatedCacheManager):
    """A metric that asks for itself elsewhere, directly or through another metric."""

    verbose = False

    def __init__(self, wait: Callable[[Callable[[], object]], None], asked: str) -> None:
        self.wait = wait
        self.asked = asked
        self.errors: list[str] = []

    def metric_inputs(self) -> dict[str, object]:
        """Nothing."""
        return {}

    def ask(self) -> object:
        """What the thread does."""
        try:
            return self.get(self.asked)
        except MetricCycleError as error:
            self.errors.append(str(error))
        return None

    @metric
    def itself(self) -> int:
        """Waits for who asks for it."""
        self.wait(self.ask)
        return 1

    @metric
    def other(self) -> int:
        """Needs it."""
        return self.itself + 1


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits looks round soon."""
    monkeypatch.setattr(running, "TELL_AFTER", 0.1)


@pytest.mark.parametrize("wait", [join, join_one_of_another, result, leave, each, joined_twice])
@pytest.mark.parametrize("asked", ["itself", "other"])
def test_a_metric_that_waits_for_a_thread_that_asks_for_it(
    tmp_path: Path, wait: Callable[[Callable[[], object]], None], asked: str
) -> None:
    """The thread is told of the cycle, and the metric goes on."""
    cm = Lab(wait, asked).use(NpzStorageInterface(tmp_path))
    found = list[int]()
    thread = threading.Thread(target=lambda: found.append(cm.itself), daemon=True)
    thread.start()
    thread.join(PATIENCE)

    assert found == [1]
    through = "Lab.other -> " if asked == "other" else ""
    assert len(cm.errors) == 1
    assert f"Lab.itself -> {through}Lab.itself" in cm.errors[0]


def test_a_metric_that_waits_for_a_while(tmp_path: Path) -> None:
    """Whoever is waited for with a limit waits, and gets the value."""
    cm = Lab(briefly, "itself").use(NpzStorageInterface(tmp_path))

    assert (cm.itself, cm.errors) == (1, [])
