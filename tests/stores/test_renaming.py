"""Files get another name, or their first one, and never replace another, in whatever way the system can do that."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from simple_metrics_manager.errors import NotStoredError, SaveError
from simple_metrics_manager.stores import Directory, renaming

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has one way only")

WAYS = ("one step", "links", "no links")


def _fail(*_arguments: object) -> None:
    raise OSError(5, "Input/output error")


def use(way: str, patch: pytest.MonkeyPatch) -> None:
    """Have the system able to do only this."""

    def cannot(_source: str, _target: str) -> bool:
        return False

    if way != "one step":
        patch.setattr(renaming, "rename_exclusively", cannot)
    if way == "no links":
        patch.setattr(os, "link", _fail)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way in turn."""
    use(request.param, monkeypatch)
    return str(request.param)


@pytest.fixture
def store(store_dir: Path) -> Directory:
    """A directory that holds ``a``."""
    directory = Directory(store_dir, ".bin")
    directory.write("a", [b"old"])
    return directory


# ----------------------------------------------------------------------------------------------------------- move


@pytest.mark.usefixtures("way")
def test_move(store: Directory) -> None:
    """A file is never renamed to the name of another, and no trace of the old name is left."""
    store.write("b", [b"other"])
    with pytest.raises(FileExistsError, match="'b' is there already: 'a' was not moved"):
        store.move("a", "b")
    store.move("a", "c")
    with pytest.raises(NotStoredError):
        store.move("a", "d")

    assert (list(store.names()), bytes(store.read("c")), bytes(store.read("b"))) == (["b", "c"], b"old", b"other")
    assert sorted(os.listdir(store.path)) == ["b.bin", "c.bin"]


@posix
@pytest.mark.parametrize("way", WAYS)
# EVIDENCE-OF: P1
def test_interrupted_move(store: Directory, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """A move that died between its two steps, where it has two, is finished by the next attempt."""
    os.link(store.path / "a.bin", store.path / "b.bin")
    os.link(store.path / "a.bin", store.path.parent / "a copy that somebody made")
    if way != "no links":  # there, this cannot have happened
        use(way, monkeypatch)
    store.move("a", "b")

    assert (list(store.names()), bytes(store.read("b"))) == (["b"], b"old")


@posix
# EVIDENCE-OF: P3
def test_failed_move(store: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A move that cannot be done is an error that names the file; the old name stays."""
    monkeypatch.setattr(renaming, "rename_exclusively", _fail)
    with pytest.raises(SaveError, match="Input/output error"):
        store.move("a", "b")

    assert list(store.names()) == ["a"]


def test_move_onto_a_name_of_0_5_0(store: Directory) -> None:
    """A file that 0.5.0 wrote under the new name as it is, is not hidden by the one that moves."""
    (store.path / "x y.bin").write_bytes(b"theirs")
    with pytest.raises(FileExistsError, match="'x y' is there already"):
        store.move("a", "x y")

    assert bytes(store.read("x y")) == b"theirs"


@pytest.mark.parametrize("sharded", [False, True])
# EVIDENCE-OF: P2
def test_a_move_that_may_not_last(store_dir: Path, monkeypatch: pytest.MonkeyPatch, sharded: bool) -> None:
    """If only the flush of the directory fails, the error says that the file has its new name."""
    store = Directory(store_dir, ".bin", sharded=sharded)
    store.write("a", [b"old"])
    store.write("b", [b"other"])
    store.delete("b")
    monkeypatch.setattr(os, "fsync", _fail)
    with pytest.raises(SaveError) as caught:
        store.move("a", "b")

    assert (caught.value.name, caught.value.replaced) == ("b", True)
    assert bytes(store.read("b")) == b"old"


# --------------------------------------------------------------------------------------------------------- create


@pytest.mark.usefixtures("way")
def test_create(store: Directory) -> None:
    """A file is made where there is none; where there is one, it stands, and nothing is left of the attempt."""
    assert store.create("b", [b"first"])
    assert not store.create("b", [b"second"])
    assert not store.create("a", [b"new"])

    assert (bytes(store.read("a")), bytes(store.read("b"))) == (b"old", b"first")
    assert sorted(os.listdir(store.path)) == ["a.bin", "b.bin"]


@pytest.mark.usefixtures("way")
def test_created_meanwhile(store: Directory) -> None:
    """A file that appears while another is being written for its name stands."""

    def pieces() -> Iterator[bytes]:
        store.write("b", [b"first"])
        yield b"second"

    assert not store.create("b", pieces())
    assert bytes(store.read("b")) == b"first"
    assert sorted(os.listdir(store.path)) == ["a.bin", "b.bin"]


def test_create_over_a_name_of_0_5_0(store: Directory) -> None:
    """What 0.5.0 wrote under a name as it is, is there."""
    (store.path / "x y.bin").write_bytes(b"theirs")

    assert not store.create("x y", [b"mine"])
    assert bytes(store.read("x y")) == b"theirs"


@pytest.mark.parametrize("call", ["open", "write", "fsync", "close"])
# EVIDENCE-OF: P3
def test_failed_create(store: Directory, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Whichever call fails: the error says so, nothing is there, and a retry works."""
    real = os.close

    def close_and_fail(descriptor: int) -> None:
        real(descriptor)
        _fail()

    with monkeypatch.context() as patch:
        patch.setattr(os, call, close_and_fail if call == "close" else _fail)
        with pytest.raises(SaveError, match=r"'b' was not saved to .*b\.bin: Input/output error"):
            store.create("b", [b"new"])

    assert os.listdir(store.path) == ["a.bin"]
    assert store.create("b", [b"new"])


def _race(path: Path, sharded: bool, start: Barrier, way: str) -> list[bool]:
    patch = pytest.MonkeyPatch()
    use(way, patch)
    store = Directory(path, ".bin", sharded=sharded)
    won: list[bool] = []
    for number in range(50):
        start.wait()
        won.append(store.create(f"n{number}", [b"%d" % os.getpid() * 1000]))
    return won


def _tell(path: Path, sharded: bool, start: Barrier, way: str, answers: Callable[[object], None]) -> None:
    answers((os.getpid(), _race(path, sharded, start, way)))


@posix
@pytest.mark.parametrize("sharded", [False, True])
@pytest.mark.parametrize("way", ["one step", "links"])
def test_one_of_many_processes_creates(store_dir: Path, sharded: bool, way: str) -> None:
    """Of several processes that create one name at once, exactly one does, and its file is the one that is there."""
    context = get_context("fork")
    start, answers = context.Barrier(4), context.SimpleQueue()
    racers = [
        context.Process(target=_tell, args=(store_dir, sharded, start, way, answers.put), daemon=True) for _ in range(4)
    ]
    for racer in racers:
        racer.start()
    told = dict(answers.get() for _ in racers)
    for racer in racers:
        racer.join()
    store = Directory(store_dir, ".bin", sharded=sharded)

    for number in range(50):
        winners = [process for process, won in told.items() if won[number]]
        assert len(winners) == 1
        assert bytes(store.read(f"n{number}")) == b"%d" % winners[0] * 1000
    assert len([path for path in store_dir.rglob("*") if path.is_file()]) == 50
