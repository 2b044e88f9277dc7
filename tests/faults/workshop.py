"""What processes do together: managers that note each computation in a log, the places they share, and their tasks."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from simple_metrics_manager import (
    DatedCacheManager,
    NpzStorageInterface,
    ObjectStorageInterface,
    SqliteStorageInterface,
    TieredStorageInterface,
    metric,
)
from simple_metrics_manager.events import Event, SetAside, Superseded, TookOver, Waiting, listening
from tests.stores.object_server import BUCKET, CREDENTIALS, Server

if sys.platform != "win32":
    import fcntl

Kind: TypeAlias = Literal["files", "leases", "database", "objects", "tiered"]
AnyStorage: TypeAlias = NpzStorageInterface | SqliteStorageInterface | ObjectStorageInterface | TieredStorageInterface
KINDS: tuple[Kind, ...] = ("files", "leases", "database", "objects", "tiered")

TOLD = (Waiting, TookOver, Superseded, SetAside)
"""The events that tasks bring home."""


@attrs.frozen
class Place:
    """A storage as it can be told to another process."""

    kind: Kind
    where: str
    lease: float = 60.0
    server: Server | None = None

    def storage(self) -> AnyStorage:
        """The storage there."""
        if self.kind == "files":
            return NpzStorageInterface(self.where, lease=self.lease)
        if self.kind == "leases":
            return NpzStorageInterface(self.where, shared=True, lease=self.lease)
        if self.kind == "database":
            return SqliteStorageInterface(f"{self.where}/metrics.sqlite")
        if self.kind == "tiered":
            fast = NpzStorageInterface(f"{self.where}/fast", durability="cache")
            return TieredStorageInterface(fast, NpzStorageInterface(f"{self.where}/shared", lease=self.lease))
        assert self.server is not None
        url = f"s3://{BUCKET}/{os.path.basename(self.where)}"
        options = self.server.options
        return ObjectStorageInterface(url, options=options, credentials=CREDENTIALS, retries=3, lease=self.lease)

    def claims_left(self) -> int:
        """How many claims lie there, besides those that somebody was about to remove."""
        if self.kind == "objects":
            storage = self.storage()
            return len(list(storage.beside(".lease").names()))
        paths = list(Path(self.where).rglob("*"))
        locks = [path for path in paths if path.is_file() and "computing" in f"{path.parent.name}/{path.name}"]
        leases = [path for path in paths if path.parent.name == ".leases" and not path.name.startswith(".grave-")]
        return len(locks) + len(leases)

    def claims_held(self) -> int:
        """How many of these somebody holds. A file that was made to be locked, and is not, keeps nobody waiting."""
        found = 0
        for path in Path(self.where).rglob("*computing*"):
            for file in path.iterdir() if path.is_dir() else [path]:
                with file.open("rb") as opened:
                    try:
                        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        found += 1
        return found if self.kind in {"files", "database"} else self.claims_left()


# ------------------------------------------------------------------------------------------------------- the log


@attrs.frozen
class Log:
    """A file to which every process appends what it begins and ends, a line each."""

    path: Path

    def write(self, what: str, name: str) -> None:
        """Append a line, which the system does as a whole."""
        line = f"{what} {name} {os.getpid()}-{threading.get_ident()} {time.monotonic()!r}\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    def lines(self) -> list[list[str]]:
        """All of them, in words."""
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        return [line.split(" ") for line in text.splitlines()]

    def runs(self) -> Counter[str]:
        """How often each metric was begun."""
        return Counter(line[1] for line in self.lines() if line[0] == "begin")

    def wait_for(self, what: str, name: str, count: int = 1) -> float:
        """Wait until so many such lines are there; the time of the last of them."""
        end = time.monotonic() + 30.0
        while True:
            found = [line for line in self.lines() if line[:2] == [what, name]]
            if len(found) >= count:
                return float(found[count - 1][3])
            assert time.monotonic() < end, f"nobody does {what} {name}"
            time.sleep(0.002)

    @contextmanager
    def noting(self, name: str) -> Generator[None]:
        """A block whose begin and end are noted."""
        self.write("begin", name)
        yield
        self.write("end", name)


# -------------------------------------------------------------------------------------------------- the managers


class Counted(DatedCacheManager):
    """Metrics whose every computation gives another value, and is logged. A computation takes ``seconds``."""

    verbose = False

    def __init__(self, log: Log, seconds: float = 0.05) -> None:
        self.log = log
        self.seconds = seconds

    def metric_inputs(self) -> dict[str, object]:
        """Nothing: what is noted and how long it takes is all one."""
        return {}

    def _made(self, name: str, *needs: NDArray[np.float64]) -> NDArray[np.float64]:
        with self.log.noting(name):
            time.sleep(self.seconds)
            return np.full(300, random.SystemRandom().random() + sum(float(need[0]) for need in needs))

    @metric
    def lone(self) -> NDArray[np.float64]:
        """Needs nothing."""
        return self._made("lone")

    @metric
    def base(self) -> NDArray[np.float64]:
        """What the two sides of the diamond need."""
        return self._made("base")

    @metric
    def left(self) -> NDArray[np.float64]:
        """One side."""
        return self._made("left", self.base)

    @metric
    def right(self) -> NDArray[np.float64]:
        """The other side."""
        return self._made("right", self.base)

    @metric
    def top(self) -> NDArray[np.float64]:
        """What needs both."""
        return self._made("top", self.left, self.right)

    @metric
    def broken(self) -> float:
        """Raises, and says in which process."""
        with self.log.noting("broken"):
            time.sleep(self.seconds)
            raise ValueError(f"broken in {os.getpid()}")


class Grown(Counted):
    """The same metrics, of which one was declared anew; it goes by the same name."""

    __qualname__ = "Counted"

    @metric(version=2)
    def lone(self) -> NDArray[np.float64]:
        """Computed in another way."""
        return self._made("lone")


def needs_of(node: int, seed: int) -> list[int]:
    """The nodes that this one needs, some of those before it."""
    chance = random.Random(1000 * seed + node)
    return chance.sample(range(node), min(node, chance.randrange(4)))


class Graph(DatedCacheManager):
    """Nodes that need each other in some way, but not in a circle; a chain, and a circle."""

    verbose = False

    def __init__(self, log: Log, seed: int = 0, seconds: float = 0.002) -> None:
        self.log = log
        self.seed = seed
        self.seconds = seconds

    def metric_inputs(self) -> dict[str, object]:
        """The graph."""
        return {"seed": self.seed}

    @metric(dynamic=True)
    def node(self, number: int) -> float:
        """The sum of what it needs."""
        needs = needs_of(number, self.seed)
        with self.log.noting(f"node-{number}"):
            chance = random.Random()
            time.sleep(chance.uniform(0, self.seconds))
            chance.shuffle(needs)
            return 1 + sum(self.node(need) for need in needs)

    @metric(dynamic=True)
    def link(self, number: int) -> int:
        """Takes its time before it needs the next one, so that somebody else has begun that by then."""
        with self.log.noting(f"link-{number}"):
            time.sleep(self.seconds)
            return number if number == 0 else self.link(number - 1) + 1

    @metric(dynamic=True)
    def ring(self, number: int, size: int) -> int:
        """Needs the next one of a circle, when all of them have been begun."""
        with self.log.noting(f"ring-{number}"):
            while len(self.log.runs()) < size:
                time.sleep(0.002)
            return self.ring((number + 1) % size, size)


# ---------------------------------------------------------------------------------------------------- the tasks


@attrs.frozen
class Told:
    """What the threads of one process were given, or which errors they got as text, and what they heard of."""

    answers: list[object]
    events: list[Event]

    def heard(self, kind: type[Event]) -> list[Event]:
        """The events of this kind."""
        return [event for event in self.events if isinstance(event, kind)]


@attrs.frozen
class Failed:
    """An error that somebody got: its kind, its text and its notes."""

    kind: str
    text: str
    notes: tuple[str, ...]

    @classmethod
    def of(cls, error: BaseException) -> Failed:
        """This error."""
        return cls(type(error).__name__, str(error), tuple(getattr(error, "__notes__", ())))


def together(asks: Sequence[Callable[[], object]], start: float = 0.0, log: Log | None = None) -> Told:
    """What these give, asked by a thread each at the same time. The log learns of who waits."""
    events = list[Event]()

    def hear(event: Event) -> None:
        events.append(event)
        if log is not None and isinstance(event, Waiting):
            log.write("wait", event.metric)

    barrier = threading.Barrier(len(asks))

    def call(ask: Callable[[], object]) -> object:
        barrier.wait()
        time.sleep(max(0.0, start - time.time()))
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - whatever it raises is the answer
            return Failed.of(error)

    with listening(hear), ThreadPoolExecutor(len(asks)) as threads:
        answers = list(threads.map(call, asks))
    return Told(answers, [event for event in events if isinstance(event, TOLD)])


def ask(cm: DatedCacheManager, name: str, *, use_stored: bool = True) -> Callable[[], object]:
    """A question."""
    return lambda: cm.get(name, use_stored=use_stored)


def counted(
    place: Place,
    log: Log,
    names: Sequence[str],
    *,
    seconds: float = 0.05,
    use_stored: bool = True,
    grown: bool = False,
    start: float = 0.0,
) -> Told:
    """Ask a manager that knows nothing yet for all these at once."""
    cm = (Grown if grown else Counted)(log, seconds).use(place.storage())
    return together([ask(cm, name, use_stored=use_stored) for name in names], start, log)


def nodes(place: Place, log: Log, seed: int, count: int, threads: int) -> Told:
    """Ask for all nodes of a graph, by several threads, each in an order of its own."""
    cm = Graph(log, seed).use(place.storage())

    def walk() -> object:
        order = list(range(count))
        random.Random().shuffle(order)
        return sum(cm.node(number) for number in order)

    return together([walk] * threads)


def link(place: Place, log: Log, number: int, seconds: float) -> Told:
    """Ask for one link of a chain."""
    cm = Graph(log, seconds=seconds).use(place.storage())
    return together([lambda: cm.link(number)])


def ring(place: Place, log: Log, numbers: Sequence[int], size: int) -> Told:
    """Ask for some of a circle of metrics that need each other, by a thread each."""
    cm = Graph(log).use(place.storage())
    return together([lambda number=number: cm.ring(number, size) for number in numbers])  # type: ignore[misc]  # no default


def stored(place: Place) -> list[str]:
    """What lies there."""
    return list(place.storage().names())


@attrs.frozen
class Broken:
    """What a process that was interrupted has seen of it."""

    interrupted: bool
    values: list[object]


class Many(DatedCacheManager):
    """A sweep of quick metrics that need one another."""

    verbose = False

    def __init__(self, log: Log) -> None:
        self.log = log

    def metric_inputs(self) -> dict[str, object]:
        """Nothing."""
        return {}

    @metric(params_list=[(number,) for number in range(20)])
    def step(self, number: int) -> NDArray[np.float64]:
        """One of them."""
        with self.log.noting(f"step-{number}"):
            return np.full(50, self.step(number - 1)[0] + 1 if number else 0.0)


def sweep(place: Place, log: Log) -> list[float]:
    """All of the sweep."""
    return [float(value.sum()) for value in Many(log).use(place.storage()).step.get_all()]


def interrupted_sweep(place: Place, log: Log) -> bool:
    """All of the sweep, until somebody sends an interrupt; whether that came before the end.

    The process and its manager live on, as a notebook does.
    """
    cm = Many(log).use(place.storage())
    _alive.append(cm)
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        log.write("ready", str(os.getpid()))
        cm.step.get_all()
        time.sleep(30)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _alive.append(sys.exc_info())
    else:
        raise AssertionError("nobody has interrupted it")
    return len(cm.cache) < len(Many.step.params_list)


_alive: list[object] = []
