"""On every executor: the right values in order, each computed once; failures as they were; nothing lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import threading
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest

from simple_metrics_manager import MemoryStorageInterface, NpzStorageInterface
from simple_metrics_manager.errors import (
    BrokenSweepError,
    ForkingPoolError,
    MetricFailedError,
    UnreachableStorageError,
)
from simple_metrics_manager.outcomes.failure import Failure
from tests.documents import ROOT
from tests.sweeping.engines import ENGINES, IN_PROCESS, POOLS, dask, processes
from tests.sweeping.workshop import (
    ALL,
    BAD,
    DEADLY,
    POINTS,
    VALUES,
    Collection,
    MishapError,
    Workshop,
    cubed,
    made_in,
    runs,
    trouble,
)

GOOD = [n for n in range(8) if n not in BAD]


# While tests are collected: any test may start the server that forks workers, which keeps this environment for ever.
os.environ["WORKSHOP_LOG"] = os.path.join(tempfile.gettempdir(), f"workshop-{os.urandom(8).hex()}.log")


@pytest.fixture(scope="module")
def collected_log() -> Iterator[Path]:
    """Where a function without a manager notes its runs: workers find it in their environment."""
    log = Path(os.environ["WORKSHOP_LOG"])
    yield log
    log.unlink(missing_ok=True)


@pytest.fixture(scope="module", params=list(ENGINES))
def engine(request: pytest.FixtureRequest, collected_log: Path) -> Iterator[tuple[str, Executor]]:
    """Each executor by its name, started once."""
    name: str = request.param
    with ENGINES[name]() as executor:
        yield name, executor


@pytest.fixture
def executor(engine: tuple[str, Executor]) -> Executor:
    """The executor."""
    return engine[1]


def test_a_sweep(executor: Executor, tmp_path: Path) -> None:
    """Values come in the order of ``params_list``; the diamond is computed first, and everything once."""
    cm = made_in(tmp_path)

    assert cm.point.get_all(executor=executor) == VALUES

    assert runs(cm.log) == ALL
    order = cm.log.read_text(encoding="utf-8").split("\n")
    assert (order[0], {*order[1:3]}, order[3]) == ("top", {"left", "right"}, "bottom")


def test_everything(executor: Executor, tmp_path: Path) -> None:
    """``get_all()`` of a manager gives everything that is declared, by name."""
    cm = made_in(tmp_path)

    found = cm.get_all(executor=executor)

    assert found == made_in(tmp_path).get_all()
    assert [*found][:4] == ["top", "left", "right", "bottom"]
    assert found["point,n=3"] == VALUES[3]
    assert runs(cm.log) == Counter(name.replace(",n=", " ") for name in found)


def test_some_keys(executor: Executor, tmp_path: Path) -> None:
    """Keys may be of several metrics, may come twice, and in any order; what they need is computed with them."""
    cm = made_in(tmp_path)
    keys = [Workshop.point(5), Workshop.left, Workshop.risky(1), Workshop.left, Workshop.point(0)]

    assert cm.get_all(keys, executor=executor) == [11, 2, 1, 2, 6]
    assert runs(cm.log) == Counter(["top", "left", "right", "bottom", "point 5", "point 0", "risky 1"])


def test_only_what_is_missing(executor: Executor, tmp_path: Path) -> None:
    """A second sweep computes what the first did not have, and a new manager finds all of it."""
    first = made_in(tmp_path)
    first.get_all([Workshop.point(n) for n in range(0, POINTS, 2)], executor=executor)

    assert made_in(tmp_path).point.get_all(executor=executor) == VALUES
    assert made_in(tmp_path).point.get_all() == VALUES
    assert runs(first.log) == ALL


def test_anew(executor: Executor, tmp_path: Path) -> None:
    """``use_stored=False`` computes what is asked for anew, once, and not what it needs."""
    cm = made_in(tmp_path)
    cm.point.get_all(executor=executor)

    assert cm.point.get_all(executor=executor, use_stored=False) == VALUES

    assert runs(cm.log) == Counter({name: 2 if name.startswith("point") else 1 for name in ALL})


def test_failures_are_collected(engine: tuple[str, Executor], tmp_path: Path) -> None:
    """A failure stands where the value would, and says what was raised where; the next sweep tries only that."""
    name, executor = engine
    cm = made_in(tmp_path)
    trouble(cm.log).touch()

    found = cm.risky.get_all(executor=executor, on_error="collect")

    failures = [each for each in found if isinstance(each, Failure)]
    assert [each for each in found if not isinstance(each, Failure)] == GOOD
    assert [each.metric for each in failures] == [f"risky,n={n}" for n in BAD]
    assert [(each.label, each.error, each.message) for each in failures] == [
        (f"Workshop.risky(n={n})", "MishapError", f"{n} went wrong") for n in BAD
    ]
    assert all('raise MishapError(f"{n} went wrong")' in each.traceback for each in failures)
    assert all(isinstance(each.exception, MishapError) for each in failures)
    assert {bool(each.host) for each in failures} == {name not in IN_PROCESS}
    assert made_in(tmp_path).failures().keys() == {each.metric for each in failures}
    trouble(cm.log).unlink()
    assert cm.retry_failed(executor=executor) == {f"risky,n={n}": n for n in BAD}
    assert runs(cm.log) == Counter({f"risky {n}": 1 + (n in BAD) for n in range(8)})


def test_what_needs_a_failure_is_skipped(executor: Executor, tmp_path: Path) -> None:
    """A metric that cannot be computed without the failed one is not tried, and says why."""
    cm = made_in(tmp_path)
    trouble(cm.log).touch()

    found = cm.get_all([Workshop.built(2), Workshop.ground, Workshop.top], executor=executor, on_error="collect")

    built, ground = found[:2]
    assert found[2] == 1
    assert isinstance(ground, Failure)
    assert isinstance(built, Failure)
    assert (ground.because, built.because) == ("", "ground")
    assert str(built) == "Workshop.built(n=2) was skipped: it needs ground, which failed"
    assert runs(cm.log) == Counter(["ground", "top"])


def test_a_failure_is_raised(executor: Executor, tmp_path: Path) -> None:
    """The user's own exception is raised, with what happened on the worker, and the rest can be taken up later."""
    cm = made_in(tmp_path)
    trouble(cm.log).touch()

    with pytest.raises(MishapError, match=r"^[25] went wrong\nwhile computing the metric Workshop.risky") as caught:
        cm.risky.get_all(executor=executor)

    assert 'raise MishapError(f"{n} went wrong")' in "".join(traceback.format_exception(caught.value))
    trouble(cm.log).unlink()
    assert made_in(tmp_path).risky.get_all(executor=executor) == [*range(8)]
    counts = runs(cm.log)
    assert {counts[f"risky {n}"] for n in GOOD} == {1}
    assert sorted(counts[f"risky {n}"] for n in BAD) in ([1, 2], [2, 2])


