"""Metrics in a SQLite database under faults: deaths, errors, damage, full disks and power cuts, with both bindings.

``SMM_SOAK_SECONDS`` says how long the soak takes, 4 unless it says otherwise, ``SMM_POWER_CUTS`` how often each save
before a power cut is repeated.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import CorruptMetricError, DatedCacheManager, SaveError, metric
from simple_metrics_manager.errors import NewerFormatError, NotStoredError
from simple_metrics_manager.stores import sqlite_connection
from simple_metrics_manager.stores.durability import Durability
from simple_metrics_manager.stores.sqlite_binding import binding
from simple_metrics_manager.storing.sqlite_storage import SqliteStorageInterface
from tests.faults.disks import Disk, on_disk
from tests.faults.engine import Action, Child, Plan, counted, fresh, needs_tracer, run
from tests.faults.places import (
    copy_image,
    in_private,
    make_image,
    mount_image,
    mount_memory,
    mount_read_only,
    needs_mounts,
    unmount,
)
from tests.stores.bindings import NAMES, using

pytestmark = pytest.mark.forks

SECONDS = float(os.environ.get("SMM_SOAK_SECONDS", "4"))
REPEATS = int(os.environ.get("SMM_POWER_CUTS", "1"))
SMALL, LARGE = 8, 6_000
"""Floats: within a row, and in a file beside the database."""

LIMIT = 16_384
OLD, NEW, NEXT = 1.5, 2.5, 3.5
DAMAGED = -1.0
DEATHS: tuple[Action, ...] = ("kill", "tear")


@pytest.fixture(params=NAMES, autouse=True)
def library(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each binding in turn."""
    with using(request.param) as name:
        yield name


@attrs.frozen
class Seen:
    """What is stored, in short: the value of each element and how many; nan if they differ."""

    value: float
    size: int


def at(folder: Path, durability: Durability = "full") -> SqliteStorageInterface:
    """The storage in a folder."""
    return SqliteStorageInterface(folder / "metrics.db", durability=durability, large=LIMIT)


def put(storage: SqliteStorageInterface, value: float, size: int) -> None:
    """Save a value in place of what is there."""
    storage.save("reading", np.full(size, value))


def put_counted(storage: SqliteStorageInterface, value: float, size: int) -> None:
    """The same, as what is under test."""
    with counted():
        put(storage, value, size)


def look(storage: SqliteStorageInterface) -> Seen | None:
    """What is stored."""
    if not storage.exists("reading"):
        return None
    value = storage.load("reading")
    assert isinstance(value, np.ndarray)
    whole = bool((value == value[0]).all())
    return Seen(float(value[0]) if whole else float("nan"), value.size)


def prepare(folder: Path, size: int) -> None:
    """A database with an old value and another metric, closed."""
    put(at(folder), OLD, size)
    at(folder).save("serial", "no. 7")
    sqlite_connection.close_all()


def copies(folder: Path, before: Path) -> Iterator[Path]:
    """Copies of a directory, each gone when the next is made."""
    while True:
        shutil.copytree(before, folder)
        yield folder
        shutil.rmtree(folder)


def come_by(storage: SqliteStorageInterface) -> tuple[Seen | None, object, list[str], Seen | None]:
    """What the first process that comes afterwards finds, and what it has saved then."""
    seen, serial, names = look(storage), storage.load("serial"), list(storage.names())
    put(storage, NEXT, SMALL)
    return seen, serial, names, look(storage)


