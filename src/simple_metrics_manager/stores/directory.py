"""A flat directory with one file for each name, replaced as a whole."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

import attrs

from simple_metrics_manager.errors import InTheWayError, NotStoredError, SaveError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.stores.base import Listed
from simple_metrics_manager.stores.file_names import from_file_name, is_component, to_file_name
from simple_metrics_manager.stores.files import NotAFileError, read_file, sync_directory, write_new_file
from simple_metrics_manager.stores.leftovers import remove_leftovers, temporary_name

_swept: set[tuple[int, str]] = set()
"""Process and directory of every store that has looked for leftovers: a forked child looks anew."""


Durability: TypeAlias = Literal["full", "atomic", "cache"]
"""What a power cut may take; a process that dies takes nothing in any of the three.

``full``: nothing, once a save has returned. ``atomic``: the latest saves, of each of which the old value is then back.
``cache``: the latest saves, and what they replaced; what is damaged is never taken for a value.
"""


@attrs.frozen
class Directory:
    """Files ``<name><extension>`` in the directory ``path``, which is made by the first write.

    ``durability`` says what a power cut may take: nothing that was written (``full``); the latest writes, each of
    which is then as before (``atomic``); or, never taken for a value, also what was there before (``cache``). A
    process that dies takes nothing in any of the three.
    """

    path: Path = attrs.field(converter=Path)
    extension: str
    durability: Durability = "full"

    def _file(self, name: str) -> str:
        return os.path.join(self.path, to_file_name(name) + self.extension)  # twice as fast

    def _present(self, name: str) -> str:
        """The file of this name that is there, or would be: 0.5.0 wrote names as they were, blanks and brackets too."""
        path = self._file(name)
        if to_file_name(name) == name or not is_component(name) or os.path.lexists(path):
            return path
        raw = os.path.join(self.path, name + self.extension)
        return raw if os.path.lexists(raw) else path

    def exists(self, name: str) -> bool:
        """Whether there is something under this name, be it a file that can be read or not."""
        return os.path.lexists(self._present(name))

    def read(self, name: str) -> memoryview:
        """The file, read or mapped.

        A mapped file that is replaced stays what it was for those who mapped it. One that another program cuts
        short in place takes the process with it (``SIGBUS``); nothing here does that.
        """
        path = self._present(name)
        try:
            return read_file(path)
        except (FileNotFoundError, NotADirectoryError):
            raise NotStoredError(name, str(self.path)) from None
        except NotAFileError as error:
            raise InTheWayError(path, str(error)) from None
        except OSError as error:
            raise type(error)(error.errno, error.strerror, path) from error  # a read that fails names no file

    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        """Writes a temporary file beside the final one, then puts it in that one's place."""
        path = self._file(name)
        try:
            size = self._replace(path, pieces)
        except OSError as error:
            raise SaveError(name, path, error.strerror or str(error)) from error
        try:
            self._settle()
        except OSError as error:
            raise SaveError(name, path, error.strerror or str(error), replaced=True) from error
        return size

    def _replace(self, path: str, pieces: Iterable[Buffer]) -> int:
        self._sweep_once()
        temporary = temporary_name(path)
        try:
            size = self._write_temporary(temporary, pieces)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        return size

    def _write_temporary(self, temporary: str, pieces: Iterable[Buffer]) -> int:
        try:
            return write_new_file(temporary, pieces, sync=self.durability != "cache")
        except FileNotFoundError:
            self._make()
            return write_new_file(temporary, pieces, sync=self.durability != "cache")

    def _make(self) -> None:
        """Makes the directory and those above it; with ``full``, their names outlive a power cut too."""
        missing = [self.path, *self.path.parents]
        missing = missing[: next((index for index, path in enumerate(missing) if path.exists()), len(missing))]
        self.path.mkdir(parents=True, exist_ok=True)
        if self.durability == "full":
            for path in missing:
                sync_directory(path.parent)

    def _settle(self) -> None:
        if self.durability == "full":
            sync_directory(self.path)

    def _sweep_once(self) -> None:
        key = (os.getpid(), str(self.path))
        if key not in _swept:
            _swept.add(key)
            self.sweep()

    def sweep(self) -> int:
        """Removes what writers that died left behind; how many files. The first write of a process does it."""
        return remove_leftovers(self.path)

    def create(self, name: str, pieces: Iterable[Buffer]) -> bool:
        """Writes a temporary file, then links it to the final name, which no other file can have by then."""
        path = self._file(name)
        temporary = temporary_name(path)
        try:
            self._sweep_once()
            try:
                self._write_temporary(temporary, pieces)
                rename_to_nothing(temporary, path)
            except FileExistsError:
                return False
            finally:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
            self._settle()
        except OSError as error:
            raise SaveError(name, path, error.strerror or str(error)) from error
        return True

    def grouped(self) -> AbstractContextManager[None]:
        """Not yet faster than one by one."""
        return nullcontext()

    def delete(self, name: str) -> None:
        """Removes the file."""
        path = self._present(name)
        try:
            os.unlink(path)
        except (FileNotFoundError, NotADirectoryError):
            raise NotStoredError(name, str(self.path)) from None
        self._settle()

    def names(self) -> Iterator[str]:
        """The names of all files here that a write could have made, here or in 0.5.0, in order.

        A name that was too long to be kept whole is given as it stands in the file name; it is understood in
        place of the original one.
        """
        try:
            with os.scandir(self.path) as entries:
                files = [entry.name for entry in entries if entry.name.endswith(self.extension)]
        except (FileNotFoundError, NotADirectoryError):
            return iter(())
        stems = (file[: len(file) - len(self.extension)] for file in files if not file.startswith("."))
        return iter(sorted({name for name in map(_name_of, stems) if name is not None}))

    def listing(self) -> Iterator[Listed]:
        """The names in order, with size and time of writing: one look at each file, which is what costs the time."""
        for name in self.names():
            try:
                status = os.lstat(self._present(name))
            except (FileNotFoundError, NotADirectoryError):
                continue  # removed in the meantime
            yield Listed(name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def move(self, old: str, new: str) -> None:
        """Renames the file; a file under the new name is never replaced, not even one that appears just now."""
        source, target = self._present(old), self._file(new)
        try:
            rename_to_nothing(source, target)
            self._settle()
        except FileExistsError:
            raise FileExistsError(f"{target} is there already: {old!r} was not moved to {new!r}") from None
        except (FileNotFoundError, NotADirectoryError):
            raise NotStoredError(old, str(self.path)) from None
        except OSError as error:
            raise SaveError(new, target, error.strerror or str(error)) from error

    def set_aside(self, name: str) -> str:
        """Renames the file to ``<file>.<number>.damaged``, which no name means; nothing is ever deleted."""
        path = self._present(name)
        for number in itertools.count(1):
            target = f"{path}.{number}.damaged"
            try:
                rename_to_nothing(path, target)
            except FileExistsError:
                continue
            except (FileNotFoundError, NotADirectoryError):
                raise NotStoredError(name, str(self.path)) from None
            self._settle()
            return target
        raise AssertionError("numbers do not end")

    def describe(self, name: str) -> str:
        """The path of the file."""
        return self._file(name)


def _name_of(stem: str) -> str | None:
    name = from_file_name(stem)
    return stem if name is None and to_file_name(stem) != stem and is_component(stem) else name


def rename_to_nothing(source: str, target: str) -> None:
    """``rename`` replaces what is there; a hard link does not, and both names are good while both are there."""
    try:
        os.link(source, target)
    except FileExistsError:
        _finish_interrupted(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        os.rename(source, target)
    else:
        os.unlink(source)


def _finish_interrupted(source: str, target: str) -> None:
    """Whoever died between link and unlink left one file with two names; on a disk that does not tell ``a`` from
    ``A``, one file with one name answers to both."""
    here, there = os.lstat(source), os.lstat(target)
    if source == target or not os.path.samestat(here, there):
        raise FileExistsError(target)
    if here.st_nlink > 1:
        os.unlink(source)
    else:
        os.rename(source, target)
