"""Many small metrics in one SQLite database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar, cast, get_args

import attrs

from simple_metrics_manager.claims.base import Claims
from simple_metrics_manager.claims.flocks import file_locks
from simple_metrics_manager.errors import NotStoredError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.formats.packed import Packed
from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.payload.split import BARE, join
from simple_metrics_manager.payload.tree import ARRAY_MARK, Tree
from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.stores.durability import Durability
from simple_metrics_manager.stores.sqlite import LARGE, Sqlite
from simple_metrics_manager.storing.entries import StoredEntries

_AS_IT_IS = frozenset({float, int, bool, str, type(None)})
"""Types that are their own tree in every codec."""

_BARE: Tree = {ARRAY_MARK: BARE}
"""The tree of an array, in every codec."""


@attrs.frozen
class SqliteStorageInterface(StoredEntries):
    """Metrics in one SQLite database, ``path``: some 200 bytes for a number, its record included, and few files.

    Any number of threads and processes of one host may use it at once; a network file system is refused. What has
    more than ``large`` bytes lies in a file of its own in the folder ``<path>.large``. With the extra ``sqlite`` it is
    several times faster, and readers do not wait for writers. ``allow_pickle`` lets arrays of Python objects in,
    and lets them run code when they are loaded. ``durability`` says what a power cut may take: see
    :data:`.Durability`, and :class:`.Sqlite` for what differs.
    """

    kind: ClassVar[str] = "sqlite"

    path: Path = attrs.field(converter=Path)
    durability: Durability = attrs.field(
        default="full", kw_only=True, validator=attrs.validators.in_(get_args(Durability))
    )
    large: int = attrs.field(default=LARGE, kw_only=True)
    allow_pickle: bool = attrs.field(default=False, kw_only=True)

    def _open(self, extension: str) -> Store:
        return Sqlite(self.path, extension, self.durability, self.large)

    def _claims(self) -> Claims | None:
        return file_locks(os.path.abspath(f"{self.path}.computing"))

    def _format(self) -> Format:
        return Packed(self.allow_pickle)

    def _beside(self) -> list[tuple[Store, Format]]:
        used = self._default.extensions() if isinstance(self._default, Sqlite) else ()
        return [(store, form) for store, form in super()._beside() if form.extension in used]

    def save(self, name: str, data: object) -> None:
        """As every storage does it, without a record being made of which nothing but the name is known."""
        payload = plain_codec(self._pickle, name).dump(data)
        self._default.write(name, cast("Packed", self._own).encode_plain(name, payload))

    def load(self, name: str) -> object:
        """As every storage does it, with a shorter way for what needs no codec."""
        try:
            entry = self.read(name)
        except NotStoredError:
            return super().load(name)  # what has a format of its own, or a date
        tree = entry.payload.tree
        if type(tree) in _AS_IT_IS:
            return tree
        if tree == _BARE:
            array = entry.payload.arrays.get(BARE)
            if array is not None and not array.dtype.hasobject:
                return array
        return join(entry.payload) if entry.codec == "typed" else plain_codec(self._pickle, name).load(entry.payload)