# ----------------------------------------------------------------------------------------------------------- deaths
@needs_tracer
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
# EVIDENCE-OF: P1
# EVIDENCE-OF: P9
def test_death_at_every_call(tmp_path: Path, size: int) -> None:
    """A save that dies before, or in the middle of, any of its file calls leaves old or new, and no trouble."""
    prepare(tmp_path / "before", size)
    folders = copies(tmp_path / "copy", tmp_path / "before")
    storage = at(tmp_path / "copy")
    calls = run(partial(put_counted, storage, NEW, size), next(folders)).calls
    assert {"pwrite64", "fdatasync", "openat"} <= {call.name for call in calls}

    found: list[float] = []
    for number in range(1, len(calls) + 1):
        for action in DEATHS:
            folder = next(folders)
            outcome = run(partial(put_counted, storage, NEW, size), folder, Plan(number, action))
            assert outcome.ending == "killed"
            seen, serial, names, after = fresh(partial(come_by, storage))
            assert seen in (Seen(OLD, size), Seen(NEW, size))
            assert (serial, names, after) == ("no. 7", ["reading", "serial"], Seen(NEXT, SMALL))
            found.append(seen.value)
    assert found == sorted(found)
    assert set(found) == {OLD, NEW}


@needs_tracer
# EVIDENCE-OF: P1
def test_death_while_the_database_is_made(tmp_path: Path) -> None:
    """The very first save leaves nothing or the value, and the next one works."""
    storage = at(tmp_path / "new" / "store")
    calls = run(partial(put_counted, storage, NEW, SMALL), tmp_path).calls
    assert {"mkdir", "fdatasync"} <= {call.name for call in calls}

    found: list[Seen | None] = []
    for number in range(1, len(calls) + 1):
        shutil.rmtree(tmp_path / "new", ignore_errors=True)
        assert run(partial(put_counted, storage, NEW, SMALL), tmp_path, Plan(number, "kill")).ending == "killed"
        found.append(fresh(partial(look, storage)))
        assert fresh(partial(_save_and_look, storage)) == Seen(NEXT, SMALL)
    assert set(found) == {None, Seen(NEW, SMALL)}


def _save_and_look(storage: SqliteStorageInterface) -> Seen | None:
    put(storage, NEXT, SMALL)
    return look(storage)


# ----------------------------------------------------------------------------------------------------------- errors
@attrs.frozen
class Told:
    """What a process knows after a save that may have failed: its error, what is stored, and what a retry stored."""

    error: str
    stored: Seen | None
    retried: Seen | None


def save_and_retry(storage: SqliteStorageInterface, size: int) -> Told:
    """A save under faults, and what the same process makes of it when they are over."""
    error = ""
    with counted():
        try:
            put(storage, NEW, size)
        except SaveError as caught:
            error = str(caught)
    stored = look(storage)
    put(storage, NEXT, size)
    return Told(error, stored, look(storage))


@needs_tracer
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
# EVIDENCE-OF: P3
def test_every_call_fails(tmp_path: Path, size: int, lasting: bool) -> None:
    """An error that names metric and file, or a save that was done all the same; then the same process can save."""
    prepare(tmp_path / "before", size)
    folders = copies(tmp_path / "copy", tmp_path / "before")
    storage = at(tmp_path / "copy")
    calls = run(partial(save_and_retry, storage, size), next(folders)).calls
    failed = 0
    for number in range(1, len(calls) + 1):
        for error in (errno.ENOSPC, errno.EIO):
            plan = Plan(number, "fail", error, lasting=lasting)
            told = run(partial(save_and_retry, storage, size), next(folders), plan).result()
            assert told.stored in ((Seen(OLD, size), Seen(NEW, size)) if told.error else (Seen(NEW, size),))
            assert told.retried == Seen(NEXT, size)
            if told.error:
                failed += 1
                assert "'reading' was not saved to" in told.error
                assert str(storage.path) in told.error
    assert failed >= len(calls) // 2


