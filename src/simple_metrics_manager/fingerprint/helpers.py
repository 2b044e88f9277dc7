"""The helpers of a fingerprint: a hash for each and, in the process that took it, the source behind each hash."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from simple_metrics_manager.fingerprint.canonical import combined_hash


class Helpers(dict[str, str]):
    """Hashes of functions and classes by ``module.qualname``; a mere mapping to all but ``storing/sources.py``.

    Nobody changes it. In another process, and read from a record, it is a plain dict: what ``texts`` says is of here.
    """

    def __init__(self, hashes: Mapping[str, str], texts: Mapping[str, str]) -> None:
        super().__init__(hashes)
        self.texts: Mapping[str, str] = texts
        """Dedented source by the same names; of classes with their methods."""
        self._kept_in: list[weakref.ref[object]] = []

    def is_kept_in(self, place: object) -> bool:
        """Whether the texts are known to be in this place."""
        return any(known() is place for known in self._kept_in)

    def note_kept_in(self, place: object) -> None:
        """Note that they are."""
        self._kept_in.append(weakref.ref(place))

    def __reduce__(self) -> tuple[type[dict[str, str]], tuple[dict[str, str]]]:
        return dict, (dict(self),)


def helpers_of(hashes: Mapping[str, AbstractSet[str]], texts: Mapping[str, str]) -> Helpers:
    """One hash for each name; what stands inside another helper is part of that."""
    known = {
        label: combined_hash(hashes[label])
        for label in sorted(hashes)
        if (outer := label.partition(".<locals>")[0]) == label or outer not in hashes
    }
    return Helpers(known, {label: texts[label] for label in known if label in texts})
