"""What lies in a folder, for tests that say so, without what begins with a dot, as claims, and sources of helpers."""

from __future__ import annotations

from pathlib import Path


def files(folder: Path) -> list[Path]:
    """Everything in a folder that is stored, in order."""
    return [path for path in sorted(folder.iterdir()) if not path.name.startswith(".") and path.suffix != ".sources"]


def names(folder: Path) -> list[str]:
    """Their names."""
    return [path.name for path in files(folder)]
