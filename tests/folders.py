"""What lies in a folder, for tests that say so: what begins with a dot is hidden, as is the folder for claims."""

from __future__ import annotations

from pathlib import Path


def files(folder: Path) -> list[Path]:
    """Everything in a folder that is not hidden, in order."""
    return [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]


def names(folder: Path) -> list[str]:
    """Their names."""
    return [path.name for path in files(folder)]
