"""A value taken apart: a tree that JSON can write, and the arrays that hang in it.

Where the value holds an array, the tree holds ``{"$array": name}`` and ``arrays[name]`` is the array. Keys of
the value that begin with ``$`` are written with one more, so that nothing in a value can be taken for a mark.
What is neither JSON nor an array of numpy's, such as a table, hangs there in the same way: in ``natives[name]``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.generic]]
Tree: TypeAlias = "bool | int | float | str | list[Tree] | dict[str, Tree] | None"

ARRAY_MARK = "$array"


class Native(ABC):
    """A part of a value that has files of a kind of its own: a table, an array in chunks."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Bytes of its data in memory, as far as that can be said without reading it."""

    @abstractmethod
    def to_array(self) -> Array:
        """The same as bytes (uint8, one dimension), for formats that know nothing but arrays; equal for equal ones."""

    @property
    def borrowed(self) -> bool:
        """Whether its data still lies where whoever made it has put it, and is to be taken from the storage instead."""
        return False

    @abstractmethod
    def plain(self) -> object:
        """The object that the user's library would have for it, for those who do not know the declared type."""

    @abstractmethod
    def content(self) -> str:
        """A hash of the data alone, equal for equal data."""

    @abstractmethod
    def summary(self) -> str:
        """What a listing shows: its kind, shape and types, in few words."""


class Payload:
    """One value as a storage keeps it: ``tree``, which JSON can write, with its ``arrays`` and ``natives`` by name.

    Nothing is ever assigned to one that somebody else has; it is no attrs class since reading a small value makes one.
    """

    __slots__ = ("arrays", "natives", "sums", "tree")

    def __init__(
        self, tree: Tree, arrays: Mapping[str, Array], natives: Mapping[str, Native] = MappingProxyType({})
    ) -> None:
        self.tree: Tree = tree
        self.arrays: Mapping[str, Array] = arrays
        self.natives: Mapping[str, Native] = natives
        self.sums: dict[str, tuple[int, int]] = {}
        """CRC-32 and Adler-32 of its arrays as npy files, where somebody computed them: saving needs them once more."""

    def __repr__(self) -> str:
        return f"Payload({self.tree!r}, {dict(self.arrays)!r}, {dict(self.natives)!r})"

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays and natives together."""
        size = 0
        for array in self.arrays.values():
            size += array.nbytes
        for native in self.natives.values() if self.natives else ():
            size += native.nbytes
        return size

    def flat(self) -> Payload:
        """The same with natives as arrays of bytes."""
        if not self.natives:
            return self
        return Payload(self.tree, {**self.arrays, **{name: each.to_array() for name, each in self.natives.items()}})


NOTHING = Payload(None, {})
"""Stands where a payload is needed no more."""