@needs_mounts
# EVIDENCE-OF: P3
def test_a_full_disk(tmp_path: Path) -> None:
    """A save for which the disk has no room says so; old values stand, are read, and smaller ones can be saved."""

    def fill() -> tuple[str, bool, list[str]]:
        mount_memory(tmp_path, "256k", 16)
        storage = at(tmp_path)
        put(storage, OLD, SMALL)
        saved: list[str] = ["reading"]
        error = ""
        for number in range(1000):
            try:
                storage.save(f"more {number:04}", np.full(500, 1.0))
            except SaveError as caught:
                error = str(caught)
                break
            saved.append(f"more {number:04}")
        intact = all(bool((np.asarray(storage.load(name)) == storage.load(name)).all()) for name in saved)
        return error, intact and list(storage.names()) == sorted(saved), saved

    error, intact, saved = in_private(fill)

    assert "full" in error
    assert intact
    assert len(saved) > 5


@needs_mounts
# EVIDENCE-OF: P3
def test_a_read_only_disk(tmp_path: Path) -> None:
    """Where nothing may be written, values are read all the same, and a save says why it cannot be."""
    prepare(tmp_path / "store", SMALL)

    def inside() -> tuple[Seen | None, str]:
        mount_read_only(tmp_path / "store")
        storage = at(tmp_path / "store")
        seen = look(storage)
        try:
            put(storage, NEW, SMALL)
        except SaveError as error:
            return seen, str(error)
        return seen, ""

    seen, error = in_private(inside)

    assert seen == Seen(OLD, SMALL)
    assert "'reading' was not saved to" in error


# ----------------------------------------------------------------------------------------------------------- damage
def asked(storage: SqliteStorageInterface) -> str:
    """What is said of a database that may be damaged: values in short, or an error, which names the file."""
    sqlite_connection.close_all()
    try:
        seen, serial = look(storage), storage.load("serial") if storage.exists("serial") else None
    except CorruptMetricError as error:
        return "damaged" if str(storage.path) in str(error) else f"an error that does not name the file: {error}"
    except NewerFormatError:
        return "newer"
    except OSError as error:
        return "unreadable" if error.filename == str(storage.path) else f"an error without a file: {error}"
    values = {"right" if seen == Seen(OLD, SMALL) else "nothing" if seen is None else "WRONG"}
    values |= {"right" if serial == "no. 7" else "nothing" if serial is None else "WRONG"}
    return " and ".join(sorted(values))


@pytest.fixture
def victim(tmp_path: Path) -> SqliteStorageInterface:
    """A database with some more metrics, closed."""
    prepare(tmp_path, SMALL)
    for number in range(60):
        at(tmp_path).save(f"other {number}", [number] * 20)
    sqlite_connection.close_all()
    return at(tmp_path)


def outcomes(storage: SqliteStorageInterface, blobs: Iterator[bytes]) -> Counter[str]:
    """What is said of each of these files in its place."""
    found: Counter[str] = Counter()
    for blob in blobs:
        storage.path.write_bytes(blob)
        for side in ("-wal", "-shm", "-journal"):
            Path(f"{storage.path}{side}").unlink(missing_ok=True)
        found[asked(storage)] += 1
    return found


