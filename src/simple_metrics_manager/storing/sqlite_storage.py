"""Many small metrics in one SQLite database."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, get_args

import attrs

from simple_metrics_manager.errors import NotStoredError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.formats.packed import Packed
from simple_metrics_manager.payload.plain import plain_codec
from simple_metrics_manager.payload.split import join
from simple_metrics_manager.stores.base import Store
from simple_metrics_manager.stores.durability import Durability
from simple_metrics_manager.stores.sqlite import LARGE, Sqlite
from simple_metrics_manager.storing.entries import StoredEntries

_AS_IT_IS = frozenset({float, int, bool, str, type(None)})
"""Types that are their own tree in every codec."""


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

    def _format(self) -> Format:
        return Packed(self.allow_pickle)

    def load(self, name: str) -> object:
        """As every storage does it, with a shorter way for what needs no codec."""
        try:
            entry = self.read(name)
        except NotStoredError:
            return super().load(name)  # what has a format of its own, or a date
        tree = entry.payload.tree
        if type(tree) in _AS_IT_IS:
            return tree
        return join(entry.payload) if entry.codec == "typed" else plain_codec(self._pickle, name).load(entry.payload)
