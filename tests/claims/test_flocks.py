"""Locks of files: what is particular to them, which is forks, files that vanish, and folders that are in the way."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simple_metrics_manager.claims import flocks, locked_files
from simple_metrics_manager.claims.flocks import FileLocks
from simple_metrics_manager.claims.unclaimed import Unclaimed
from simple_metrics_manager.events import Event, NotClaimed, listening
from tests.claims.places import Place, holding, in_a_child, place, waited

if sys.platform == "win32":
    pytest.skip("Windows has no flock", allow_module_level=True)


@pytest.fixture
def there(tmp_path: Path) -> Place:
    """A place for locks."""
    return place("files", tmp_path)


def gone(process: int) -> bool:
    """Whether a process that is no child of ours has ended, or is about to."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"


# EVIDENCE-OF: P8
# EVIDENCE-OF: P9
def test_a_child_does_not_keep_the_lock_of_a_parent_that_was_killed(there: Place) -> None:
    """A forked child that lives on has not inherited the claim: it is free as soon as the parent is dead."""
    with holding(there, "a") as holder:
        mine, child = holder.ask("fork").split()
        try:
            assert mine == "False"
            assert there.claims().attempt("a").take() is None
            holder.process.kill()
            holder.process.wait()
            claim = waited(there.claims(), "a", patience=2)
            assert not gone(int(child))
        finally:
            os.kill(int(child), signal.SIGKILL)

    assert claim.mine()
    claim.release()


# EVIDENCE-OF: P8
def test_a_child_does_not_release_the_lock_of_its_parent(there: Place) -> None:
    """A forked child that ends, or releases what it believes to be its claim, leaves its parent's alone."""
    with holding(there, "a") as holder:
        _, child = holder.ask("fork").split()
        os.kill(int(child), signal.SIGKILL)

        assert holder.ask("mine") == "True"
        assert there.claims().attempt("a").take() is None
        assert holder.ask("release") == "released"
        waited(there.claims(), "a", patience=2).release()


def test_a_child_takes_claims_of_its_own(there: Place) -> None:
    """A forked child waits for its parent as everybody else does, and has locks of its own."""
    attempt = there.claims().attempt("a")
    assert attempt.take() is not None

    def child() -> bool:
        parents, own = there.claims().attempt("a"), there.claims().attempt("b")
        answers = (parents.take(), own.take())
        own.end()
        return answers[0] is None and answers[1] is not None

    assert in_a_child(child)
    attempt.end()
    assert there.left() == []


