"""Whoever dies in the middle of moving, copying or clearing leaves whole values; called again, it is completed."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from simple_metrics_manager import (
    Failure,
    NpyStorageInterface,
    NpzStorageInterface,
    SqliteStorageInterface,
    check_storage,
    convert_metric_name,
    copy_storage,
)
from simple_metrics_manager.record import Record
from simple_metrics_manager.rename import rename_stored
from simple_metrics_manager.stores import durability
from simple_metrics_manager.stores.directory import Directory
from simple_metrics_manager.stores.sqlite import Sqlite
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.failures import keep_failure, last_failure, names_of_failures
from tests.compat.own_storages import PickleStorage
from tests.keeping.editions import CLASSES, INPUTS, VALUES, Run, Session, Window, fill, values

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="it dies in a child of this process")

Make: TypeAlias = Callable[[Path], StoredEntries]
MAKES: Mapping[str, Make] = {
    "files": NpzStorageInterface,
    "database": lambda folder: SqliteStorageInterface(folder / "db.sqlite"),
}
every_storage = pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)

_CHANGING = ("write", "create", "replace", "delete", "move")
FAILED = "Session,participant=s01.spec"


def die(at: int) -> None:
    """Have this process die before what would be the ``at``-th change of any store."""
    left = at

    def counted(method: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return method(*args, **kwargs)

        return call

    for kind in (Directory, Sqlite):
        for name in _CHANGING:
            if hasattr(kind, name):
                setattr(kind, name, counted(getattr(kind, name)))


def killed(act: Callable[[], object], at: int) -> bool:
    """Do it in a process that dies before its ``at``-th change; whether it died."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            die(at)
            act()
            code = 0
        except BaseException:  # noqa: BLE001 - nothing may get out of this process
            traceback.print_exc()
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) == signal.SIGKILL
    assert os.WEXITSTATUS(status) == 0
    return False


def filled(folder: Path, make: Make) -> StoredEntries:
    """Two managers, and one last error."""
    folder.mkdir()
    storage = make(folder)
    fill(storage)
    keep_failure(storage, FAILED, Failure("spec", "Session.spec", "ValueError", "no luck"))
    return make(folder)


def records(storage: StoredEntries) -> dict[str, Record]:
    """What is stored."""
    return {name: record for name in storage.names() if (record := storage.read(name).record) is not None}


def until_it_lives(
    tmp_path: Path, make: Make, act: Callable[[Path], object], check: Callable[[Path, StoredEntries], None]
) -> int:
    """Kill it at each of its changes in turn, in a place of its own each time, and look at what is left; how often."""
    for at in range(100):
        folder = tmp_path / str(at)
        filled(folder, make)
        died = killed(lambda folder=folder: act(folder), at)  # type: ignore[misc]  # mypy knows no such lambda
        check(folder, make(folder))
        if not died:
            return at
    raise AssertionError("it does not come to an end")


@every_storage
# EVIDENCE-OF: P1
def test_renaming(tmp_path: Path, make: Make) -> None:
    """After a death at any change all values are there, whole; called again, all are under their new names, once."""

    def act(folder: Path) -> object:
        return rename_stored(make(folder), Run, classes=CLASSES, inputs=INPUTS, dry_run=False)

    def check(folder: Path, storage: StoredEntries) -> None:
        left = records(storage)
        assert check_storage(storage).ok
        assert (
            len({record.content for record in left.values()}) == 6
        )  # two of the eight are of the value of another one
        again = rename_stored(make(folder), Run, classes=CLASSES, inputs=INPUTS, dry_run=False)
        assert again.ok
        assert sorted(name.partition(",")[0] for name in records(storage)) == ["Run"] * 8
        assert values(storage) == VALUES
        assert all(len(record.history) == 1 for record in records(storage).values())
        spectrum = records(storage)["Run,subject=s01.spectrum"]
        assert [read.manager for read in spectrum.reads] == ["Run,subject=s01"]
        assert list(names_of_failures(storage)) == ["Run,subject=s01.spectrum"]
        failure = last_failure(storage, "Run,subject=s01.spectrum")
        assert failure is not None
        assert failure.message == "no luck"

    assert until_it_lives(tmp_path, make, act, check) >= 16