def test_exceptions_that_cannot_travel(engine: tuple[str, Executor], tmp_path: Path) -> None:
    """What cannot be pickled, or not be unpickled, comes as text, and takes neither the task nor the pool along."""
    name, executor = engine
    cm = made_in(tmp_path)
    trouble(cm.log).touch()

    found = cm.awkward.get_all(executor=executor, on_error="collect")

    assert [(each.error, each.message) for each in found if isinstance(each, Failure)] == [
        ("TwoSidedError", "1 against 0"),
        ("HoldingError", "held"),
    ]
    if name in POOLS:
        with pytest.raises(MetricFailedError, match=r"Workshop.awkward\(n=2\) raised HoldingError .*: held") as caught:
            cm.get_all([Workshop.awkward(2)], executor=executor)
        assert "in awkward\n" in caught.value.traceback
    trouble(cm.log).unlink()
    assert cm.awkward.get_all(executor=executor) == [1, 2]


LEAVING = ["SystemExit", "CancelledError", "GeneratorExit"]


def test_exceptions_that_are_none(executor: Executor, tmp_path: Path) -> None:
    """``SystemExit`` and the like, raised by the function of one metric, are failures of that metric alone."""
    cm = made_in(tmp_path)
    trouble(cm.log).touch()

    found = cm.leaving.get_all(executor=executor, on_error="collect")

    assert [each.error if isinstance(each, Failure) else each for each in found] == [0, *LEAVING]
    assert [each.error for each in made_in(tmp_path).failures().values()] == LEAVING
    trouble(cm.log).unlink()
    assert cm.retry_failed(executor=executor) == {f"leaving,n={n}": n for n in (1, 2, 3)}