def test_a_file_that_was_removed_is_not_what_is_locked(there: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gets the lock on a file that its holder has removed in the meantime locks the one that is there by now."""
    claims = there.claims()
    first = waited(claims, "a")
    opened, second = locked_files._opened, claims.attempt("a")  # pyright: ignore[reportPrivateUsage]

    def late(path: str) -> int:
        descriptor = opened(path)
        monkeypatch.undo()
        first.release()
        return descriptor

    monkeypatch.setattr(locked_files, "_opened", late)
    claim = second.take()

    assert claim is not None
    assert claim.mine()
    assert claims.attempt("a").take() is None
    assert there.left() == ["a"]
    claim.release()


# EVIDENCE-OF: P8
def test_one_of_many_takes_over(there: Place) -> None:
    """Of many who wait for a process that was stopped, one at a time takes its place."""
    there = there.patient(0.3)
    inside: list[int] = []
    lock = threading.Lock()

    def take(number: int) -> None:
        claim = waited(there.claims(), "a")
        with lock:
            inside.append(number)
            assert len(inside) == 1
        time.sleep(0.01)
        with lock:
            inside.clear()
        assert claim.mine()
        claim.release()

    with holding(there, "a") as holder, ThreadPoolExecutor(12) as threads:
        os.kill(holder.process.pid, signal.SIGSTOP)
        list(threads.map(take, range(12)))
        os.kill(holder.process.pid, signal.SIGCONT)

        assert holder.ask("mine") == "False"
    assert there.left() == []


def test_a_folder_behind_a_link(tmp_path: Path) -> None:
    """In a folder that is reached by a link, too, what was held for long is removed, and the stopped are replaced."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    there = Place("files", str(tmp_path / "link"), 0.1, suffix=".npz.computing")
    claim = waited(there.claims(), "a")
    time.sleep(0.2)
    claim.release()
    assert there.left() == []
    with holding(there, "a") as holder:
        os.kill(holder.process.pid, signal.SIGSTOP)
        waited(there.claims(), "a").release()

    assert there.left() == []


def test_who_cannot_be_seen_is_waited_for(there: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock of a stopped process whose number means nothing here, as that of a container, is never taken over."""
    there = there.patient(0.1)
    with holding(there, "a") as holder:
        os.kill(holder.process.pid, signal.SIGSTOP)
        monkeypatch.setattr(flocks, "where_numbers_mean_this", lambda: "elsewhere")
        attempt, end = there.claims().attempt("a"), time.monotonic() + 0.5
        while time.monotonic() < end:
            assert attempt.take() is None
            time.sleep(0.02)

        assert attempt.owner() is not None


# EVIDENCE-OF: P9
def test_what_the_dead_left_is_removed(there: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first claim that a process takes removes the files of those that died, and no others."""
    folder = Path(there.where)
    folder.mkdir()
    (folder / "dead").write_text("cut sho", encoding="ascii")
    (folder / "folder").mkdir()
    with holding(there, "living"):
        monkeypatch.setattr(flocks, "_prepared", set[tuple[int, str]]())
        (folder / "dead").touch()
        claim = waited(there.claims(), "a")

        assert there.left() == ["a", "folder", "living"]
        claim.release()


def test_a_full_disk_keeps_nobody_from_claiming(there: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock without a note, for which there is no room, keeps others out all the same."""

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    claim = waited(there.claims(), "a")

    assert there.claims().attempt("a").take() is None
    assert there.claims().attempt("a").owner() is None
    claim.release()
    assert there.left() == []


@pytest.mark.parametrize("kind", ["link", "file", "below a file", "fifo", "folder"])
def test_what_is_in_the_way_keeps_nobody_from_computing(tmp_path: Path, kind: str) -> None:
    """Where no file can be locked, one gets a claim that keeps nobody out; it is told once, and nothing is touched."""
    folder = tmp_path / "claims"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if kind == "link":
        folder.symlink_to(elsewhere)
    elif kind == "file":
        folder.touch()
    elif kind == "below a file":
        folder.touch()
        folder /= "claims"
    else:
        folder.mkdir()
        os.mkfifo(folder / "a") if kind == "fifo" else (folder / "a").mkdir()
    claims, told = FileLocks(folder), list[Event]()
    with listening(told.append, instead=True):
        for _ in range(3):
            attempt = claims.attempt("a")
            claim = attempt.take()
            assert isinstance(claim, Unclaimed)
            assert claim.mine()
            claim.waiting("b")
            attempt.end()
            claim.release()

    assert [type(event) for event in told] == [NotClaimed]
    assert told[0].metric == "a"
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be two users")
def test_the_file_of_another_user_is_locked_too() -> None:
    """A file that may be read only, since it is another user's, is respected, and can be taken over from its folder."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)  # as the folder of a group
        claims = FileLocks(folder)
        claim = waited(claims, "a")
        (Path(folder) / "dead").touch()

        def child() -> bool:
            os.setuid(65534)
            taken = [claims.attempt(name).take() for name in ("a", "b", "dead")]
            return taken[0] is None and not any(isinstance(each, Unclaimed) for each in taken)

        assert in_a_child(child)
        claim.release()


def test_the_folder_of_what_is_stored_outlives_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders that a claim makes above its own are flushed, as a first save would have done."""
    flushed: list[str] = []
    monkeypatch.setattr("simple_metrics_manager.claims.folders.sync_directory", flushed.append)
    waited(FileLocks(tmp_path / "a" / "b", suffix=".npz.computing"), "a").release()

    assert sorted(flushed) == [str(tmp_path), str(tmp_path / "a")]
