"""Which Python and which versions of packages run here."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
import sys
from collections.abc import Mapping

PYTHON = platform.python_version()


@functools.lru_cache(maxsize=64)
def library_versions(packages: tuple[str, ...]) -> Mapping[str, str]:
    """The versions of packages by the names that they are imported by; without those that nobody knows.

    A distribution may be called otherwise than what it installs, ``scikit-learn`` and ``sklearn``. To find it takes
    a tenth of a second, so the package itself is asked then.
    """
    found: dict[str, str] = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            version: object = getattr(sys.modules.get(package), "__version__", None)
            if isinstance(version, str):
                found[package] = version
    return found
