"""What ``@metric`` says of a metric besides its function and its parameter sets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypeAlias, cast

import attrs

from simple_metrics_manager.declaring.former import Former
from simple_metrics_manager.errors import MetricDeclarationError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.outcomes.reasons import OnStale, problem_of

Version: TypeAlias = "int | str | None"

FilePath: TypeAlias = "str | os.PathLike[str]"

Files: TypeAlias = "FilePath | Iterable[FilePath] | Callable[..., FilePath | Iterable[FilePath]]"
"""A file, several files, or a function that takes what the metric's function takes and gives either."""


_NEW = Former()


@attrs.frozen(kw_only=True, eq=False)
class Options:
    """Options of one metric; see :func:`.metric` for their meaning.

    Raises:
        MetricDeclarationError: one of them is not what it has to be.
    """

    version: Version = None
    form: Format | None = None
    former: Former = _NEW
    on_stale: OnStale | None = None
    max_age: timedelta | None = None
    files: Files | None = None

    def __attrs_post_init__(self) -> None:
        problem = "" if self.on_stale is None else problem_of(self.on_stale)
        if self.form is not None and not isinstance(cast("object", self.form), Format):
            problem = f"{self.form!r} is no format; give one, as in format=Json()"
        elif self.max_age is not None and not isinstance(cast("object", self.max_age), timedelta):
            problem = f"max_age={self.max_age!r} is no time; give one, as in max_age=timedelta(days=7)"
        elif self.files is not None and not callable(self.files) and not _are_paths(self.files):
            problem = f"files={self.files!r}: give a path, several paths, or a function that gives them"
        if problem:
            raise MetricDeclarationError("@metric", problem)


NO_OPTIONS = Options()


def _are_paths(files: object) -> bool:
    if isinstance(files, str | os.PathLike):
        return True
    return isinstance(files, tuple | list) and all(map(_is_path, cast("tuple[object, ...]", files)))


def _is_path(path: object) -> bool:
    return isinstance(path, str | os.PathLike)


def spelled_paths(files: FilePath | Iterable[FilePath]) -> tuple[str, ...]:
    """The paths as they are written."""
    several = (files,) if isinstance(files, str | os.PathLike) else files
    return tuple(os.fspath(path) for path in several)


def declared_paths(files: Files | None) -> tuple[str, ...]:
    """The same of what is declared; none where a function says which files these are."""
    return () if files is None or callable(files) else spelled_paths(files)
