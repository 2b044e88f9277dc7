"""Writing the report: whole or not at all, and not larger than somebody can open."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import attrs

from simple_metrics_manager.errors import ReportTooLargeError
from simple_metrics_manager.freshness.wording import size
from simple_metrics_manager.manager import DatedCacheManager
from simple_metrics_manager.report.gathering import gather
from simple_metrics_manager.report.limits import LARGE
from simple_metrics_manager.report.page import Part, parts

_LARGEST = 3


@attrs.frozen
class ReportWritten:
    """A report that lies in a file: where, how many ``bytes`` it has, and how many of them the largest parts have."""

    path: Path
    bytes: int
    metrics: int
    largest: tuple[tuple[str, int], ...] = ()

    @property
    def large(self) -> bool:
        """Whether it is so large that browsers take their time."""
        return self.bytes > LARGE

    def __str__(self) -> str:
        told = f"{self.path}: {self.metrics} metrics, {size(self.bytes)}"
        return f"{told}; it is large, most of it {_told(self.largest)}" if self.large else told


def report_page(
    manager: DatedCacheManager,
    *,
    title: str | None = None,
    values: bool = True,
    refresh: int | None = None,
    now: datetime | None = None,
) -> str:
    """The report as the text of one page, which needs nothing besides.

    Only records are read: no value is loaded, and none is computed. The same records give the same text, but for the
    time in its head.

    Args:
        manager: whose metrics it is about.
        title: what the page is called; without one it has the name of the manager.
        values: show what is known of values. Otherwise previews, drawn numbers, written globals, and the texts of
            errors are left out, for a page that goes where the data must not.
        refresh: seconds after which a browser reads the file again, while somebody keeps writing it.
        now: the time that the head says, instead of that of the clock; without a zone it is local.

    Raises:
        ValueError: ``refresh`` is less than one second.
    """
    when = _when(refresh, now)
    return "".join(part.markup for part in parts(gather(manager, values=values), when, _version(), refresh, title))


def write_report(
    manager: DatedCacheManager,
    path: str | os.PathLike[str],
    *,
    max_size: int = 8_000_000,
    title: str | None = None,
    values: bool = True,
    refresh: int | None = None,
    now: datetime | None = None,
) -> ReportWritten:
    """Write :func:`report_page` into a file, which at each moment is the old or the new one.

    Args:
        manager: whose metrics it is about.
        path: the file; its folder must exist.
        max_size: bytes that it may have.
        title, values, refresh, now: as in :func:`report_page`.

    Returns:
        Where it lies, and how large it and its largest parts are.

    Raises:
        ReportTooLargeError: it would be larger than ``max_size``; nothing is written.
        ValueError: ``refresh`` is less than one second.
        OSError: the file cannot be written.
    """
    when, facts = _when(refresh, now), gather(manager, values=values)
    made = parts(facts, when, _version(), refresh, title)
    largest = _sizes(made)
    text = "".join(part.markup for part in made).encode("utf-8")
    if len(text) > max_size:
        raise ReportTooLargeError(os.fspath(path), len(text), max_size, _told(largest))
    _write(Path(path), text)
    return ReportWritten(Path(path), len(text), len(facts.metrics), largest)


def _when(refresh: int | None, now: datetime | None) -> datetime:
    if refresh is not None and refresh < 1:
        raise ValueError(f"refresh={refresh}: a page cannot be read anew more often than once in a second")
    return datetime.now(UTC) if now is None else now.astimezone(UTC)


def _version() -> str:
    try:
        return version("simple-metrics-manager")
    except PackageNotFoundError:  # used from a checkout
        return ""


def _sizes(made: Iterable[Part]) -> tuple[tuple[str, int], ...]:
    sizes: Counter[str] = Counter()
    for part in made:
        sizes[part.name] += len(part.markup)
    return tuple(sizes.most_common(_LARGEST))


def _told(largest: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {size(many)}" for name, many in largest)


def _write(path: Path, text: bytes) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        beside.write_bytes(text)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