@pytest.mark.parametrize("kind", ["none", "memory", "memory url"])
def test_a_storage_that_workers_do_not_reach(engine: tuple[str, Executor], tmp_path: Path, kind: str) -> None:
    """Threads need no storage; other processes need one that is not in memory, which is told before anything runs."""
    name, executor = engine
    cm = Workshop(tmp_path / "log")
    if kind == "memory":
        cm.use(MemoryStorageInterface())
    elif kind == "memory url":
        pytest.importorskip("obstore")
        from simple_metrics_manager import ObjectStorageInterface

        cm.use(ObjectStorageInterface(f"memory:///{tmp_path.name}"))

    if name in IN_PROCESS:
        assert cm.point.get_all(executor=executor) == VALUES
        assert runs(cm.log) == ALL
    else:
        with pytest.raises(UnreachableStorageError, match=r"Workshop keeps its values in .*without a storage"):
            cm.point.get_all(executor=executor)
        assert runs(cm.log) == {}


def test_collected_functions(executor: Executor, collected_log: Path, tmp_path: Path) -> None:
    """Functions that are collected, as in 0.5.0, are swept as metrics are."""
    collected_log.unlink(missing_ok=True)
    Collection.storage_interface = NpzStorageInterface(tmp_path)
    Collection.clear_cache()
    try:
        assert Collection.cubed.get_all(executor=executor) == [1, 8, 27]
        assert Collection.get_all(["cubed_2", "cubed_3"], executor=executor) == [8, 27]
    finally:
        Collection.storage_interface = None
    assert runs(collected_log) == Counter(["cubed 1", "cubed 2", "cubed 3"])
    assert cubed(4) == 64


# ------------------------------------------------------------------------------------------------------------- deaths
@pytest.mark.parametrize("name", ["spawn", "loky"])
def test_a_worker_dies(name: str, tmp_path: Path) -> None:
    """A pool breaks when a process of it dies: the error counts what is stored, and a new pool computes the rest."""
    cm = made_in(tmp_path)
    trouble(cm.log).touch()

    with POOLS[name]() as pool, pytest.raises(BrokenSweepError) as caught:
        cm.deadly.get_all(executor=pool)

    stored = len([*NpzStorageInterface(tmp_path / "store").names()])
    assert (caught.value.stored, caught.value.total) == (stored, 12)
    assert f"{stored} of 12 are stored; call again" in str(caught.value)
    assert DEADLY - 4 <= stored < 12
    trouble(cm.log).unlink()
    with POOLS[name]() as pool:
        assert cm.deadly.get_all(executor=pool) == [*range(12)]
    again = runs(cm.log) - Counter(f"deadly {n}" for n in range(12))
    assert again[f"deadly {DEADLY}"] == 1
    assert again.total() <= 2  # that one, and what the other worker had begun


def test_a_point_that_kills_its_workers(tmp_path: Path) -> None:
    """Dask starts workers anew and gives a task up after some deaths: the others are computed, it alone is reported."""
    cm = made_in(tmp_path)
    trouble(cm.log).touch()

    with dask(deaths=0) as executor:
        found = cm.deadly.get_all(executor=executor, on_error="collect")

    failure = found[DEADLY]
    assert isinstance(failure, Failure)
    assert (failure.metric, failure.error) == (f"deadly,n={DEADLY}", "KilledWorker")
    assert [each for each in found if each is not failure] == [n for n in range(12) if n != DEADLY]
    assert made_in(tmp_path).failures().keys() == {failure.metric}
    trouble(cm.log).unlink()
    assert made_in(tmp_path).retry_failed() == {failure.metric: DEADLY}


