"""Stores that break one promise each: what the contract of stores has to notice."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from simple_metrics_manager.errors import NotStoredError, SaveError
from simple_metrics_manager.formats.base import Buffer, Shared
from simple_metrics_manager.stores import Directory, Memory
from simple_metrics_manager.stores.base import Listed
from simple_metrics_manager.stores.memory import _Kept, _kept


def pause() -> None:
    """Time in which another thread gets its turn; never the same, so that no two keep in step."""
    time.sleep(random.uniform(0, 0.003))


# ------------------------------------------------------------------------------------------------- names and listing
class NeverEmpty(Memory):
    """Says of every name that it is there."""

    def exists(self, name: str) -> bool:
        return True


class RaisesKeyErrors(Memory):
    """Tells what is not there in its own way."""

    def read(self, name: str) -> memoryview:
        return memoryview(self._blobs[name].blob)


class CaseBlind(Memory):
    """Takes names that differ in case for one."""

    def exists(self, name: str) -> bool:
        return super().exists(name.lower())

    def read(self, name: str) -> memoryview:
        return super().read(name.lower())

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        return super().write(name.lower(), pieces)

    def delete(self, name: str) -> None:
        super().delete(name.lower())

    def move(self, old: str, new: str) -> None:
        super().move(old.lower(), new.lower())


class AsTheyCome(Memory):
    """Lists names in the order in which they were written."""

    def names(self) -> Iterator[str]:
        return iter(list(self._blobs))


class ListsQuoted(Memory):
    """Lists names in a spelling under which they cannot be read."""

    def names(self) -> Iterator[str]:
        return iter(sorted(quote(name, errors="replace") for name in self._blobs))


class ShortNames(Memory):
    """Cannot move to names that are longer than those of files."""

    def move(self, old: str, new: str) -> None:
        super().move(old, new[:255])


class OnePlace(Memory):
    """Describes all places alike."""

    def describe(self, name: str) -> str:
        return "in memory"


class NaiveTimes(Memory):
    """Lists local times that do not say so."""

    def listing(self) -> Iterator[Listed]:
        return (each._replace(written=each.written.replace(tzinfo=None)) for each in super().listing())


class WrongTimes(Memory):
    """Lists times that are hours off."""

    def listing(self) -> Iterator[Listed]:
        return (each._replace(written=each.written + timedelta(hours=1)) for each in super().listing())


class WrongSizes(Memory):
    """Lists sizes in blocks."""

    def listing(self) -> Iterator[Listed]:
        return (each._replace(bytes=-(-each.bytes // 512) * 512) for each in super().listing())


class OldListing(Memory):
    """Lists what was there when it was first asked."""

    def listing(self) -> Iterator[Listed]:
        return iter(self.__dict__.setdefault("listed", list(super().listing())))


class LiveListing(Memory):
    """Lists from what changes meanwhile."""

    def listing(self) -> Iterator[Listed]:
        for name in sorted(self._blobs):
            pause()
            yield Listed(name, len(self._blobs[name].blob), datetime.now(UTC))


# ---------------------------------------------------------------------------------------------- moving and deleting
class DeletesNothing(Memory):
    """Keeps what was deleted."""

    def delete(self, name: str) -> None:
        self.read(name)


class Copies(Memory):
    """Leaves what was moved in its old place, too."""

    def move(self, old: str, new: str) -> None:
        kept = self._blobs.get(old)
        super().move(old, new)
        assert kept is not None
        self._blobs[old] = kept


class MovesOver(Memory):
    """Moves onto what is there."""

    def move(self, old: str, new: str) -> None:
        self.read(old)
        self._blobs[new] = self._blobs.pop(old)


class SlowMoves(Memory):
    """Looks whether a name is free, and takes it a moment later."""

    def move(self, old: str, new: str) -> None:
        self.read(old)
        if new in self._blobs:
            raise FileExistsError(new)
        pause()
        self._blobs[new] = self._blobs.pop(old)


class LeavesDamaged(Memory):
    """Sets aside under another name that is listed."""

    def set_aside(self, name: str) -> str:
        kept = self._take(name)
        self._blobs[name + ".damaged"] = kept
        return name + ".damaged"


class ThrowsAway(Memory):
    """Deletes what it should set aside."""

    def set_aside(self, name: str) -> str:
        where = super().set_aside(name)
        self._damaged[-1] = (name, b"")
        return where


class OneDamaged(Memory):
    """Sets all of one name aside in one place."""

    def set_aside(self, name: str) -> str:
        super().set_aside(name)
        return f"the damaged {name!r}"


class PicksWhatToSetAside(Memory):
    """Leaves long names where they are."""

    def set_aside(self, name: str) -> str:
        return super().set_aside(name) if len(name) < 255 else f"{name} cannot be moved"


class EveryFifth(Memory):
    """Forgets a deletion now and then."""

    def delete(self, name: str) -> None:
        self.read(name)
        done: list[str] = self.__dict__.setdefault("done", [])
        done.append(name)
        if len(done) % 5:
            super().delete(name)


# ---------------------------------------------------------------------------------------------------------- writing
class Forgets(Memory):
    """Writes nothing."""

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        return sum(map(len, pieces))


class Writable(Memory):
    """Lets readers change what is kept."""

    def read(self, name: str) -> memoryview:
        return memoryview(bytearray(super().read(name)))


class CountsPieces(Memory):
    """Says how many pieces were written, not how many bytes."""

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        given = list(pieces)
        super().write(name, given)
        return len(given)


class ThousandPieces(Memory):
    """Writes as many pieces as one call of the system takes."""

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        return super().write(name, list(pieces)[:1024])


class SharesBadly(Memory):
    """Keeps pieces that are shared once, and forgets them with the first blob that is deleted."""

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        given = list(pieces)
        common: list[Buffer] = [piece for piece in given if isinstance(piece, Shared)]
        self.__dict__.setdefault("common", {}).update({name: (given, common)})
        return super().write(name, given)

    def delete(self, name: str) -> None:
        super().delete(name)
        for other, (given, common) in self.__dict__.get("common", {}).items():
            if common and other in self._blobs:
                super().write(other, [piece for piece in given if piece not in common])


class Borrows(Memory):
    """Keeps the memory of the writer."""

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        given = list(pieces)
        size = super().write(name, given)
        if len(given) == 1:
            self.__dict__.setdefault("lent", {})[name] = given[0]
        return size

    def read(self, name: str) -> memoryview:
        lent = self.__dict__.get("lent", {})
        return memoryview(lent[name]).toreadonly() if name in lent else super().read(name)


class InPlace(Memory):
    """Writes into the memory that readers hold."""

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        blob = b"".join(pieces)
        kept: dict[str, bytearray] = self.__dict__.setdefault("kept", {})
        mine = kept.setdefault(name, bytearray(len(blob)))
        mine[: len(blob)] = blob
        super().write(name, [blob])
        return len(blob)

    def read(self, name: str) -> memoryview:
        blob = super().read(name)
        kept: dict[str, bytearray] = self.__dict__.get("kept", {})
        return memoryview(kept[name])[: len(blob)].toreadonly() if name in kept else blob


class CreatesOver(Memory):
    """Creates what is there."""

    def create(self, name: str, pieces: Iterable[Buffer]) -> bool:
        self.write(name, pieces)
        return True


class KnowsItsOwn(Memory):
    """Knows only those names that it created."""

    def create(self, name: str, pieces: Iterable[Buffer]) -> bool:
        created: set[str] = self.__dict__.setdefault("created", set())
        if name in created:
            return False
        created.add(name)
        self.write(name, pieces)
        return True


class SlowCreates(Memory):
    """Looks whether a name is free, and takes it a moment later."""

    def create(self, name: str, pieces: Iterable[Buffer]) -> bool:
        if self.exists(name):
            return False
        pause()
        self.write(name, pieces)
        return True


class Grows(Memory):
    """Shows a blob while its pieces come."""

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        super().write(name, [])
        for piece in pieces:
            super().write(name, [self.read(name), piece])
            pause()
        return len(self.read(name))


class Gap(Memory):
    """Removes the old blob before it writes the new one."""

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        kept = _kept(pieces)
        self._blobs.pop(name, None)
        pause()
        self._blobs[name] = kept
        return len(kept.blob)


class LooksTwice(Memory):
    """Looks whether a blob is there, and reads it a moment later."""

    def read(self, name: str) -> memoryview:
        if name not in self._blobs:
            raise NotStoredError(name, "memory")
        late = time.monotonic() + 0.05
        while name in self._blobs and time.monotonic() < late:  # the moment in which it is deleted, which luck may miss
            time.sleep(0)
        return memoryview(self._blobs[name].blob)


class TranslatesErrors(Memory):
    """Takes every error for one of its own."""

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        try:
            return super().write(name, pieces)
        except Exception as error:
            raise SaveError(name, "memory", str(error)) from error


class LosesUpdates(Memory):
    """Changes a copy of everything, and puts it in the place of what others changed meanwhile."""

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        copy = {**self._blobs, name: _kept(pieces)}
        pause()
        self._blobs.update(copy)
        for each in set(self._blobs) - set(copy):
            del self._blobs[each]
        return len(copy[name].blob)


# ----------------------------------------------------------------------------------------------------------- groups
class Delays(Memory):
    """Shows what was written in a group when that has ended."""

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        waiting: list[tuple[str, _Kept]] | None = self.__dict__.get("waiting")
        if waiting is None:
            return super().write(name, pieces)
        waiting.append((name, _kept(pieces)))
        return len(waiting[-1][1].blob)

    @contextlib.contextmanager
    def grouped(self) -> Generator[None]:
        self.__dict__["waiting"] = []
        yield
        self._blobs.update(self.__dict__.pop("waiting"))


class Swallows(Memory):
    """Ends a group quietly, whatever happened in it."""

    def grouped(self) -> AbstractContextManager[None]:
        return contextlib.suppress(Exception)


class WritesOnce(Memory):
    """Writes only the first blob of each name in a group."""

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        written: set[str] | None = self.__dict__.get("written")
        if written is not None and name in written and len(written) > 9:
            return sum(map(len, pieces))
        if written is not None:
            written.add(name)
        return super().write(name, pieces)

    @contextlib.contextmanager
    def grouped(self) -> Generator[None]:
        self.__dict__["written"] = set()
        yield
        del self.__dict__["written"]


# --------------------------------------------------------------------------------------------------------- one place
class Remembers(Directory):
    """Reads a blob once, and knows it from then on."""

    def read(self, name: str) -> memoryview:
        known: dict[str, memoryview] = self.__dict__.setdefault("known", {})
        if name not in known:
            known[name] = super().read(name)
        return known[name]


class WritesLater(Directory):
    """Keeps what was written to itself until the next write."""

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        waiting: list[tuple[str, bytes]] = self.__dict__.setdefault("waiting", [])
        for old, blob in waiting:
            super().write(old, [blob])
        waiting[:] = [(name, b"".join(pieces))]
        return len(waiting[0][1])

    def exists(self, name: str) -> bool:
        return name in dict(self.__dict__.get("waiting", ())) or super().exists(name)

    def set_aside(self, name: str) -> str:
        self.write("x", [])
        return super().set_aside(name)


class LocksItself(Directory):
    """Guards its own threads only when it creates."""

    def create(self, name: str, pieces: Iterable[Buffer]) -> bool:
        if self.exists(name):
            return False
        time.sleep(0.02)
        self.write(name, pieces)
        return True


class GoesElsewhere(Directory):
    """Is on another place once it was pickled."""

    def __reduce__(self) -> tuple[type[Directory], tuple[Path, str]]:
        return Directory, (self.path / "pickled", self.extension)


class Homesick(Directory):
    """Writes nowhere but in the process that made it."""

    def _home(self) -> int:
        return int(self.__dict__.setdefault("home", os.getpid()))

    def __reduce__(self) -> tuple[Callable[[Path, str, int], Directory], tuple[Path, str, int]]:
        return homesick, (self.path, self.extension, self._home())

    def create(self, name: str, pieces: Iterable[Buffer]) -> bool:
        return self._home() != os.getpid() or super().create(name, pieces)

    def read(self, name: str) -> memoryview:
        self._home()
        return super().read(name)


def homesick(path: Path, extension: str, home: int) -> Directory:
    """One that was made by another process."""
    store = Homesick(path, extension, "cache")
    store.__dict__["home"] = home
    return store


# ------------------------------------------------------------------------------------------------------------- tags
class OneTag(Memory):
    """Gives every blob the same tag."""

    def tag(self, name: str) -> str | None:
        return "tag" if self.exists(name) else None


class HashTag(Memory):
    """Gives equal blobs equal tags."""

    def tag(self, name: str) -> str | None:
        return hashlib.sha256(self.read(name)).hexdigest() if self.exists(name) else None


class ReplacesAnything(Memory):
    """Asks for no tag."""

    def replace(self, name: str, pieces: Iterable[Buffer], tag: str) -> bool:
        if self.exists(name):
            self.write(name, pieces)
        return self.exists(name)


class ReplacesWithNothing(Memory):
    """Empties the old blob before it has the new one."""

    def replace(self, name: str, pieces: Iterable[Buffer], tag: str) -> bool:
        if self.tag(name) != tag:
            return False
        self.write(name, [])
        self.write(name, pieces)
        return True


class SlowReplaces(Memory):
    """Compares the tag, and writes a moment later."""

    def replace(self, name: str, pieces: Iterable[Buffer], tag: str) -> bool:
        if self.tag(name) != tag:
            return False
        pause()
        self.write(name, pieces)
        return True
