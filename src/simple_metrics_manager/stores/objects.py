"""A place in an object store (S3, GCS, Azure): one object for each name, there as a whole or not at all."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC
from typing import TypeVar

import attrs

from simple_metrics_manager.errors import NotExclusiveError, NotStoredError, SaveError, UnreachableError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.stores.base import Listed
from simple_metrics_manager.stores.file_names import from_file_name, to_file_name
from simple_metrics_manager.stores.object_client import LARGE, Client, connect
from simple_metrics_manager.stores.object_conditions import enforced, put_if
from simple_metrics_manager.stores.object_meta import Meta
from simple_metrics_manager.stores.object_options import Credentials, plain_options, plain_url
from simple_metrics_manager.stores.object_parts import read_end, read_parts, write_pieces
from simple_metrics_manager.stores.object_trouble import Trouble

T = TypeVar("T")

_MOST_AT_ONCE = 5 << 30
"""Bytes that S3 takes in one request, which a write under a condition has to be."""

_READINGS = 10
"""How often a large object may be replaced while it is read before the reader gives up."""


@attrs.frozen
class Objects:
    """Objects ``<name><extension>`` under ``url``, such as ``s3://bucket/prefix``.

    ``options`` are obstore's, such as ``endpoint`` and ``region``. ``credentials`` never leave this process; by default
    they are those of its environment. ``retries`` is how often a request is made again when the server does not
    answer, or says that it is busy.
    """

    url: str = attrs.field(converter=plain_url)
    extension: str
    options: Mapping[str, str] = attrs.field(factory=dict[str, str], converter=plain_options, hash=False, kw_only=True)
    credentials: Credentials = attrs.field(default=None, converter=Credentials, repr=False, kw_only=True)
    retries: int = attrs.field(default=8, validator=attrs.validators.ge(0), kw_only=True)

    def _client(self) -> Client:
        return connect(self.url, self.options, self.credentials, self.retries)

    def _key(self, name: str) -> str:
        return to_file_name(name) + self.extension

    def describe(self, name: str) -> str:
        """The URL of the object."""
        return f"{self.url}/{self._key(name)}"

    def _asked(self, name: str, request: Callable[[], T]) -> T:
        try:
            return request()
        except Trouble as error:
            raise UnreachableError(self.describe(name), error.cause) from None

    def _saved(self, name: str, request: Callable[[], T]) -> T:
        try:
            return request()
        except Trouble as error:
            raise SaveError(name, self.describe(name), error.cause, None if error.perhaps else False) from None

    def _look(self, name: str) -> Meta | None:
        return self._asked(name, lambda: self._client().head(self._key(name)))

    def _present(self, name: str) -> Meta:
        found = self._look(name)
        if found is None:
            raise NotStoredError(name, self.url)
        return found

    # ------------------------------------------------------------------------------------------------------ reading
    def exists(self, name: str) -> bool:
        """Whether there is something under this name."""
        return self._look(name) is not None

    def read(self, name: str) -> memoryview:
        """The whole object; a large one in parts that travel at once, all of the same version.

        Raises:
            NotStoredError: there is none.
            UnreachableError: the store did not answer, so nobody knows.
        """
        return self._asked(name, lambda: self._whole(name, read_parts))

    def _whole(self, name: str, large: Callable[[Client, Meta], memoryview | None]) -> memoryview:
        client = self._client()
        for _ in range(_READINGS):
            found = client.get(self._key(name), LARGE)
            if found is None:
                raise NotStoredError(name, self.url)
            meta, blob = found
            if blob is None:
                blob = large(client, meta)
            if blob is not None:
                return blob
        raise Trouble("it is being replaced faster than it can be read")

    def read_end(self, name: str, count: int) -> memoryview:
        """The blob, of which, if it is large, only the last ``count`` bytes are right and fetched.

        Raises as :meth:`read`.
        """
        return self._asked(name, lambda: self._whole(name, lambda client, meta: read_end(client, meta, count)))

    def tag(self, name: str) -> str | None:
        """The ETag, with the version where the server keeps versions; equal blobs may have equal ones."""
        found = self._look(name)
        return None if found is None else found.tag

    def names(self) -> Iterator[str]:
        """The names under which something is stored, in order; names that were too long in the form that stands for
        them."""
        return iter([listed.name for listed in self._listed()])

    def listing(self) -> Iterator[Listed]:
        """The names in order, each with size and time of writing: one request for every thousand objects."""
        return iter(self._listed())

    def _listed(self) -> list[Listed]:
        try:
            found = self._client().listing()
        except Trouble as error:
            raise UnreachableError(self.url, error.cause) from None
        mine = [meta for meta in found if meta.key.endswith(self.extension)]
        named = ((from_file_name(meta.key[: len(meta.key) - len(self.extension)]), meta) for meta in mine)
        return sorted(Listed(name, meta.size, meta.written.astimezone(UTC)) for name, meta in named if name is not None)

    # ------------------------------------------------------------------------------------------------------ writing
    def write(self, name: str, pieces: Iterable[Buffer]) -> int:
        """Makes ``pieces`` the object: in one request if they are few, in parts that travel at once if they are many.

        Whoever dies in the middle of this leaves what was there before, and parts that nobody sees; a rule of the
        bucket may remove them.
        """
        return self._saved(name, lambda: write_pieces(self._client(), self._key(name), pieces))

    @property
    def conditional(self) -> bool:
        """Whether the server enforces conditions, so that of several writers exactly one wins; tried out once."""
        return self._asked("", lambda: enforced(self._client()))

    def create(self, name: str, pieces: Iterable[Buffer]) -> bool:
        """Writes the object if there is none of this name, in one request of up to 5 GiB; whether it did.

        Raises:
            NotExclusiveError: the server ignores conditions.
        """
        return self._write_if(name, pieces, None)

    def replace(self, name: str, pieces: Iterable[Buffer], tag: str) -> bool:
        """Writes the object if the one that is there still has this tag, in one request of up to 5 GiB.

        Raises:
            NotExclusiveError: the server ignores conditions.
        """
        return self._write_if(name, pieces, tag)

    def _write_if(self, name: str, pieces: Iterable[Buffer], tag: str | None) -> bool:
        client = self._client()
        if not self._saved(name, lambda: enforced(client)):
            raise NotExclusiveError(self.url)
        blob = b"".join(pieces)
        if len(blob) > _MOST_AT_ONCE:
            cause = f"{len(blob)} bytes are more than an object store takes under a condition, which is 5 GiB"
            raise SaveError(name, self.describe(name), cause)
        return self._saved(name, lambda: put_if(client, self._key(name), blob, tag))

    def delete(self, name: str) -> None:
        """Removes the object."""
        self._present(name)
        self._asked(name, lambda: self._client().delete(self._key(name)))

    def move(self, old: str, new: str) -> None:
        """Writes the object under the new name if nothing is there, then removes the old one.

        The server copies it if it can do that without replacing anything, as those of Google and Azure can. Where
        conditions are ignored, an object that appears under the new name in the very same moment is lost.
        """
        before = self._present(old)
        if old == new or self.exists(new) or not self._saved(new, lambda: self._copy_new(old, new)):
            raise FileExistsError(f"{self.describe(new)} is there already: {old!r} was not moved to {new!r}")
        self._remove(old, before)

    def _copy_new(self, old: str, new: str) -> bool:
        client = self._client()
        try:
            return client.copy(self._key(old), self._key(new), replacing=False)
        except Trouble as error:
            if not error.unknown:
                raise
        blob = self._whole(old, read_parts)
        if enforced(client):
            return self.create(new, [blob])
        self.write(new, [blob])
        return True

    def _remove(self, name: str, meta: Meta) -> None:
        """Delete an object that was copied, but not the one that somebody has put in its place since."""
        found = self._look(name)
        if found is not None and found.tag == meta.tag:
            self._asked(name, lambda: self._client().delete(meta.key))

    def set_aside(self, name: str) -> str:
        """Moves the object to ``<object>.<number>.damaged``, which no name means."""
        client, meta = self._client(), self._present(name)
        keys = (f"{meta.key}.{number}.damaged" for number in itertools.count(1))
        key = self._asked(name, lambda: next(key for key in keys if client.head(key) is None))
        self._asked(name, lambda: client.copy(meta.key, key, replacing=True))
        self._remove(name, meta)
        return f"{self.url}/{key}"

    def grouped(self) -> AbstractContextManager[None]:
        """Each object outlives everything once it is written."""
        return nullcontext()
