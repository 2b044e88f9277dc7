"""What has changed in a helper, line by line: where the text was kept that it had when the value was computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from simple_metrics_manager.fingerprint.helpers import Helpers
from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.diffs import first_change, source_diff
from simple_metrics_manager.record import Record
from simple_metrics_manager.storing.sources import read_sources, sources_name


class HelperDiffs:
    """Shows changes of helpers of what is in one storage; texts are read once: all points of a sweep have the same."""

    def __init__(self, storage: object) -> None:
        self._storage = storage
        self._texts: dict[str, Mapping[str, str]] = {}

    def shown(self, causes: Iterable[Cause], record: Record, now: Mapping[str, str]) -> tuple[Cause, ...]:
        """The same causes; changed helpers with their diffs, and at the line where that begins.

        ``now`` are the helpers as they are in this process. Nothing is read unless a helper has changed.
        """
        told = tuple(causes)
        if not isinstance(now, Helpers) or not any(_is_told(cause) for cause in told):
            return told
        name = sources_name(record.helpers)
        if name not in self._texts:
            self._texts[name] = read_sources(self._storage, record.helpers)
        then = self._texts[name]
        return tuple(_shown(cause, then, now.texts) if _is_told(cause) else cause for cause in told)


def _is_told(cause: Cause) -> bool:
    return cause.reason == "helper_changed" and not cause.via and bool(cause.old and cause.new)


def _shown(cause: Cause, then: Mapping[str, str], now: Mapping[str, str]) -> Cause:
    old, new = then.get(cause.subject, ""), now.get(cause.subject, "")
    if not old or not new or old == new:
        return cause
    file, _, line = cause.location.rpartition(":")
    place = f"{file}:{int(line) + first_change(old, new)}" if line.isdigit() else cause.location
    return attrs.evolve(cause, diff=source_diff(old, new), location=place)
