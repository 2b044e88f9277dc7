"""Metrics in a shared place, with copies of what was used on this machine in front of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeVar, cast, get_args

import attrs

from simple_metrics_manager.claims.base import Claims
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import ConfigError, CorruptMetricError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.record import Record
from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.stores.tiered import Check, Tiered
from simple_metrics_manager.storing.entries import StoredEntries
from simple_metrics_manager.storing.natural import NATURAL

T = TypeVar("T")


@attrs.frozen
class TieredStorageInterface(StoredEntries):
    """Metrics of ``shared``, in its format, with copies in ``fast``: a local directory before a bucket, say.

    What counts is ``shared``: a metric is stored if it is there, and a save that fails there is a ``SaveError``. A
    damaged copy is set aside and the metric read from ``shared``; nothing is computed for that. ``fast`` may be
    lost at any time, so a directory there may well have ``durability="cache"``.

    ``check`` says whether a copy is used unseen: see :data:`.Check`. By default it is not: each load asks ``shared``
    whether the value has been replaced, and fails if ``shared`` cannot be reached.
    """

    kind: ClassVar[str] = "tiered"

    fast: StoredEntries
    shared: StoredEntries
    check: Check = attrs.field(default="always", kw_only=True, validator=attrs.validators.in_(get_args(Check)))

    def __attrs_post_init__(self) -> None:
        if self.fast == self.shared or _folder(self.fast) == _folder(self.shared) is not None:
            raise ConfigError((f"fast and shared have to be two places, not both {self.shared!r}",))

    @property
    def allow_pickle(self) -> bool:
        """Whether ``shared`` allows it."""
        return self.shared._pickle

    @property
    def old_files(self) -> bool:
        return self.shared.old_files

    def _check(self, entry: Entry) -> None:
        self.shared._check(entry)

    def _open(self, extension: str) -> Store:
        return Tiered(self.fast._open(extension), self.shared._open(extension), self.check)

    def _claims(self) -> Claims | None:
        return self.shared.claims

    def _format(self) -> Format:
        return self.shared._format()

    def read(self, name: str, /, form: Format | None = None) -> Entry:
        return self._trying(name, form, lambda: super(TieredStorageInterface, self).read(name, form))

    def read_record(self, name: str, /, form: Format | None = None) -> Record | None:
        return self._trying(name, form, lambda: super(TieredStorageInterface, self).read_record(name, form))

    def outdated(self, name: str, /, form: Format | None = None) -> None:
        """A worker has stored this anew: with ``check="never"``, what ``fast`` has of it would be used still."""
        for store in {id(store): store for store in (self._default, self._store(form))}.values():
            cast("Tiered", store).outdated(name)

    def _trying(self, name: str, form: Format | None, read: Callable[[], T]) -> T:
        """Reads, and if what was read is damaged, a second time from ``shared``, if the damage is in the copy."""
        try:
            return read()
        except CorruptMetricError:
            stores = {id(store): store for store in map(self._store, (form, None, *NATURAL.values()))}
            if not any(cast("Tiered", store).mistrust(name) for store in stores.values()):
                raise
            return read()


def _folder(storage: StoredEntries) -> object:
    folder = getattr(storage, "metrics_dir", None)
    return None if folder is None else folder.resolve()
