"""What every test may use: hypothesis profiles, and a place for stores."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, max_examples=40, derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


@pytest.fixture
def store_dir(tmp_path: Path) -> Path:
    """A directory for stored metrics that does not exist yet."""
    return tmp_path / "store"
