"""Whoever dies while saving, at any file call and in the middle of any write, leaves the old value or the new one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from simple_metrics_manager.stores import Directory, renaming
from simple_metrics_manager.stores.leftovers import LOCKED
from tests.faults.engine import Action, Plan, counted, fresh, needs_tracer, run
from tests.faults.subject import (
    LARGE,
    LAST,
    NEW,
    NEXT,
    SMALL,
    AnyStorage,
    Instrument,
    MakeStorage,
    Seen,
    age,
    every_storage,
    leftovers,
    look,
    prepare,
    save,
    shows,
)

pytestmark = [needs_tracer, pytest.mark.forks]

DEATHS: tuple[Action, ...] = ("kill", "tear")


@attrs.frozen
class Found:
    """What the first process that comes by afterwards finds, and what it makes of it."""

    seen: Seen | None
    serial: str
    names: list[str]
    after: Seen | None


def come_by(storage: AnyStorage) -> Found:
    """Look at everything, then save."""
    seen, serial, names = look(storage), Instrument(storage).load(Instrument.serial), list(storage.names())
    save(storage, NEXT, SMALL)
    return Found(seen, serial, names, look(storage))


def save_counted(storage: AnyStorage, size: int) -> None:
    """The save under test."""
    with counted():
        save(storage, NEW, size)


def copies(folder: Path, before: Path) -> Iterator[Path]:
    """Copies of a directory, each gone when the next is made."""
    while True:
        shutil.copytree(before, folder)
        yield folder
        shutil.rmtree(folder)


def check_survivors(folder: Path, storage: AnyStorage, old: Seen | None, size: int, graveyard: Path) -> str:
    """Everything that is promised after a death; which value was found. What the dead have left goes to a graveyard."""
    left = leftovers(folder)
    found = fresh(lambda: come_by(storage))
    is_new = found.seen is not None and found.seen != old
    if is_new:
        assert found.seen is not None
        assert (found.seen.value, found.seen.size) == (NEW, size)
        assert old is None or found.seen.date > old.date
    else:
        assert found.seen == old
    stored = ["Instrument.reading"] if found.seen is not None else []
    assert (found.serial, found.names) == ("no. 7", [*stored, "Instrument.serial"])
    assert found.after is not None
    assert (found.after.value, found.after.size) == (NEXT, SMALL)
    left = [name for name in left if not name.endswith(LOCKED)]  # nobody has that lock now, so it is gone at once
    assert leftovers(folder) == left
    for name in left:
        (graveyard / name).parent.mkdir(exist_ok=True)
        assert not (graveyard / name).exists()
        (folder / name).rename(graveyard / name)
    return "new" if is_new else "old"


def check_graveyard(storage: AnyStorage) -> None:
    """After two hours, whoever saves removes all that the dead have left."""
    assert leftovers(storage.metrics_dir) != []
    age(storage.metrics_dir)
    assert fresh(lambda: save(storage, LAST, SMALL).reading[0]) == LAST
    assert leftovers(storage.metrics_dir) == []


def killed_everywhere(make: MakeStorage, path: Path, old: Seen | None, size: int, *, bad_rename: bool = False) -> int:
    """Kill a save in a copy of ``before`` at each of its calls in turn; how many points that are."""
    storage, graveyard = make(path / "copy"), path / "graveyard"
    shutil.copytree(path / "before", graveyard)
    folders = copies(path / "copy", path / "before")
    outcome = run(lambda: save_counted(storage, size), next(folders), Plan(bad_rename=bad_rename))
    assert {"openat", "fsync"} <= {call.name for call in outcome.calls}
    assert any(call.renames for call in outcome.calls)

    found: list[str] = []
    for at in range(1, len(outcome.calls) + 1):
        for action in DEATHS:
            folder = next(folders)
            plan = Plan(at, action, bad_rename=bad_rename)
            assert run(lambda: save_counted(storage, size), folder, plan).ending == "killed"
            found.append(check_survivors(folder, storage, old, size, graveyard))
    check_graveyard(make(graveyard))

    assert found == sorted(found, key=["old", "new"].index)
    assert set(found) == ({"old"} if bad_rename else {"old", "new"})
    return len(found)


@every_storage
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("first", [False, True], ids=["replace", "first"])
# EVIDENCE-OF: P1
# EVIDENCE-OF: P9
def test_death_at_every_call(tmp_path: Path, make: MakeStorage, size: int, first: bool) -> None:
    """A save that dies before, or in the middle of, any of its file calls leaves old or new, and no trouble."""
    old = prepare(make(tmp_path / "before"), size, first=first)

    assert killed_everywhere(make, tmp_path, old, size) >= 20


@every_storage
# EVIDENCE-OF: P1
def test_death_after_a_failed_rename(tmp_path: Path, make: MakeStorage) -> None:
    """A save whose rename failed, and which dies while it cleans up, leaves the old value."""
    old = prepare(make(tmp_path / "before"), SMALL, first=False)

    assert killed_everywhere(make, tmp_path, old, SMALL, bad_rename=True) >= 16


@every_storage
# EVIDENCE-OF: P1
def test_death_while_the_directory_is_made(tmp_path: Path, make: MakeStorage) -> None:
    """The very first save, which makes the directory too, leaves nothing or the value, and the next one works."""
    storage = make(tmp_path / "new" / "store")
    calls = run(lambda: save_counted(storage, SMALL), tmp_path).calls
    assert "mkdir" in {call.name for call in calls}
    assert any(call.renames for call in calls)

    seen: list[Seen | None] = []
    for at in range(1, len(calls) + 1):
        shutil.rmtree(tmp_path / "new")
        assert run(lambda: save_counted(storage, SMALL), tmp_path, Plan(at, "kill")).ending == "killed"
        seen.append(fresh(lambda: look(storage)))
        assert fresh(lambda: save(storage, NEXT, SMALL).reading[0]) == NEXT
        assert list(storage.names()) == ["Instrument.reading"]

    assert {None if each is None else (each.value, each.size) for each in seen} == {None, (NEW, SMALL)}


@every_storage
# EVIDENCE-OF: P1
# EVIDENCE-OF: P4
def test_death_while_damage_is_mended(tmp_path: Path, make: MakeStorage) -> None:
    """Whoever dies while it sets a damaged file aside and computes anew deletes nothing, and the next one goes on."""
    prepare(make(tmp_path / "before"), SMALL, first=False)
    path = Path(make(tmp_path / "before").place("Instrument.reading"))
    damaged = path.read_bytes()[:-1]
    path.write_bytes(damaged)
    storage, folders = make(tmp_path / "copy"), copies(tmp_path / "copy", tmp_path / "before")

    def mend() -> float:
        shows.set((NEW, SMALL))
        with counted():
            return float(Instrument(storage).reading[0])

    outcome = run(mend, next(folders))
    assert outcome.result() == NEW
    for at in range(1, len(outcome.calls) + 1):
        folder = next(folders)
        assert run(mend, folder, Plan(at, "kill")).ending == "killed"
        assert fresh(mend) == NEW
        assert [file.read_bytes() for file in folder.rglob("*.damaged")] == [damaged]
        assert list(storage.names()) == ["Instrument.reading", "Instrument.serial"]


@pytest.mark.parametrize("in_one_step", [True, False], ids=["one step", "links"])
# EVIDENCE-OF: P1
# EVIDENCE-OF: P9
def test_death_while_creating(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_one_step: bool) -> None:
    """Whoever dies while it creates a file leaves none or the whole one, and the next one creates it, or finds it."""
    if not in_one_step:
        monkeypatch.setattr(renaming, "rename_exclusively", cannot)
    store = Directory(tmp_path / "store", ".bin", sharded=True)
    store.write("other", [b"other"])

    def create() -> bool:
        with counted():
            return store.create("a", [b"1" * 100_000, b"2" * 100_000])

    assert store.create("a", [])  # makes the folder
    store.delete("a")
    calls = run(create, tmp_path).calls
    assert ("link" in {call.name for call in calls}) != in_one_step
    found: list[bool] = []
    for at in range(1, len(calls) + 1):
        for action in DEATHS:
            if store.exists("a"):
                store.delete("a")
            assert run(create, tmp_path, Plan(at, action)).ending == "killed"
            found.append(store.exists("a"))
            assert fresh(create) != found[-1]
            assert bytes(store.read("a")) == b"1" * 100_000 + b"2" * 100_000
            assert list(store.names()) == ["a", "other"]

    assert found == sorted(found)
    assert set(found) == {False, True}
    age(store.path)
    assert fresh(store.sweep) > 0
    assert leftovers(store.path) == []


@pytest.mark.parametrize("in_one_step", [True, False], ids=["one step", "links"])
# EVIDENCE-OF: P1
def test_death_while_moving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_one_step: bool) -> None:
    """Whoever dies while a file gets another name leaves it whole under one of them or both; a next attempt ends it."""
    if not in_one_step:
        monkeypatch.setattr(renaming, "rename_exclusively", cannot)
    store = Directory(tmp_path / "store", ".bin", sharded=True)
    for name in ("a", "b"):  # makes their folders
        store.write(name, [b"1"])
        store.delete(name)

    def move() -> None:
        with counted():
            store.move("a", "b")

    store.write("a", [b"1"])
    found: list[list[str]] = []
    for at in range(1, len(run(move, tmp_path).calls) + 1):
        for name in store.names():
            store.delete(name)
        store.write("a", [b"1"])
        assert run(move, tmp_path, Plan(at, "kill")).ending == "killed"
        found.append(list(store.names()))
        assert {bytes(store.read(name)) for name in found[-1]} == {b"1"}
        if "a" in found[-1]:
            store.move("a", "b")
        assert (list(store.names()), bytes(store.read("b"))) == (["b"], b"1")

    assert [names for number, names in enumerate(found) if names not in found[:number]] == (
        [["a"], ["b"]] if in_one_step else [["a"], ["a", "b"], ["b"]]
    )


def cannot(_source: str, _target: str) -> bool:
    """A system that cannot rename without replacing."""
    return False
