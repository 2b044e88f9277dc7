"""What travels to a worker: a recipe of the manager, and where in it a metric is."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, cast

import pytest

import simple_metrics_manager
from simple_metrics_manager import (
    CannotTravelError,
    DatedCacheManager,
    Metric,
    NpzStorageInterface,
    ObjectStorageInterface,
    ParameterizedDatedCacheManager,
    TieredStorageInterface,
)
from simple_metrics_manager.sweeping.host import Manager
from simple_metrics_manager.sweeping.recipe import Recipe, key_at, point_of
from simple_metrics_manager.sweeping.worker import work
from tests.sweeping.lab import Digits, Fields, Mode, Window, ask, collecting, square

HERE = Path(__file__).parent
PATH = {"PYTHONPATH": str(Path(simple_metrics_manager.__file__).parent.parent)}


def recipe_of(manager: DatedCacheManager) -> Recipe:
    """Its recipe. Sweeps know managers by a protocol."""
    return Recipe.of(cast("Manager", manager))


def elsewhere(manager: DatedCacheManager) -> DatedCacheManager:
    """What another process makes of it."""
    return cast("DatedCacheManager", Recipe(recipe_of(manager).packed(), b"elsewhere").manager())


def found(manager: DatedCacheManager, key: Metric[object]) -> Metric[object]:
    """The key that is found for the pickled point of a key."""
    return key_at(cast("Manager", manager), pickle.loads(pickle.dumps(point_of(key))))


def run(program: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder."""
    command = [sys.executable, *arguments] if not program else [sys.executable, program, *arguments]
    return subprocess.run(command, cwd=folder, env=os.environ | PATH, capture_output=True, text=True, check=False)


# ----------------------------------------------------------------------------------------------------------- points
@pytest.mark.parametrize(
    "key",
    [Digits.process, Digits.inertia(1, Mode.FAST), Digits.inertia(k=2, window=Window(3))],
    ids=lambda key: key.name,
)
def test_a_point_names_a_declared_metric(key: Metric[object]) -> None:
    """A metric is found again by its name and its parameters, which stay the user's objects."""
    again = found(Digits(), key)

    assert (again.name, again.row) == (key.name, key.row)


@pytest.mark.parametrize("name", ["square_2", "named-2-2-5", "nothing-0-", "seven"])
def test_a_point_names_a_function(name: str) -> None:
    """Collected functions, by default names and by the user's, and others are found again, in a worker as well."""
    cm = collecting()
    key: Metric[object] = cm._key(name)
    worker = elsewhere(cm)

    assert found(cm, key).name == found(worker, key).name == name
    assert cm.get(key) == worker.get(found(worker, key))


def test_a_function_that_replaces_a_collected_one_is_found() -> None:
    """What a user has put into ``functions_dict`` in place of a parameter set is what a worker computes."""
    cm = collecting()
    cm.functions_dict["square_2"] = os.getpid
    key = cm.square.key(2)

    assert elsewhere(cm).get(found(elsewhere(cm), key)) == os.getpid()


# ----------------------------------------------------------------------------------------------------------- recipes
def test_a_task_takes_few_bytes(tmp_path: Path) -> None:
    """A task is less than 300 bytes, whatever is held in memory, and brings neither values nor credentials."""
    cm = Digits("s02").use(NpzStorageInterface("/scratch/group/cache"))
    cm.cache["process"] = 5
    cm.cache["inertia,k=1,mode=FAST~d4b785f860fa0a11"] = "x" * 100_000
    task = (work, (recipe_of(cm), [point_of(Digits.process)], True, False))

    assert len(pickle.dumps(task)) < 300


def test_credentials_stay_here() -> None:
    """A worker gets where things are and not who is asking, which its own environment says."""
    shared = ObjectStorageInterface("s3://bucket/group", credentials={"secret_access_key": "hush"})
    cm = Digits().use(TieredStorageInterface(NpzStorageInterface("fast"), shared))

    assert b"hush" not in recipe_of(cm).packed()
    assert cast("TieredStorageInterface", elsewhere(cm).storage_interface).shared == shared


def test_a_directory_is_the_same_from_everywhere() -> None:
    """A worker may have been started in another directory, so paths are absolute."""
    cm = elsewhere(Digits().use(NpzStorageInterface("cache", sharded=True)))

    assert cm.storage_interface == NpzStorageInterface(Path("cache").absolute(), sharded=True)


def test_parameter_sets_stay_here() -> None:
    """Of collected functions the functions travel; a worker takes any parameter set, and cannot list them."""
    cm = collecting(rows=10_000)
    worker = cast("ParameterizedDatedCacheManager", elsewhere(cm))

    assert len(recipe_of(cm).packed()) == len(recipe_of(collecting(1)).packed()) < 600
    assert worker.square(9_999) == 9_999**2
    with pytest.raises(RuntimeError, match="params_list of square did not travel"):
        worker.square.get_all()


def test_fields_travel() -> None:
    """Fields go along, managers among them, and are what they were."""
    inner = Fields([4]).use(NpzStorageInterface("/inner"))
    worker = cast("Fields", elsewhere(Fields([1, 2], inner)))

    assert (worker.total, cast("Fields", worker.inner).total) == (3, 4)
    assert cast("Fields", worker.inner).storage_interface == NpzStorageInterface("/inner")


