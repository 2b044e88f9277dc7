"""A store in front of another one: what was read from a shared place is read from this machine the next time."""

from __future__ import annotations

import contextlib
import logging
import struct
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple, Protocol, TypeAlias, cast, runtime_checkable

import attrs

from simple_metrics_manager.errors import ConfigError, CorruptMetricError, NotStoredError, SaveError, StorageError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.stores.base import Listed, Store

_LOG = logging.getLogger(__name__)

_FAILURES = (OSError, StorageError)
"""What a store in front may raise without anybody being the worse for it."""

_END = struct.Struct("<II8s")
"""Length of the tag, CRC-32 of name and tag, magic; the tag itself stands before it, and the blob before that."""

_MAGIC = b"smm copy"

Check: TypeAlias = Literal["always", "never"]
"""When a copy is compared with the shared place before it is used.

``always``: at every read, by one question for its tag; a copy of what has been replaced since is never used. ``never``:
a copy that is there is used, be the shared place reachable or not, and whatever others have written there since.
"""


@runtime_checkable
class Tagged(Store, Protocol):
    """A store that can tell whether a blob is still the same without reading it."""

    def tag(self, name: str) -> str | None:
        """As that of :class:`.ConditionalStore`."""
        ...


@runtime_checkable
class TaggedWriting(Tagged, Protocol):
    """A store that says which tag it gave. In front of any other, only what is read is kept, not what is written."""

    def write_tagged(self, name: str, pieces: Iterable[Buffer]) -> tuple[int, str]:
        """Writes; how many bytes that were, and the tag of just these, whoever else writes meanwhile."""
        ...


class _Copy(NamedTuple):
    tag: str
    blob: memoryview


