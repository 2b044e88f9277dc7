"""Metrics in an object store: S3, Google Cloud Storage, Azure, and what speaks as they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import attrs

from simple_metrics_manager.claims.base import Claims
from simple_metrics_manager.claims.object_leases import EXTENSION, ObjectLeases
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CorruptMetricError, NotStoredError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.formats.npz import Npz
from simple_metrics_manager.record import Record
from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.stores.object_options import Credentials, plain_options, plain_url
from simple_metrics_manager.stores.objects import Objects
from simple_metrics_manager.storing.entries import StoredEntries

_RECORD_BYTES = 1 << 17
"""Bytes from the end of a large object in which its record should be."""

_IN_PARTS = 16 << 20
"""Bytes of a payload from which on it is sent in parts, several at once."""

_LEASE_RETRIES = 2
"""A sign of life that does not get through is soon followed by another one."""


@attrs.frozen
class ObjectStorageInterface(StoredEntries):
    """Metrics under a URL such as ``s3://bucket/prefix``, one npz object each.

    ``options`` say how to speak to the store, such as ``{"region": "eu-central-1"}`` or ``{"endpoint": "https://..."}``;
    they are those of obstore. ``credentials`` (a mapping, or one of the providers of ``obstore.auth``) stay in this
    process: they are neither printed nor pickled nor written to a configuration, and a worker uses those of its own
    environment, as this process does if none are given. ``retries`` is how often a request is made again when the
    server does not answer. ``compress`` deflates arrays; ``allow_pickle`` lets arrays of Python objects in, and lets
    them run code when they are loaded. ``lease`` is how many seconds one that computes a metric, and shows no sign of
    life any more, is waited for in vain.
    """

    kind: ClassVar[str] = "object"
    file_ext: ClassVar[str] = ".npz"

    url: str = attrs.field(converter=plain_url)
    compress: bool = attrs.field(default=False, kw_only=True)
    allow_pickle: bool = attrs.field(default=False, kw_only=True)
    options: Mapping[str, str] = attrs.field(factory=dict[str, str], converter=plain_options, hash=False, kw_only=True)
    credentials: Credentials = attrs.field(default=None, converter=Credentials, repr=False, kw_only=True)
    retries: int = attrs.field(default=8, validator=attrs.validators.ge(0), kw_only=True)
    lease: float = attrs.field(default=60.0, validator=attrs.validators.gt(0), kw_only=True)

    def _open(self, extension: str) -> Store:
        return self._objects(extension)

    def _objects(self, extension: str) -> Objects:
        return Objects(self.url, extension, options=self.options, credentials=self.credentials, retries=self.retries)

    def _claims(self) -> Claims | None:
        retries = min(self.retries, _LEASE_RETRIES)
        store = Objects(self.url, EXTENSION, options=self.options, credentials=self.credentials, retries=retries)
        return ObjectLeases(store, self.lease)

    def _format(self) -> Format:
        return Npz(self.compress, self.allow_pickle)

    # No server takes parts on a condition. With large values we look first, and then write: whoever comes in between
    # has taken over the claim of one who was believed dead, and what either of them stores is whole.
    def create(self, entry: Entry, /, form: Format | None = None) -> int | None:
        if entry.payload.nbytes < _IN_PARTS:
            return super().create(entry, form)
        return None if self.holds(entry.name, form) else self.write(entry, form)

    def replace(self, entry: Entry, tag: str, /, form: Format | None = None) -> int | None:
        if entry.payload.nbytes < _IN_PARTS:
            return super().replace(entry, tag, form)
        return self.write(entry, form) if self.tag(entry.name, form) == tag else None

    def read_record(self, name: str, /, form: Format | None = None) -> Record | None:
        """Only the record, which is at the end of an object: a large one is not fetched for it."""
        known = form or self._own
        objects = self._objects(known.extension)
        try:
            return known.decode_record(objects.read_end(name, _RECORD_BYTES), objects.describe(name))
        except CorruptMetricError:
            return super().read_record(name, known)
        except NotStoredError:
            if form is not None:
                raise
        return super().read_record(name)