@every_storage
# EVIDENCE-OF: P1
def test_the_converter_of_0_5_0(tmp_path: Path, make: Make) -> None:
    """It is completed when it is called again."""

    def act(folder: Path) -> object:
        return convert_metric_name(make(folder), "Session,participant=s01.fit", "Session,participant=s01.b", False)

    def check(folder: Path, storage: StoredEntries) -> None:
        assert check_storage(storage).ok
        act(folder)
        names = [name for name in storage.names() if "s01.b," in name or "s01.fit" in name]
        assert len(names) == 2
        assert all("s01.b," in name for name in names)

    assert until_it_lives(tmp_path, make, act, check) >= 4


@pytest.mark.parametrize("make", [NpyStorageInterface, PickleStorage])
def test_files_of_0_5_0(tmp_path: Path, make: Callable[[Path], NpyStorageInterface | PickleStorage]) -> None:
    """A value whose date was moved by somebody who died then follows it; in storages of one's own as well."""
    storage = make(tmp_path)
    for suffix, value in (("", np.arange(3)), ("_date", "2020-02-03")):
        if isinstance(storage, PickleStorage):
            storage.save(f"poly_1{suffix}", value)
        else:
            np.save(tmp_path / f"poly_1{suffix}.npy", value)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (date,) = tmp_path.glob("poly_1_date.*")
    date.rename(tmp_path / date.name.replace("poly", "curve"))

    moves = convert_metric_name(storage, "poly", "curve", simulate=False)

    assert [(move.old, move.new) for move in moves] == [("poly_1", "curve_1")]
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert after == {name.replace("poly", "curve"): blob for name, blob in before.items()}


@every_storage
# EVIDENCE-OF: P1
def test_copying(tmp_path: Path, make: Make) -> None:
    """After a death at any change the target has whole entries; called again, it has all, and none was copied twice."""

    def act(folder: Path) -> object:
        return copy_storage(make(folder), NpzStorageInterface(folder / "target"), verbose=False)

    def check(folder: Path, storage: StoredEntries) -> None:
        target = NpzStorageInterface(folder / "target")
        assert check_storage(target).ok
        there, failures = set(target.names()), set(names_of_failures(target))
        again = copy_storage(storage, target, verbose=False)
        assert again.ok
        assert set(again.copied) == set(storage.names()) - there
        assert set(again.failures) == {FAILED} - failures
        assert records(target) == records(storage)
        assert last_failure(target, FAILED) == last_failure(storage, FAILED)

    assert until_it_lives(tmp_path, make, act, check) == 9


@every_storage
def test_clearing(tmp_path: Path, make: Make) -> None:
    """After a death at any change the rest is whole, of other managers everything; called again, the rest goes."""

    def session(folder: Path) -> Session:
        return Session("s01").use(make(folder))

    def act(folder: Path) -> object:
        return session(folder).clear(dry_run=False)

    def check(folder: Path, storage: StoredEntries) -> None:
        assert check_storage(storage).ok
        assert session(folder).clear(dry_run=False).ok
        others = Session("S 02", 0.5, Window(4)).use(make(folder))
        assert others.spec == 8.5
        assert (len(list(storage.names())), list(names_of_failures(storage))) == (4, [])

    assert until_it_lives(tmp_path, make, act, check) == 5


# EVIDENCE-OF: P2
def test_nothing_is_removed_before_what_takes_its_place_is_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All new files are flushed, and only then the first old one goes; a power cut between takes nothing."""
    storage = filled(tmp_path / "files", MAKES["files"])
    happened: list[str] = []

    def told(what: str, function: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            happened.append(what)
            return function(*args, **kwargs)

        return call

    monkeypatch.setattr("simple_metrics_manager.stores.groups.sync_all", told("flush", durability.sync_all))
    for name in ("create", "delete"):
        monkeypatch.setattr(Directory, name, told(name, getattr(Directory, name)))
    assert rename_stored(storage, Run, classes=CLASSES, inputs=INPUTS, dry_run=False).ok

    before = happened[: happened.index("delete")]
    assert ([what for what in before if what != "flush"], before[-1]) == (["create"] * 8, "flush")