@attrs.frozen
class Tiered:
    """``shared`` is the truth, ``fast`` holds copies of blobs of it, each with the tag that it had there in one piece.

    A write is one to ``shared``, and has failed if that fails. ``fast`` may fail in any way, be full, read-only or
    damaged: then things are as slow as without it, and a warning is logged. Names and listings are those of ``shared``.
    The files in ``fast`` have their tag behind their last byte: they are of use to a tiered store alone.

    With ``check="always"`` a read from ``fast`` costs one question to ``shared``, one that it cannot answer two
    and the blob. With ``check="never"`` it costs no question. See :data:`Check`.
    """

    fast: Store
    shared: Store
    check: Check = "always"

    def __attrs_post_init__(self) -> None:
        if self.check == "always" and not isinstance(self.shared, Tagged):
            problem = f"shared: {type(self.shared).__name__} has no tags by which copies could be checked"
            raise ConfigError((f"{problem}; take another kind of place, or say check='never'",))

    # ------------------------------------------------------------------------------------------------- the truth
    def exists(self, name: str) -> bool:
        """Whether there is something under this name."""
        return (self.check == "never" and self._copy(name) is not None) or self.shared.exists(name)

    def names(self) -> Iterator[str]:
        """The names under which something is stored in the shared place, in order."""
        return self.shared.names()

    def listing(self) -> Iterator[Listed]:
        """What is stored in the shared place."""
        return self.shared.listing()

    def describe(self, name: str) -> str:
        """Where the blob is in the shared place."""
        return self.shared.describe(name)

    def grouped(self) -> AbstractContextManager[None]:
        """As the shared place does it; copies need not outlive anything."""
        return self.shared.grouped()

    def tag(self, name: str) -> str | None:
        """The tag of the blob in the shared place."""
        return cast("Tagged", self.shared).tag(name)

    # --------------------------------------------------------------------------------------------------- reading
    def read(self, name: str) -> memoryview:
        """The whole blob, of the copy if there is one that may be used; if not, there is one afterwards."""
        return self._checked(name) if self.check == "always" else self._unchecked(name)

    def _checked(self, name: str) -> memoryview:
        tag = self.tag(name)
        if tag is None:
            self._drop(name)
            return self.shared.read(name)  # which says that there is none
        copy = self._copy(name)
        if copy is not None and copy.tag == tag:
            return copy.blob
        blob = self.shared.read(name)
        if self.tag(name) == tag:  # else it may have been replaced before it was read
            self._keep(name, [blob], tag)
        return blob

    def _unchecked(self, name: str) -> memoryview:
        copy = self._copy(name)
        if copy is not None:
            return copy.blob
        blob = self.shared.read(name)
        with self._bearing(name):
            self.fast.create(name, _with_tag(name, [blob], ""))  # not over what was written since it was read
        return blob

    def mistrust(self, name: str) -> bool:
        """Sets the copy aside if it is not what the shared place has: it is damaged, then; whether it was."""
        deeper = isinstance(self.shared, Tiered) and self.shared.mistrust(name)
        copy = self._copy(name)
        if copy is None:
            return deeper
        try:
            sound = copy.blob == self.shared.read(name)
        except NotStoredError:
            sound = False
        if not sound:
            self._put_aside(name)
        return deeper or not sound

    def outdated(self, name: str) -> None:
        """Somebody else is known to have replaced the blob: a copy that is used unseen has to go."""
        self._forget(name)
        if isinstance(self.shared, Tiered):
            self.shared.outdated(name)

    # --------------------------------------------------------------------------------------------------- writing
    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        """Writes to the shared place, then the copy, if its tag is known and the pieces can be had a second time."""
        self._forget_to_save(name)
        if self.check == "always" and isinstance(self.shared, TaggedWriting):
            size, tag = self.shared.write_tagged(name, pieces)
            self._keep(name, pieces, tag)
            return size
        size = self.shared.write(name, pieces)
        if self.check == "never":
            self._keep(name, pieces, "")
        return size

    def create(self, name: str, pieces: Iterable[Buffer]) -> bool:
        """Creates it in the shared place, of which the next read makes a copy."""
        self._forget_to_save(name)
        return self.shared.create(name, pieces)

    def delete(self, name: str) -> None:
        """Removes the blob and its copy."""
        self._forget(name)
        self.shared.delete(name)
        self._drop(name)

    def move(self, old: str, new: str) -> None:
        """Gives the blob another name in the shared place; a copy stays with neither."""
        self._forget(old)
        self._forget(new)
        self.shared.move(old, new)
        self._drop(old)

    def set_aside(self, name: str) -> str:
        """Takes the damaged blob of the shared place out of the way, and drops its copy."""
        self._forget(name)
        where = self.shared.set_aside(name)
        self._drop(name)
        return where

    # ---------------------------------------------------------------------------------------------------- copies
    def _copy(self, name: str) -> _Copy | None:
        try:
            return _without_tag(name, self.fast.read(name))
        except NotStoredError:
            return None
        except CorruptMetricError:
            self._put_aside(name)
        except _FAILURES as error:
            _LOG.warning("the copy of %r cannot be read: %s", name, error)
        return None

    def _keep(self, name: str, pieces: Iterable[Buffer], tag: str) -> None:
        if not isinstance(pieces, Sequence):  # they are used up
            self._drop(name)
            return
        with self._bearing(name):
            self.fast.write(name, _with_tag(name, pieces, tag))

    def _drop(self, name: str) -> None:
        with self._bearing(name), contextlib.suppress(NotStoredError):
            self.fast.delete(name)

    def _put_aside(self, name: str) -> None:
        with self._bearing(name), contextlib.suppress(NotStoredError):
            self.fast.set_aside(name)

    def _forget(self, name: str) -> None:
        """Where copies are not checked, one that is about to be wrong has to go first."""
        if self.check == "always":
            return
        try:
            self.fast.delete(name)
        except NotStoredError:
            return
        except _FAILURES:
            if self._copy(name) is not None:
                raise

    def _forget_to_save(self, name: str) -> None:
        try:
            self._forget(name)
        except _FAILURES as error:
            cause = f"its copy there would hide the new value, and cannot be removed: {error}"
            raise SaveError(name, self.fast.describe(name), cause) from error

    @contextlib.contextmanager
    def _bearing(self, name: str) -> Generator[None]:
        try:
            yield
        except _FAILURES as error:
            _LOG.warning("no copy of %r was kept, or none removed: %s", name, error)


def _with_tag(name: str, pieces: Iterable[Buffer], tag: str) -> list[Buffer]:
    text = tag.encode("utf-8", "surrogatepass")
    return [*pieces, text + _END.pack(len(text), _checksum(name, text), _MAGIC)]


def _without_tag(name: str, kept: memoryview) -> _Copy | None:
    """The copy and its tag; None if it has none, as what something else wrote there, or is another's."""
    at = len(kept) - _END.size
    if at < 0:
        return None
    length, checksum, magic = cast("tuple[int, int, bytes]", _END.unpack_from(kept, at))
    if magic != _MAGIC or length > at:
        return None
    text = bytes(kept[at - length : at])
    if checksum != _checksum(name, text):
        return None
    return _Copy(text.decode("utf-8", "surrogatepass"), kept[: at - length])


def _checksum(name: str, tag: bytes) -> int:
    return zlib.crc32(tag, zlib.crc32(name.encode("utf-8", "surrogatepass")))