# -------------------------------------------------------------------------------------------- programs of their own
def script(body: str, folder: Path, *arguments: str) -> object:
    """What a program prints as JSON; it has ``cm`` and ``main`` to fill in."""
    path = folder / "program.py"
    path.write_text(textwrap.dedent(body), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, str(path), str(folder), *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


STOPPED = """
    import json, os, signal, sys
    from pathlib import Path
    from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, metric

    def ended(number, frame):
        sys.exit(5)

    class Night(DatedCacheManager):
        verbose = False

        @metric(params_list=[(n,) for n in range(6)])
        def hour(self, n: int) -> int:
            if n == 3:
                os.kill(os.getpid(), getattr(signal, sys.argv[2]))
            return n

    signal.signal(signal.SIGTERM, ended)
    storage = NpzStorageInterface(Path(sys.argv[1]) / "store")
    try:
        Night(storage).hour.get_all(on_error="collect")
    except BaseException as error:
        print(json.dumps([type(error).__name__, sorted(storage.names()), list(Night(storage).failures())]))
    """


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
@pytest.mark.parametrize(("number", "error"), [("SIGINT", "KeyboardInterrupt"), ("SIGTERM", "SystemExit")])
def test_signals_end_a_sweep(tmp_path: Path, number: str, error: str) -> None:
    """Ctrl-C, and a signal whose handler ends the program, stop a sweep that collects; what was finished is stored."""
    answer = script(STOPPED, tmp_path, number)

    assert answer == [error, [f"Night.hour,n={n}" for n in range(3)], []]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork(tmp_path: Path) -> None:
    """A program with one thread may fork its workers."""
    answer = script(
        """
        import json, multiprocessing, sys
        from concurrent.futures import ProcessPoolExecutor
        from pathlib import Path
        from tests.sweeping.workshop import made_in, runs

        cm = made_in(Path(sys.argv[1]))
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
            print(json.dumps([cm.point.get_all(executor=pool), runs(cm.log)]))
        """,
        tmp_path,
    )

    assert answer == [VALUES, ALL]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork_beside_threads(tmp_path: Path) -> None:
    """One with several may not, and is told so before anything is computed: a lock might stay locked for ever."""
    cm = made_in(tmp_path)
    stop = threading.Event()
    with ThreadPoolExecutor(1) as other:
        other.submit(stop.wait)
        try:
            with processes("fork")() as pool, pytest.raises(ForkingPoolError, match="'spawn'"):
                cm.point.get_all(executor=pool)
        finally:
            stop.set()

    assert runs(cm.log) == {}


def test_mpi(tmp_path: Path) -> None:
    """``mpi4py.futures`` is an executor like the others, failures included."""
    pytest.importorskip("mpi4py", reason="mpi4py is not installed")
    answer = script(
        """
        import json, sys
        from pathlib import Path

        def main():
            try:
                from mpi4py.futures import MPIPoolExecutor
                pool = MPIPoolExecutor(2)
                pool.submit(abs, 1).result()
            except Exception as error:  # without an MPI library
                return f"MPI does not work here: {error}"
            from tests.sweeping.workshop import made_in, runs, trouble

            cm = made_in(Path(sys.argv[1]))
            with pool:
                values = cm.point.get_all(executor=pool)
                counts = runs(cm.log)
                trouble(cm.log).touch()
                failures = [str(each) for each in cm.risky.get_all(executor=pool, on_error="collect")]
            return [values, counts, failures]

        if __name__ == "__main__":
            print(json.dumps(main()))
        """,
        tmp_path,
    )
    if isinstance(answer, str):
        pytest.skip(answer)

    failed = [f"Workshop.risky(n={n}): MishapError: {n} went wrong" if n in BAD else str(n) for n in range(8)]
    assert answer == [VALUES, ALL, failed]
