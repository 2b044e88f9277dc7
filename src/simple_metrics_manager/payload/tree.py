"""A value taken apart: a tree that JSON can write, and the arrays that hang in it.

Where the value holds an array, the tree holds ``{"$array": name}`` and ``arrays[name]`` is the array. Keys of
the value that begin with ``$`` are written with one more, so that nothing in a value can be taken for a mark.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import attrs
import numpy as np

Array: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.generic]]
Tree: TypeAlias = "bool | int | float | str | list[Tree] | dict[str, Tree] | None"

ARRAY_MARK = "$array"


@attrs.frozen(eq=False)
class Payload:
    """One value as a storage keeps it: ``tree`` (what ``json.dumps`` takes) and its ``arrays`` by name."""

    tree: Tree
    arrays: Mapping[str, Array]

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays together."""
        return sum(array.nbytes for array in self.arrays.values())