def test_at_home_it_is_the_manager() -> None:
    """In the process that asks, a recipe is the very manager, pickled on the way or not."""
    cm = Digits()
    recipe = recipe_of(cm)
    again = cast("Recipe", pickle.loads(pickle.dumps(recipe)))

    assert recipe.manager() is cm is again.manager()
    assert recipe.at_home and again.at_home
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(ask, recipe, point_of(Digits.process)).result()[2]


def test_threads_share_one_manager() -> None:
    """All tasks of a recipe have one manager in a process, also if they ask for it at once."""
    packed = recipe_of(Digits("racing")).packed()
    gate = threading.Barrier(8)

    def make(_: int) -> Manager:
        gate.wait()
        return Recipe(packed, b"elsewhere").manager()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(map(id, pool.map(make, range(8))))) == 1


def test_what_cannot_be_sent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipe can be made of any manager, for threads; to send it fails with the part that cannot be sent."""
    monkeypatch.setattr(sys.modules["__main__"], "__file__", __file__, raising=False)  # else it is sent by value
    cm = DatedCacheManager()
    cm.functions_dict = {"good": os.getpid, "bad": lambda: 1}
    locked = Fields([1], threading.Lock())

    with pytest.raises(CannotTravelError, match=r"functions_dict\['bad'\] cannot be sent.*\n.*lambda"):
        pickle.dumps(recipe_of(cm))
    with pytest.raises(CannotTravelError, match=r"Fields.inner cannot be sent .* cannot pickle '_thread.lock'"):
        pickle.dumps(recipe_of(locked))
    assert recipe_of(locked).manager() is locked


# ----------------------------------------------------------------------------------------------------------- workers
@pytest.fixture(params=["spawn", "forkserver", "loky", "dask"], scope="module")
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Real workers in other processes."""
    kind = cast("str", request.param)
    if kind == "loky":
        loky = pytest.importorskip("loky")
        with cast("Executor", loky.ProcessPoolExecutor(1)) as pool:
            yield pool
    elif kind == "dask":
        distributed = pytest.importorskip("distributed")
        settings: dict[str, Any] = {"dashboard_address": None, "host": "127.0.0.1", "silence_logs": 50}
        with (
            distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=True, **settings) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client.get_executor(pure=False)
    else:
        with ProcessPoolExecutor(1, mp_context=get_context(kind)) as pool:
            yield pool


def test_a_worker_computes_and_stores(executor: Executor, tmp_path: Path) -> None:
    """What a worker has computed is in the storage under the name that it has here."""
    cm = Digits("s02").use(NpzStorageInterface(tmp_path))
    key = Digits.inertia(2, window=Window(3))
    value, process, at_home = executor.submit(ask, recipe_of(cm), point_of(key)).result()

    assert value == cm.load(key) == "s02 2 SLOW Window(size=3)"
    assert process != os.getpid()
    assert not at_home


def test_a_worker_computes_collected_functions(executor: Executor, tmp_path: Path) -> None:
    """A collected function is computed by a worker that was not told its parameter sets."""
    cm = collecting().use(NpzStorageInterface(tmp_path))
    value = executor.submit(ask, recipe_of(cm), point_of(cm.square.key(2))).result()[0]

    assert value == cm.load("square_2") == square(2)


# ---------------------------------------------------------------------------------------------------------- __main__
BY_VALUE = """
Unslotted.start 4.0
Data.start 5.0
Data.start 5.0
Plain.start 2.0
Plain.inertia(k=1, mode=<Mode.FAST: 1>) [0. 4. 8.]
Plain.result Result(x=12.0, n=3)
Slotted.times(k=4) 12.0
square 25
scaled 50
15 stored, 15 with the hash of their code, by ['program.Mode', 'program.Result', 'program.doubled']
"""


@pytest.mark.parametrize("how", ["raw", "recipe"])
def test_main_goes_by_value(how: str, tmp_path: Path) -> None:
    """With cloudpickle, managers of ``__main__`` are computed by a process that has another, and are found here."""
    pytest.importorskip("cloudpickle")
    done = run(str(HERE / "program.py"), tmp_path, how)

    assert done.stderr == ""
    assert done.stdout == BY_VALUE.lstrip()


PROMPT = """
import sys
{block}
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, metric
from simple_metrics_manager.sweeping.preflight import preflight
from simple_metrics_manager.sweeping.recipe import Recipe

class Digits(DatedCacheManager):
    verbose = False
    @metric
    def one(self) -> int:
        return 1

cm = Digits(NpzStorageInterface('stored'))
with ProcessPoolExecutor(1, mp_context=get_context('spawn')) as pool:
    try:
        print(preflight(pool, Recipe.of(cm)).in_process)
    except Exception as error:
        print(type(error).__name__, error)
"""


def test_a_prompt_needs_cloudpickle(tmp_path: Path) -> None:
    """Where ``__main__`` is no file, cloudpickle carries its classes; without it, what to do is said."""
    pytest.importorskip("cloudpickle")
    carried = run("", tmp_path, "-c", PROMPT.format(block=""))
    refused = run("", tmp_path, "-c", PROMPT.format(block="sys.modules['cloudpickle'] = None"))

    assert (carried.stdout, carried.stderr) == ("False\n", "")
    assert refused.stdout.startswith("CannotTravelError Digits cannot be sent to a worker: it is defined in __main__")
    assert "pip install 'simple-metrics-manager[notebook]'" in refused.stdout
