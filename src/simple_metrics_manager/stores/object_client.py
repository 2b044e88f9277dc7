"""Single requests to an object store through ``obstore``, which is imported here and nowhere else.

Requests are tried again with growing pauses, within a bound. What remains is a :class:`.Trouble`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar, cast

from simple_metrics_manager.errors import ConfigError, MissingExtraError
from simple_metrics_manager.formats.base import Buffer
from simple_metrics_manager.stores.object_fork import check_fork
from simple_metrics_manager.stores.object_meta import Meta, e_tag_of, meta_of, mode_of
from simple_metrics_manager.stores.object_options import Credentials, split_options
from simple_metrics_manager.stores.object_trouble import Trouble, patiently, trouble

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult, ListResult, ObjectMeta
    from obstore.store import ObjectStore

T = TypeVar("T")

LARGE = 16 << 20
"""Bytes beyond which an object travels in parts."""

CONCURRENT = 8
"""Parts of one object that travel at once."""

_SLOWEST = 1 << 20
"""Bytes a second at which a large object that must travel in one piece is still waited for."""

_WRITER = "writer"
"""The metadata by which a conditional write whose answer was lost knows its own object."""


class Absent(Trouble):
    """There is no such object."""


class Refused(Trouble):
    """A condition does not hold."""


class Client:
    """One place in one object store; keys are relative to it. Threads may share it."""

    def __init__(self, url: str, options: Mapping[str, str], credentials: Credentials, retries: int) -> None:
        self.url = url
        self._options = options
        self._credentials = credentials
        self.retries = retries
        self._stores: dict[tuple[int, int], ObjectStore] = {}
        self.probing: AbstractContextManager[object] = threading.Lock()
        self.conditional: bool | None = None
        """Whether the server enforces conditions, once that is known."""
        self._bucket_seen = False

    # ------------------------------------------------------------------------------------------------- connections
    def _store(self, retries: int | None = None, seconds: int = 0) -> ObjectStore:
        """A connection that tries again this often; ``seconds``, if given, are what one request may take."""
        check_fork(self.url)
        key = (self.retries if retries is None else retries, seconds)
        if self.url.startswith("memory:"):
            key = (0, 0)  # every connection is a store of its own there
        store = self._stores.get(key)
        return store if store is not None else self._stores.setdefault(key, self._connect(*key))

    def _connect(self, retries: int, seconds: int) -> ObjectStore:
        config, client = split_options(self.url, self._options)
        if seconds and "timeout" not in self._options:
            client["timeout"] = f"{seconds}s"
        provider = self._credentials.provider
        extra: dict[str, object] = {} if provider is None else {"credential_provider": provider}
        obstore = _obstore()
        try:
            store = cast("Callable[..., ObjectStore]", obstore.store.from_url)(
                self.url,
                config=(config | dict(self._credentials.given)) or None,
                client_options=client,
                retry_config={"max_retries": retries, "retry_timeout": timedelta(minutes=3)},
                **extra,
            )
        except (obstore.exceptions.BaseError, ValueError) as error:
            raise ConfigError((f"{self.url}: {str(error).partition(chr(10))[0]}",)) from None
        if type(store).__name__ == "HTTPStore":
            remedy = "write s3://bucket/prefix, with the server as options={'endpoint': 'https://...'}"
            raise ConfigError((f"{self.url}: this is the address of no object store that is known: {remedy}",))
        return store

    @contextlib.contextmanager
    def _told(self) -> Generator[None]:
        """A block of requests whose failure is one of three: :class:`Absent`, :class:`Refused`, :class:`.Trouble`.

        None of them keeps obstore's own error, whose text may hold a signed URL.
        """
        try:
            yield
        except FileNotFoundError as error:
            self._check_bucket(error)
            raise Absent("nothing is there") from None
        except cast("type[Exception]", _obstore().exceptions.BaseError) as error:
            said = trouble(error)
            if type(error).__name__ in {"AlreadyExistsError", "PreconditionError"} and not said.again:
                raise Refused("something else is there") from None
            raise said from None
        self._bucket_seen = True

    def _check_bucket(self, error: FileNotFoundError) -> None:
        """Lest a bucket that is not there be taken for one without the object: an answer to HEAD has no text."""
        said = trouble(error)
        if said.bucket:
            raise said from None
        if not self._bucket_seen:
            obstore = _obstore()
            try:
                next(iter(obstore.list(self._store(), chunk_size=1)), None)
            except cast("type[Exception]", obstore.exceptions.BaseError) as failed:
                said = trouble(failed)
                if said.bucket or said.perhaps or said.again:
                    raise said from None
            self._bucket_seen = True

    # ------------------------------------------------------------------------------------------------------ reading
    def head(self, key: str) -> Meta | None:
        """What is there, or None."""
        try:
            with self._told():
                return meta_of(cast("ObjectMeta", _obstore().head(self._store(), key)))
        except Absent:
            return None

    def get(self, key: str, at_most: int) -> tuple[Meta, memoryview | None] | None:
        """What is there, with its contents if these have no more than ``at_most`` bytes; None if nothing is there."""

        def attempt() -> tuple[Meta, memoryview | None]:
            with self._told():
                result = cast("GetResult", _obstore().get(self._store(), key))
                meta = meta_of(result.meta)
                return meta, memoryview(result.bytes().to_bytes()) if meta.size <= at_most else None

        try:
            return self._once_more(attempt)
        except Absent:
            return None

    def get_range(self, meta: Meta, start: int, into: memoryview) -> bool:
        """Fill ``into`` with what the object holds from ``start`` on; False if it is not that object any more."""
        options: GetOptions = {"range": (start, start + len(into)), "if_match": e_tag_of(meta.tag)}

        def attempt() -> bool:
            with self._told():
                result = cast("GetResult", _obstore().get(self._store(), meta.key, options=options))
                found = meta_of(result.meta)
                if (found.tag, found.size) != (meta.tag, meta.size):
                    return False  # the server ignores conditions
                into[:] = memoryview(result.bytes())
                return True

        try:
            return self._once_more(attempt)
        except (Absent, Refused):
            return False

    def _once_more(self, attempt: Callable[[], T]) -> T:
        """obstore goes on where a body broke off; if the object was replaced meanwhile, only a new start helps."""
        return patiently(attempt, min(1, self.retries))

    def listing(self) -> list[Meta]:
        """All objects right here, not those of places below, in no order."""

        def listed() -> list[Meta]:
            with self._told():
                found = cast("ListResult[Sequence[ObjectMeta]]", _obstore().list_with_delimiter(self._store()))
                return [meta_of(each) for each in found["objects"]]

        return patiently(listed, self.retries)  # a list that breaks off is not asked for again by obstore

    # ------------------------------------------------------------------------------------------------------ writing
    def put(self, key: str, blob: Buffer) -> None:
        """Write an object in one request."""
        with self._told():
            _obstore().put(self._store(), key, blob, use_multipart=False)

    def put_parts(self, key: str, pieces: Iterator[memoryview], size: int) -> None:
        """Write an object in parts of ``size``, several at once; it is there when the last one is.

        What ``pieces`` raises is raised, and nothing written.
        """
        begun = False
        raised: list[Exception] = []

        def fed() -> Iterator[memoryview]:
            nonlocal begun
            begun = True
            try:
                yield from pieces
            except Exception as error:
                raised.append(error)
                raise

        def attempt() -> None:
            try:
                with self._told():
                    parts = {"use_multipart": True, "chunk_size": size, "max_concurrency": CONCURRENT}
                    _obstore().put(self._store(), key, fed(), **parts)
            except Exception as error:
                if raised:
                    raise raised[0] from None
                if isinstance(error, Trouble) and begun:
                    error.again = False
                raise

        patiently(attempt, self.retries)

    def put_once(self, key: str, blob: Buffer, tag: str | None, writer: str) -> None:
        """Write an object if the one there has this ``tag``, or if there is none, in one request, tried once.

        ``writer`` stays with the object.

        Raises:
            Refused: there is another one, or one at all.
        """
        seconds = 120 + len(blob) // _SLOWEST if len(blob) > LARGE else 0
        with self._told():
            store = self._store(0, seconds)
            _obstore().put(store, key, blob, mode=mode_of(tag), attributes={_WRITER: writer})

    def writer(self, key: str) -> str | None:
        """Who wrote the object under a condition, as it said then."""
        try:
            with self._told():
                found = cast("GetResult", _obstore().get(self._store(), key, options={"head": True}))
                return dict(cast("Mapping[str, str]", found.attributes)).get(_WRITER)
        except Absent:
            return None

    def copy(self, old: str, new: str, *, replacing: bool) -> bool:
        """Copy an object within the server, over what is there or not; whether it did.

        Raises:
            Trouble: with ``unknown``, if the server cannot copy without replacing.
        """
        try:
            with self._told():
                _obstore().copy(self._store(), old, new, overwrite=replacing)
        except Refused:
            return False
        return True

    def delete(self, key: str) -> None:
        """Remove an object; some servers do not mind if there is none."""

        def attempt() -> None:
            with contextlib.suppress(Absent), self._told():
                _obstore().delete(self._store(0), key)

        patiently(attempt, self.retries)


def connect(url: str, options: Mapping[str, str], credentials: Credentials, retries: int) -> Client:
    """The client for this place, which all stores of this process share that live there."""
    key = (url, *sorted(options.items()), credentials.key(), retries)
    client = _clients.get(key)
    return client if client is not None else _clients.setdefault(key, Client(url, options, credentials, retries))


_clients: dict[tuple[object, ...], Client] = {}


def _obstore() -> ModuleType:
    try:
        import obstore  # noqa: PLC0415 - the one optional package here
    except ImportError:
        raise MissingExtraError("object stores", "obstore", "object") from None
    return obstore
