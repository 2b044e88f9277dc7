"""What the network does to an object store: nothing is lost, nothing is torn, and no fault is taken for absence."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import CorruptMetricError, DatedCacheManager, SaveError, StorageError, metric
from simple_metrics_manager.errors import UnreachableError
from simple_metrics_manager.stores.objects import Objects
from simple_metrics_manager.storing.object_storage import ObjectStorageInterface
from simple_metrics_manager.testing.damage import flips
from tests.stores.object_server import CREDENTIALS, Fault, Kind, Proxy, Server, free_ports, serving, weed

pytest.importorskip("obstore")
__all__ = ["weed"]

MIB = 1 << 20
RETRIES = 2
KINDS: tuple[Kind, ...] = ("500", "503", "drop", "lost", "lost 500")


@attrs.frozen
class Path:
    """A way to the same place with nothing in between, and one on which requests are spoiled."""

    straight: Objects
    spoiled: Objects
    proxy: Proxy

    def spoil(self, *faults: Fault) -> None:
        """From now on, these happen."""
        self.proxy.faults[:] = faults
        self.proxy.requests.clear()


@contextmanager
def spoiling(server: Server, **options: str) -> Generator[Path]:
    """Both ways to a place of its own."""
    proxy = Proxy(server)
    with serving(proxy.handler()) as port:
        straight = server.place()
        yield Path(straight, Server(port).place(straight.url, retries=RETRIES, **options), proxy)


@pytest.fixture
def path(weed: Server) -> Iterator[Path]:
    """Both ways to a place that holds ``a``."""
    with spoiling(weed) as path:
        path.straight.write("a", [b"old"])
        yield path


def delete(store: Objects) -> bool:
    """Delete ``a``; whether it is there still."""
    store.delete("a")
    return store.exists("a")


REQUESTS: dict[str, tuple[str, Callable[[Objects], object], object]] = {
    "read": ("GET", lambda store: bytes(store.read("a")), b"old"),
    "exists": ("HEAD", lambda store: store.exists("a"), True),
    "missing": ("HEAD", lambda store: store.exists("b"), False),
    "names": ("GET", lambda store: list(store.names()), ["a"]),
    "write": ("PUT", lambda store: (store.write("a", [b"new"]), bytes(store.read("a"))), (3, b"new")),
    "delete": ("DELETE", delete, False),
}
each_request = pytest.mark.parametrize("request_", REQUESTS)


@each_request
@pytest.mark.parametrize("kind", KINDS)
# EVIDENCE-OF: P3
def test_faults_within_the_bound(path: Path, request_: str, kind: Kind) -> None:
    """A request that fails as often as it may is made once more, and gives what it would have given."""
    method, request, expected = REQUESTS[request_]
    path.spoil(fault := Fault(kind, method, RETRIES))

    assert request(path.spoiled) == expected
    assert fault.met == RETRIES


@each_request
@pytest.mark.parametrize("kind", ["503", "drop", "lost"])
# EVIDENCE-OF: P3
def test_faults_beyond_the_bound(path: Path, request_: str, kind: Kind) -> None:
    """One that fails oftener is told, with URL and cause, and never as if nothing were stored; the old value stands."""
    method, request, _ = REQUESTS[request_]
    path.spoil(fault := Fault(kind, method, 100))
    with pytest.raises(StorageError) as caught:
        request(path.spoiled)
    path.spoil()
    told = str(caught.value)
    said = "answered 503" if kind == "503" else "connection broke"

    assert isinstance(caught.value, SaveError if request_ == "write" else UnreachableError)
    assert path.straight.url in told and said in told
    assert fault.met == RETRIES + 1
    assert ("may have been stored all the same" in told) is (request_ == "write")
    if kind != "lost":
        assert bytes(path.spoiled.read("a")) == b"old"
    if (request_, kind) != ("delete", "lost"):
        assert request(path.spoiled) is not None


# EVIDENCE-OF: P3
def test_nobody_listens() -> None:
    """Where no server is, a save and a load say so, and neither claims that something is or is not stored."""
    store = Objects(
        "s3://bucket/p", ".bin", options=Server(free_ports(1)[0]).options, credentials=CREDENTIALS, retries=1
    )

    with pytest.raises(SaveError, match=r"no connection: .*refused") as caught:
        store.write("a", [b"1"])
    assert "all the same" not in str(caught.value)
    for request in (store.read, store.exists, store.tag, store.delete, store.set_aside):
        with pytest.raises(UnreachableError, match=r"no connection: .*refused"):
            request("a")
    with pytest.raises(UnreachableError, match="s3://bucket/p could not be reached"):
        store.listing()


@pytest.mark.parametrize("request_", ["read", "write", "names"])
# EVIDENCE-OF: P3
def test_no_answer_in_time(weed: Server, request_: str) -> None:
    """A server that does not answer in time is asked again, and then told."""
    method, request, expected = REQUESTS[request_]
    with spoiling(weed, timeout="300ms") as path:
        path.straight.write("a", [b"old"])
        path.spoil(Fault("slow", method, RETRIES, after=1))
        assert request(path.spoiled) == expected

        path.spoil(Fault("slow", method, 100, after=1))
        with pytest.raises((SaveError, UnreachableError), match="no answer in time"):
            request(path.spoiled)


@pytest.mark.parametrize("size", [1000, 3 * MIB, 20 * MIB])
# EVIDENCE-OF: P3
def test_answers_that_break_off(weed: Server, size: int) -> None:
    """A body that is cut in the middle is fetched again, and never returned cut."""
    blob = np.random.default_rng(0).bytes(size)
    with spoiling(weed) as path:
        path.straight.write("a", [blob])
        path.spoil(*[Fault("cut", "GET", 1, after=after) for after in (size // 3, size // 30)])
        assert path.spoiled.read("a") == blob

        path.spoil(Fault("cut", "GET", 1000, after=10))
        with pytest.raises(UnreachableError, match="connection broke"):
            path.spoiled.read("a")

        path.spoil(Fault("cut", "GET", RETRIES, part="list-type", after=100))
        assert list(path.spoiled.names()) == ["a"]


@pytest.mark.parametrize("kind", ["500", "drop", "lost"])
# EVIDENCE-OF: P3
def test_faults_of_parts(weed: Server, kind: Kind) -> None:
    """A part of a large value that fails is sent or fetched again; beyond the bound, the old value stands, whole."""
    old, new = (np.random.default_rng(number).bytes(25 * MIB) for number in range(2))
    with spoiling(weed) as path:
        spoiled = (("POST", "uploads="), ("PUT", "partNumber=1&"), ("PUT", "partNumber=3&"), ("POST", "uploadId="))
        path.spoil(*(Fault(kind, method, RETRIES, part) for method, part in spoiled))
        path.spoiled.write("a", [old])
        path.spoil(Fault(kind, "GET", RETRIES))
        assert path.spoiled.read("a") == old

        path.spoil(Fault(kind, "PUT", 100, part="partNumber=4&"))
        with pytest.raises(SaveError):
            path.spoiled.write("a", [new])
        assert path.straight.read("a") == old

        path.spoil(Fault(kind, "POST", 100, part="uploadId="))
        with pytest.raises(SaveError, match="all the same"):
            path.spoiled.write("b", [new])
        assert not path.straight.exists("b") or path.straight.read("b") == new


# EVIDENCE-OF: P3
def test_a_large_value_that_fails_at_its_beginning(weed: Server) -> None:
    """If a part cannot be sent while others are still to be made, that is the error, and making ends."""
    made: list[int] = []

    def pieces() -> Iterator[bytes]:
        for number in range(60):
            made.append(number)
            yield bytes(5 * MIB)

    with spoiling(weed) as path:
        path.straight.write("a", [b"old"])
        path.spoil(Fault("503", "PUT", 100, part="partNumber=1&"))
        with pytest.raises(SaveError, match="503"):
            path.spoiled.write("a", pieces())

        assert len(made) < 60
        assert bytes(path.straight.read("a")) == b"old"


# ------------------------------------------------------------------------------------------- whole, old or new


@pytest.mark.parametrize("size", [3 * MIB, 25 * MIB])
# EVIDENCE-OF: P1
def test_replaced_where_it_broke_off(weed: Server, size: int) -> None:
    """A value whose transfer breaks off, and that is replaced before it goes on, is read anew, or told; never mixed."""
    with spoiling(weed) as path:
        path.straight.write("a", [bytes([1]) * size])
        gets: list[str] = []

        def replace(request: str) -> None:
            if request.startswith("GET"):
                gets.append(request)
                if len(gets) == 2:
                    path.straight.write("a", [bytes([2]) * size])

        path.spoil(Fault("cut", "GET", 1, after=size // 30))
        path.proxy.before = replace

        assert path.spoiled.read("a") == bytes([2]) * size


# EVIDENCE-OF: P1
def test_replaced_between_its_parts(weed: Server) -> None:
    """A large value that is replaced while it is read is the old one or the new one, and no mixture."""
    with spoiling(weed) as path:
        for value in (1, 2):
            path.straight.write("a", [bytes([value]) * 30 * MIB])
            seen: list[str] = []

            def replace(request: str, seen: list[str] = seen, value: int = value) -> None:
                if "bytes=" in request:
                    seen.append(request)
                    if len(seen) == 3:
                        path.straight.write("a", [bytes([value + 1]) * 30 * MIB])

            path.proxy.before = replace
            found = path.spoiled.read("a")
            path.proxy.before = None

            assert len(found) == 30 * MIB
            assert set(found[:: MIB // 2]) == {value + 1}


# EVIDENCE-OF: P1
def test_replaced_all_the_time(weed: Server) -> None:
    """However often a large value is replaced by shorter and longer ones, each reader gets one of them."""
    writer = weed.place()
    reader = weed.place(writer.url, retries=4)
    sizes = [17, 20, 23]
    writer.write("a", [bytes([0]) * sizes[0] * MIB])

    def write() -> None:
        for number in range(1, 8):
            writer.write("a", [bytes([number % 3]) * sizes[number % 3] * MIB])
            time.sleep(0.1)

    found: list[memoryview] = []
    with ThreadPoolExecutor(1) as threads:
        written = threads.submit(write)
        while not written.done():
            found.append(reader.read("a"))
    written.result()

    assert len(found) > 1
    for each in found:
        assert len(each) == sizes[each[0]] * MIB
        assert bytes(each) == bytes([each[0]]) * len(each)


# EVIDENCE-OF: P1
# EVIDENCE-OF: P9
def test_a_writer_that_is_killed(weed: Server) -> None:
    """Whoever dies in the middle of a large write leaves the old value, and nothing that is listed."""
    store = weed.place()
    store.write("a", [b"old"])
    source = """
    import pickle, sys, time
    store = pickle.loads(bytes.fromhex(sys.argv[1]))

    def pieces():
        for _ in range(12):
            yield bytes(5 << 20)
        print("half", flush=True)
        time.sleep(600)

    store.write("a", pieces())
    """
    command = [sys.executable, "-c", textwrap.dedent(source), pickle.dumps(store).hex()]
    environment = os.environ | {f"AWS_{name.upper()}": value for name, value in CREDENTIALS.items()}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        process.kill()

    assert bytes(store.read("a")) == b"old"
    assert [(each.name, each.bytes) for each in store.listing()] == [("a", 3)]
    assert store.write("a", [b"new"]) == 3


# EVIDENCE-OF: P1
def test_a_move_that_is_interrupted(path: Path) -> None:
    """A move that fails leaves the value under one name or under both, and can be repeated once the way is free."""
    path.spoil(Fault("500", "PUT", 100, part="/b.bin"))
    with pytest.raises(SaveError):
        path.spoiled.move("a", "b")
    assert list(path.straight.names()) == ["a"]

    path.spoil(Fault("500", "DELETE", 100, part="/a.bin"))
    with pytest.raises(UnreachableError):
        path.spoiled.move("a", "b")
    assert [bytes(path.straight.read(name)) for name in path.straight.names()] == [b"old", b"old"]

    path.spoil()
    path.spoiled.delete("b")
    path.spoiled.move("a", "b")
    assert [bytes(path.straight.read(name)) for name in path.straight.names()] == [b"old"]


@pytest.mark.parametrize("moving", [True, False], ids=["move", "set aside"])
def test_what_is_replaced_while_it_is_taken_away(path: Path, moving: bool) -> None:
    """Who moves a value, or sets it aside, does not remove the one that another has put in its place."""

    def replace(request: str) -> None:
        if request.startswith("PUT") and ("/b.bin" in request or ".damaged" in request):
            path.straight.write("a", [b"another's"])

    path.proxy.before = replace
    if moving:
        path.spoiled.move("a", "b")
        assert bytes(path.straight.read("b")) == b"old"
    else:
        path.spoiled.set_aside("a")

    assert bytes(path.straight.read("a")) == b"another's"


# ------------------------------------------------------------------------------------------------ one wins


@pytest.mark.parametrize("kind", ["lost", "lost 500"])
# EVIDENCE-OF: P3
def test_a_creation_whose_answer_is_lost(path: Path, kind: Kind) -> None:
    """Whoever created something and was not told knows it in the end; whoever came too late knows that, too."""
    assert path.spoiled.conditional
    path.spoil(fault := Fault(kind, "PUT", RETRIES))
    assert path.spoiled.create("b", [b"mine"]) is True
    assert fault.met == RETRIES

    path.spoil(Fault("500", "PUT", 1))
    assert path.spoiled.create("b", [b"mine"]) is False

    path.spoil(Fault(kind, "PUT", 100))
    with pytest.raises(SaveError, match="may have been stored all the same"):
        path.spoiled.create("c", [b"mine"])
    assert bytes(path.straight.read("c")) == b"mine"


@pytest.mark.parametrize("kind", ["lost", "lost 500", "500", "drop"])
# EVIDENCE-OF: P3
def test_a_replacement_whose_answer_is_lost(path: Path, kind: Kind) -> None:
    """A counter that is replaced under its tag counts each increase once, be the answers lost or not."""
    path.straight.write("a", [b"0"])
    assert path.spoiled.conditional
    path.spoil(*(Fault(kind, "PUT", 1) for _ in range(RETRIES)))
    for number in range(5):
        tag = path.spoiled.tag("a")
        assert tag is not None
        assert path.spoiled.replace("a", [b"%d" % (number + 1)], tag) is True
        assert path.spoiled.replace("a", [b"%d" % -number], tag) is False

    assert bytes(path.straight.read("a")) == b"5"


# EVIDENCE-OF: P3
def test_a_replacement_of_which_nobody_knows(path: Path) -> None:
    """If the answer is lost and somebody replaces the object in the same moment, that is said, and nothing guessed."""
    assert path.spoiled.conditional
    tag = path.spoiled.tag("a")
    assert tag is not None
    path.spoil(Fault("lost", "PUT", 1))
    attempts: list[str] = []

    def replace(request: str) -> None:
        if request.startswith("PUT"):
            attempts.append(request)
            if len(attempts) == 2:
                path.straight.write("a", [b"another's"])

    path.proxy.before = replace
    with pytest.raises(SaveError, match="an answer was lost"):
        path.spoiled.replace("a", [b"mine"], tag)
    assert bytes(path.straight.read("a")) == b"another's"


def test_requests_that_meet(path: Path) -> None:
    """Where two requests met and the server asks to come again, that is done: it is no answer about the object."""
    assert path.spoiled.conditional
    path.spoil(Fault("409", "PUT", RETRIES))
    assert path.spoiled.create("b", [b"1"]) is True

    path.spoil(Fault("409", "PUT", RETRIES))
    assert path.spoiled.create("b", [b"2"]) is False

    path.spoil(Fault("409", "PUT", 100))
    with pytest.raises(SaveError, match=r"409.*ConditionalRequestConflict"):
        path.spoiled.create("c", [b"1"])


# EVIDENCE-OF: P3
def test_conditions_that_cannot_be_tried_out(weed: Server) -> None:
    """While the server cannot be asked whether it enforces conditions nothing is written; later it is asked again."""
    with spoiling(weed) as path:
        path.spoil(Fault("503", "PUT", 100, part=".probe-"))
        with pytest.raises(SaveError, match="503"):
            path.spoiled.create("a", [b"1"])
        assert list(path.straight.names()) == []

        path.spoil()
        assert path.spoiled.create("a", [b"1"])


def test_one_creator_of_each(weed: Server) -> None:
    """Of eight writers that create twenty names at once, each with connections of its own, one wins each."""
    url = weed.place().url
    writers = [weed.place(url, retries=20 + number) for number in range(8)]
    start = threading.Barrier(8)

    def create(number: int) -> list[bool]:
        start.wait()
        return [writers[number].create(f"n{each}", [b"%d" % number]) for each in range(20)]

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(create, range(8)))
    winners = [[number for number in range(8) if won[number][each]] for each in range(20)]

    assert [len(each) for each in winners] == [1] * 20
    assert [bytes(writers[0].read(f"n{each}")) for each in range(20)] == [b"%d" % each[0] for each in winners]


# ----------------------------------------------------------------------------------------------------- managers


class Measured(DatedCacheManager):
    """Counts how often it computes."""

    verbose = False
    runs = 0

    @metric
    def wave(self) -> NDArray[np.float64]:
        Measured.runs += 1
        return np.arange(20.0)


@pytest.fixture
def stored(weed: Server) -> ObjectStorageInterface:
    """A storage in which the wave is."""
    storage = weed.storage()
    assert Measured(storage).wave.shape == (20,)
    return storage


# EVIDENCE-OF: P3
def test_a_fault_is_not_an_absence(weed: Server, stored: ObjectStorageInterface) -> None:
    """What cannot be fetched is not computed anew; when the network is back it is there."""
    Measured.runs = 0
    proxy = Proxy(weed)
    with serving(proxy.handler()) as port:
        cm = Measured(Server(port).storage(stored.url, retries=1))
        for kind in KINDS:
            proxy.faults[:] = [Fault(kind, "GET", 100), Fault(kind, "HEAD", 100)]
            with pytest.raises(UnreachableError, match="use_stored=False"):
                _ = cm.wave
        proxy.faults.clear()
        assert cm.wave[1] == 1.0

    assert Measured.runs == 0


# EVIDENCE-OF: P3
def test_a_value_that_could_not_be_saved_waits(weed: Server) -> None:
    """A computed value that the store did not take is in memory, and is saved later without being computed again."""
    Measured.runs = 0
    proxy = Proxy(weed)
    with serving(proxy.handler()) as port:
        storage = Server(port).storage(retries=1)
        cm = Measured(storage)
        proxy.faults.append(Fault("503", "PUT", 100))
        with pytest.raises(SaveError):
            _ = cm.wave
        proxy.faults.clear()
        cm.save(Measured.wave)

    assert Measured(weed.storage(storage.url)).wave[1] == 1.0
    assert Measured.runs == 1


# EVIDENCE-OF: P4
def test_flipped_bits(weed: Server, stored: ObjectStorageInterface) -> None:
    """No bit of a stored object can be wrong unnoticed; a manager sets it aside and computes anew."""
    objects = weed.place(stored.url, ".npz")
    name = "Measured.wave"
    whole = bytes(objects.read(name))
    Measured.runs = 0
    damaged = list(flips(whole, at_most=200))
    for each in damaged:
        objects.write(name, [each])
        with pytest.raises(CorruptMetricError, match=objects.describe(name)):
            stored.read(name)

    assert Measured(stored).wave[1] == 1.0
    assert Measured.runs == 1
    assert bytes(weed.place(stored.url, ".damaged").read(f"{name}.npz.1")) == damaged[-1]
    assert Measured(stored).wave[1] == 1.0
    assert Measured.runs == 1