# EVIDENCE-OF: P4
def test_flipped_bits(victim: SqliteStorageInterface) -> None:
    """Whatever bit of the database is wrong, no value is; it is right, missing, or an error that names the file."""
    blob = victim.path.read_bytes()
    chance = random.Random(1)
    rows = [at_ for at_ in range(len(blob) - 8) if blob[at_ : at_ + 6] in (b"readin", b"serial")]
    places = [*range(8 * 100), *(8 * (row + chance.randrange(-40, 200)) + chance.randrange(8) for row in rows * 150)]
    places += [chance.randrange(8 * len(blob)) for _ in range(600)]

    def flipped() -> Iterator[bytes]:
        for place in places:
            damaged = bytearray(blob)
            damaged[place // 8 % len(blob)] ^= 1 << place % 8
            yield bytes(damaged)

    found = outcomes(victim, flipped())
    assert not {outcome for outcome in found if "WRONG" in outcome or ":" in outcome}
    assert found["damaged"] > 100


# EVIDENCE-OF: P4
def test_cut_and_torn_databases(victim: SqliteStorageInterface) -> None:
    """So it is with one that was cut, or has blocks of zeros, or the blocks of another place."""
    blob = victim.path.read_bytes()
    chance = random.Random(2)

    def torn() -> Iterator[bytes]:
        for length in [*range(0, 200, 7), *(chance.randrange(len(blob)) for _ in range(80))]:
            yield blob[:length]
        for start in range(0, len(blob), 512):
            yield blob[:start] + bytes(512) + blob[start + 512 :]
            other = chance.randrange(0, len(blob), 512)
            yield blob[:start] + blob[other : other + 512] + blob[start + 512 :]

    found = outcomes(victim, torn())
    assert not {outcome for outcome in found if "WRONG" in outcome or ":" in outcome}


# ------------------------------------------------------------------------------------------------------------ crowds
class Stream(DatedCacheManager):
    """Metrics of which each computation gives another value: the time, again and again."""

    verbose = False

    @metric(params_list=[(0,), (1,)])
    def level(self, key: int) -> NDArray[np.float64]:
        return np.full((SMALL, LARGE)[key], time.time())


def write(storage: SqliteStorageInterface) -> None:
    """Save, for ever."""
    chance = random.Random(os.getpid())
    while True:
        Stream(storage).get(Stream.level(chance.randrange(2)), use_stored=False)


def read(storage: SqliteStorageInterface, until: float) -> int:
    """Read, and fail at anything that is not a whole value with its own date; how many were read."""
    reads = 0
    while time.time() < until:
        for key in range(2):
            cm = Stream(storage)
            value = cm.load(Stream.level(key))
            then = float(value[0])
            assert value.size == (SMALL, LARGE)[key]
            assert bool((value == then).all()), "torn"
            assert 0 <= cm.date(Stream.level(key)).timestamp() - then < 5, "the date of another"
            reads += 1
        assert list(storage.names()) == ["Stream.level,key=0", "Stream.level,key=1"]
    return reads


@needs_tracer  # not that it is traced: but this is about the same systems
# EVIDENCE-OF: P1
# EVIDENCE-OF: P9
# EVIDENCE-OF: P11
def test_writers_that_die(tmp_path: Path) -> None:
    """While writers are killed at random, every read gives a whole value; afterwards all is well, and swept."""
    storage = at(tmp_path)
    for key in range(2):
        assert Stream(storage).level(key).size == (SMALL, LARGE)[key]
    until = time.time() + SECONDS
    readers = [Child(partial(read, storage, until)) for _ in range(2)]
    writers = [Child(partial(write, storage)) for _ in range(2)]
    chance = random.Random(3)
    kills = 0
    while time.time() < until:
        time.sleep(chance.uniform(0.01, 0.12))
        which = chance.randrange(2)
        writers[which].kill()
        assert writers[which].outcome().ending == "killed"
        writers[which] = Child(partial(write, storage))
        kills += 1
    for writer in writers:
        writer.kill()
        assert writer.outcome().ending == "killed"

    assert all(reader.outcome().result() > 10 for reader in readers)
    assert kills >= 5
    assert fresh(partial(read, storage, time.time() + 0.2)) > 0
    assert fresh(partial(_mend, storage)) == 1
    assert run_check(storage.path) == "ok"


def _mend(storage: SqliteStorageInterface) -> int:
    """Save once more; how many files there are for the one large value."""
    Stream(storage).get(Stream.level(1), use_stored=False)
    folder = Path(f"{storage.path}.large")
    for path in folder.glob(".*"):
        os.utime(path, (0, 0))
    storage._default.sweep()  # type: ignore[attr-defined]  # it is the store in a database
    return len(list(folder.iterdir()))


def run_check(path: Path) -> object:
    """What SQLite thinks of a database."""
    sqlite_connection.close_all()
    handle = sqlite_connection.writer(sqlite_connection.Place(str(path), "full"))
    return handle.value("PRAGMA integrity_check")


# -------------------------------------------------------------------------------------------------------- power cuts
@attrs.frozen
class Cut:
    """What was stored before and was being stored, what the disk has (``DAMAGED`` if it says so), and whether the save
    returned."""

    before: float
    value: float
    found: float | None
    returned: bool


def look_after_a_cut(storage: SqliteStorageInterface) -> float | None:
    """What is stored; the metric beside it, which was on the disk long before, is there in any case."""
    assert storage.load("serial") == "no. 7"
    try:
        seen = look(storage)
    except CorruptMetricError:
        return DAMAGED
    return None if seen is None else seen.value


def cuts(folder: Path, kind: str, durability: Durability, size: int) -> list[Cut]:
    """Saves, each killed at a later file call, then some that are not killed; the power is cut after each."""
    mount_image(folder / "image", folder / "disk")
    storage = at(folder / "disk" / "store", durability)
    fresh(partial(prepare, folder / "disk" / "store", size))
    made: list[Cut] = []
    try:
        for point in [*range(2, 14, 2), *[100] * 4] * REPEATS:
            before, value = fresh(partial(look, storage)), len(made) + 10.0
            assert before is not None
            outcome = run(partial(put_counted, storage, value, size), folder / "disk", Plan(point, "kill"))
            copy_image(folder / "image", folder / "copy")
            mount_image(folder / "copy", folder / "after", {"xfs": "nouuid"}.get(kind, ""))
            try:
                found = fresh(partial(look_after_a_cut, at(folder / "after" / "store")))
            finally:
                unmount(folder / "after")
                (folder / "copy").unlink()
            made.append(Cut(before.value, value, found, outcome.ending == "returned"))
    finally:
        unmount(folder / "disk")
    return made


@needs_tracer
@needs_mounts
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    ("kind", "durability"), [("ext4", "full"), ("xfs", "full"), ("ext4", "atomic"), ("xfs", "cache")]
)
# EVIDENCE-OF: P2
def test_power_cuts(tmp_path: Path, kind: str, durability: Durability, size: int) -> None:
    """A cut leaves old or new; with ``full`` one after the save leaves new, with ``atomic`` perhaps an older one; with
    ``cache`` a large value may be lost, too, which is told. What was stored long before is there in any case."""
    if shutil.which(f"mkfs.{kind}", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
        pytest.skip(f"there is no mkfs.{kind}")
    make_image(tmp_path / "image", kind, {"ext4": 16 << 20, "xfs": 320 << 20}[kind])
    for name in ("disk", "after"):
        (tmp_path / name).mkdir()

    def inside() -> list[Cut] | str:
        try:
            return cuts(tmp_path, kind, durability, size)
        except OSError as error:
            return str(error)

    made = in_private(inside)
    if isinstance(made, str):
        pytest.skip(f"no disk in a file here: {made}")

    assert sum(cut.returned for cut in made) >= 4
    if durability == "full":
        assert [cut for cut in made if cut.found not in {cut.before, cut.value}] == []
        assert [cut for cut in made if cut.returned and cut.found != cut.value] == []
    else:
        lost = {DAMAGED} if durability == "cache" and size == LARGE else set[float]()
        assert [cut for cut in made if cut.found not in {OLD, *(each.value for each in made)} | lost] == []
        if binding().keeps_log and (size == SMALL or durability == "cache"):
            assert any(cut.returned and cut.found != cut.value for cut in made), "the cuts are real"
    assert binding().name in NAMES


# ------------------------------------------------------------------------------------------------------------ groups
BLOCK: tuple[tuple[str, int], ...] = (
    *(("new", SMALL), ("reading", SMALL), ("large", LARGE)),
    *(("new, too", SMALL), ("new and large", LARGE), ("serial", SMALL)),
)
"""What a block saves, in this order."""

BEFORE = (None, OLD, OLD, None, None, OLD)
"""The values of these before."""


def prepare_block(folder: Path) -> None:
    """A database with the old values, closed; what an earlier block has left is gone."""
    storage = at(folder)
    for (name, size), value in zip(BLOCK, BEFORE, strict=True):
        if value is not None:
            storage.save(name, np.full(size, value))
        elif storage.exists(name):
            storage.delete(name)
    sqlite_connection.close_all()


def save_block(storage: SqliteStorageInterface) -> None:
    """The block under test."""
    with counted(), storage.grouped():
        for name, size in BLOCK:
            storage.save(name, np.full(size, NEW))


def look_for_block(storage: SqliteStorageInterface) -> tuple[float | None, ...]:
    """What is stored under each name of the block, and nan if it is no whole value."""
    found: list[float | None] = []
    for name, size in BLOCK:
        try:
            value = np.asarray(storage.load(name))
        except NotStoredError:
            found.append(None)
        else:
            found.append(float(value[0]) if value.size == size and bool((value == value[0]).all()) else float("nan"))
    return tuple(found)


def saved(found: Sequence[float | None]) -> int:
    """How many of the block are new; all others must be as before, and later in the block."""
    count = sum(value == NEW for value in found)
    assert tuple(found) == (NEW,) * count + BEFORE[count:]
    return count


@needs_tracer
# EVIDENCE-OF: P1
def test_death_inside_a_group(tmp_path: Path) -> None:
    """Whoever dies inside a block, before whichever of its file calls, has lost nothing of what was saved so far."""
    prepare_block(tmp_path / "before")
    folders = copies(tmp_path / "copy", tmp_path / "before")
    storage = at(tmp_path / "copy")
    calls = run(partial(save_block, storage), next(folders)).calls

    counts: list[int] = []
    for number in range(1, len(calls) + 1, -(-len(calls) // 70)):  # without a log there are very many
        assert run(partial(save_block, storage), next(folders), Plan(number, "kill")).ending == "killed"
        counts.append(saved(fresh(partial(look_for_block, storage))))

    assert counts == sorted(counts)
    assert set(counts) == set(range(len(BLOCK) + 1))


def cuts_of_blocks(disk: Disk) -> list[tuple[int, bool]]:
    """Blocks, killed at one call or not at all, and the power cut after each: how much of a block the disk has, and
    whether it had ended."""
    storage = at(disk.store)
    fresh(partial(prepare_block, disk.store))
    calls = len(run(partial(save_block, storage), disk.store).calls)
    made: list[tuple[int, bool]] = []
    for point in [*range(2, calls, calls // 6), calls, *[9999] * 3] * REPEATS:
        fresh(partial(prepare_block, disk.store))
        ended = run(partial(save_block, storage), disk.store, Plan(point, "kill")).ending == "returned"
        found = disk.cut(
            lambda after: fresh(partial(look_for_block, at(after.metrics_dir))),
            flushed=len(made) % 2 == 0 and not ended,
        )
        made.append((saved(found), ended))
    return made


@needs_tracer
@needs_mounts
@pytest.mark.parametrize(
    ("kind", "options", "options_after"), [("ext4", "noauto_da_alloc", ""), ("xfs", "", "nouuid")], ids=["ext4", "xfs"]
)
# EVIDENCE-OF: P2
def test_power_cuts_of_groups(tmp_path: Path, kind: str, options: str, options_after: str) -> None:
    """A cut inside a block leaves all of its saves up to some point, and nothing damaged; one after it leaves all."""
    made = on_disk(tmp_path, kind, options, options_after, cuts_of_blocks)

    assert [count for count, ended in made if ended] == [len(BLOCK)] * sum(ended for _, ended in made)
    assert sum(ended for _, ended in made) >= 3
    assert any(count < len(BLOCK) for count, _ in made), "the cuts are real"
