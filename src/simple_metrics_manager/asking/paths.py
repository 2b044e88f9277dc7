"""Which files a metric declares to read."""

from __future__ import annotations

import os

from simple_metrics_manager.asking.identity import Question
from simple_metrics_manager.declaring.options import spelled_paths
from simple_metrics_manager.errors import MetricDeclarationError
from simple_metrics_manager.fingerprint.files import file_now
from simple_metrics_manager.record import File


def paths_of(asked: Question) -> tuple[str, ...]:
    """The paths as they are declared, or as a function gives them for this manager and these parameters."""
    files = asked.key.declaration.options.files
    if files is None:
        return ()
    return spelled_paths(asked.key.apply(files, asked.host) if callable(files) else files)


def files_of(asked: Question) -> dict[str, File]:
    """What these files hold now.

    Raises:
        MetricDeclarationError: one of them is a directory, of which this says nothing.
    """
    paths = paths_of(asked)
    for path in paths:
        if os.path.isdir(path):
            way = "a function can name all that is in it, as in files=lambda self: sorted(FOLDER.rglob('*.csv'))"
            raise MetricDeclarationError(asked.key.label, f"files= names the directory {path!r}: {way}")
    return {path: file_now(path) for path in paths}
