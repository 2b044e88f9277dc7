"""A directory with one file for each name, replaced as a whole."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import attrs

from simple_metrics_manager.errors import InTheWayError, NotStoredError, SaveError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.stores.base import Listed
from simple_metrics_manager.stores.durability import Durability, sync_directory, sync_file
from simple_metrics_manager.stores.files import NotAFileError, fill_file, open_new_file, read_file
from simple_metrics_manager.stores.groups import Group, group_of, grouped_writes
from simple_metrics_manager.stores.layout import Layout, is_there
from simple_metrics_manager.stores.leftovers import remove_leftovers, swept, temporary_name
from simple_metrics_manager.stores.renaming import rename_to_nothing


@attrs.frozen
class Directory:
    """Files ``<name><extension>`` in the directory ``path``, which is made by the first write.

    ``durability`` says what a power cut may take: nothing that was written (``full``); the latest writes, each of
    which is then as before (``atomic``); or, never taken for a value, also what was there before (``cache``). A
    process that dies takes nothing in any of the three. ``sharded`` spreads new files over 256 folders in ``path``,
    for hundreds of thousands of them; files that lie in ``path`` itself are found all the same.
    """

    path: Path = attrs.field(converter=Path)
    extension: str
    durability: Durability = "full"
    sharded: bool = attrs.field(default=False, kw_only=True)
    _layout: Layout = attrs.field(
        init=False,
        eq=False,
        repr=False,
        default=attrs.Factory(lambda self: Layout(os.path.join(self.path, ""), self.extension, self.sharded), True),
    )

    def exists(self, name: str) -> bool:
        """Whether there is something under this name, be it a file that can be read or not."""
        path = self._layout.file(name)
        return is_there(path) or self._layout.present(name) != path

    def read(self, name: str) -> memoryview:
        """The file, read or mapped.

        A mapped file that is replaced stays what it was for those who mapped it. One that another program cuts
        short in place takes the process with it (``SIGBUS``); nothing here does that.
        """
        layout = self._layout
        path = layout.file(name)
        try:
            try:
                return read_file(layout.check(path) if self.sharded else path)
            except FileNotFoundError:
                path = self._layout.present(name)
                return read_file(path)
        except (FileNotFoundError, NotADirectoryError):
            raise NotStoredError(name, str(self.path)) from None
        except NotAFileError as error:
            raise InTheWayError(path, str(error)) from None
        except OSError as error:
            raise type(error)(error.errno, error.strerror, path) from error  # a read that fails names no file

    # --------------------------------------------------------------------------------------------------- writing
    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        """Writes a temporary file beside the final one, then puts it in that one's place."""
        path, group = self._layout.file(name), self._group()
        try:
            size, late = self._put(path, pieces, group, _replace if group is None else _replace_flushed)
        except OSError as error:
            raise SaveError(name, path, error.strerror or str(error)) from error
        if self.durability != "cache":
            self._settle_saved(group, name, path, size if late else None)
        return size

    def create(self, name: str, pieces: Iterable[Buffer]) -> bool:
        """Writes a temporary file, then gives it the final name unless that is taken by then."""
        if self.exists(name):
            return False
        path, group = self._layout.file(name), self._group()
        try:
            size, made = self._put(path, pieces, group, _place_first)
        except OSError as error:
            raise SaveError(name, path, error.strerror or str(error)) from error
        if made:
            self._settle_saved(group, name, path, size if group is not None else None)
        return made

    def _put(
        self, path: str, pieces: Iterable[Buffer], group: Group | None, place: Callable[[str, str], bool]
    ) -> tuple[int, bool]:
        """The file, whole or not at all, not flushed if there is a group; its size, and what ``place`` says."""
        self._sweep_once()
        temporary = temporary_name(path)
        try:
            return self._write_temporary(temporary, pieces, group), place(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def _write_temporary(self, temporary: str, pieces: Iterable[Buffer], group: Group | None) -> int:
        try:
            descriptor = open_new_file(self._layout.check(temporary) if self.sharded else temporary)
        except FileNotFoundError:
            self._make(Path(temporary).parent, group)
            descriptor = open_new_file(temporary)
        return fill_file(descriptor, pieces, sync=self.durability != "cache" and group is None)

    def _make(self, folder: Path, group: Group | None) -> None:
        """Makes a directory and those above it; with ``full``, their names outlive a power cut too."""
        missing = [folder, *folder.parents]
        missing = missing[: next((index for index, path in enumerate(missing) if path.exists()), len(missing))]
        folder.mkdir(parents=True, exist_ok=True)
        for path in missing:
            self._settle(group, "", str(path))
        if group is not None:
            group.prepare()

    def _group(self) -> Group | None:
        group = None if self.durability == "cache" else group_of(self._layout.folder)
        if group is not None:
            group.prepare()
        return group

    def _settle(self, group: Group | None, name: str, path: str, late: int | None = None) -> None:
        """Makes a change of names durable, or has the group do it; ``late``: bytes of a file that was not flushed."""
        folder = os.path.dirname(path) or os.curdir
        if group is not None:
            group.note(folder, path, name, late)
        elif self.durability == "full":
            sync_directory(folder)

    def _settle_saved(self, group: Group | None, name: str, path: str, late: int | None = None) -> None:
        try:
            self._settle(group, name, path, late)
        except OSError as error:
            raise SaveError(name, path, error.strerror or str(error), replaced=True) from error

    def _sweep_once(self) -> None:
        if self._layout.folder not in swept:
            swept.add(self._layout.folder)
            self.sweep()

    def sweep(self) -> int:
        """Removes what writers that died left behind; how many files. The first write of a process does it."""
        return sum(map(remove_leftovers, self._layout.folders()))

    def grouped(self) -> AbstractContextManager[None]:
        """A block of this thread whose writes are flushed together at its end, and once a second inside it.

        A value that is replaced stays safe as ever. Of new ones, a power cut inside the block may take those of the
        last second of work: it leaves nothing, or a damaged file, which is never taken for a value. It costs 1.2 to
        1.6 times what writing without any flush costs, or twice that while other programs write large files, where
        flushing one by one costs ten to thirty times that.
        """
        return nullcontext() if self.durability == "cache" else grouped_writes(self._layout.folder)

    # ----------------------------------------------------------------------------------------------- other changes
    def delete(self, name: str) -> None:
        """Removes the file."""
        path = self._layout.check(self._layout.present(name))
        self._forget_hidden(name, path)
        try:
            os.unlink(path)
        except (FileNotFoundError, NotADirectoryError):
            raise NotStoredError(name, str(self.path)) from None
        self._settle(self._group(), name, path)

    def _forget_hidden(self, name: str, path: str) -> None:
        """Removes an older file, which would take the place of the one that goes."""
        hidden = self._layout.hidden(name, path)
        if hidden is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(hidden)

    def tag(self, name: str) -> str | None:
        """What tells this file from any other that was or will be in its place; None if there is none.

        Its number, its size and the time it was put there: two replacements within one tick of the clock of the
        file system (some milliseconds) that give its number back would not be told apart, nor on a network file
        system what its cache of attributes does not know yet.
        """
        try:
            status = os.lstat(self._layout.present(name))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return f"{status.st_ino:x}-{status.st_ctime_ns:x}-{status.st_size:x}"

    def names(self) -> Iterator[str]:
        """The names of all files here that a write could have made, here or in 0.5.0, in order.

        A name that was too long to be kept whole is given as it stands in the file name; it is understood in
        place of the original one.
        """
        return iter(sorted(self._layout.names()))

    def listing(self) -> Iterator[Listed]:
        """The names in order, with size and time of writing.

        The system is asked for each file, which costs half of the time: it is fifteen times what ``os.listdir`` of
        the same directory takes, or six microseconds a file.
        """
        found: dict[str, Listed] = {}
        for name, entry in self._layout.entries():
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):  # removed in the meantime
                twice = name in found
                status = os.lstat(self._layout.present(name)) if twice else entry.stat(follow_symlinks=False)
                found[name] = Listed(name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))
        return map(found.__getitem__, sorted(found))

    def move(self, old: str, new: str) -> None:
        """Renames the file; a file under the new name is never replaced, not even one that appears just now."""
        source, target = self._layout.present(old), self._layout.file(new)
        try:
            if self._layout.present(new) != target:
                raise FileExistsError(target)
            self._forget_hidden(old, source)
            self._rename(source, target)
        except FileExistsError:
            raise FileExistsError(f"{new!r} is there already: {old!r} was not moved to {target}") from None
        except (FileNotFoundError, NotADirectoryError):
            raise NotStoredError(old, str(self.path)) from None
        except OSError as error:
            raise SaveError(new, target, error.strerror or str(error)) from error
        group = self._group()
        if group is not None:
            group.moved(source, target)
        self._settle_saved(group, new, target)
        if os.path.dirname(source) != os.path.dirname(target):
            self._settle_saved(group, new, source)

    def _rename(self, source: str, target: str) -> None:
        self._layout.check(source)
        try:
            rename_to_nothing(source, self._layout.check(target))
        except FileNotFoundError:
            if not is_there(source):
                raise
            self._make(Path(target).parent, self._group())
            rename_to_nothing(source, target)

    def set_aside(self, name: str) -> str:
        """Renames the file to ``<file>.<number>.damaged``, which no name means; nothing is ever deleted."""
        path = self._layout.check(self._layout.present(name))
        self._forget_hidden(name, path)
        for number in itertools.count(1):
            target = f"{path}.{number}.damaged"
            try:
                rename_to_nothing(path, target)
            except FileExistsError:
                continue
            except (FileNotFoundError, NotADirectoryError):
                raise NotStoredError(name, str(self.path)) from None
            self._settle(self._group(), name, path)
            return target
        raise AssertionError("numbers do not end")

    def describe(self, name: str) -> str:
        """The path of the file."""
        return self._layout.file(name)


def _replace(temporary: str, path: str) -> bool:
    os.replace(temporary, path)
    return False


def _place_first(temporary: str, path: str) -> bool:
    """A file gets its name if that replaces none; whether it did."""
    try:
        rename_to_nothing(temporary, path)
    except FileExistsError:
        os.unlink(temporary)
        return False
    return True


def _replace_flushed(temporary: str, path: str) -> bool:
    """A file that was not flushed gets its name if that replaces none, and is flushed before if it does; whether it
    is yet to be flushed."""
    with contextlib.suppress(FileExistsError):
        rename_to_nothing(temporary, path)
        return True
    sync_file(temporary)
    os.replace(temporary, path)
    return False
