"""The longer examples, in small; ``SMM_EXAMPLES=full pytest tests/test_examples.py`` runs all of them as they are."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"
FULL = os.environ.get("SMM_EXAMPLES") == "full"
ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1"}  # small matrices: threads would wait for each other

CASES = {
    "elnino": ("numpy", "", "1982-08  15 months", "1982-08  15 months"),
    "digits": ("sklearn", "300", "6 of 300 digits are told wrong", "47 of 1797 digits are told wrong"),
    "co2": ("statsmodels", "1990", "the level rose by 18 ppm", "the level rose by 56 ppm"),
}
"""By name: what it needs, how it is told to be small, and what then comes out in small and in full."""


def run(name: str, folder: Path, *arguments: str) -> tuple[str, str]:
    """What the example printed before its result, and the result."""
    command = [sys.executable, "-W", "error", "-B", str(EXAMPLES / name / f"{name}.py"), str(folder / "metrics")]
    ran = subprocess.run([*command, *arguments], env=ONE_THREAD, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    narrated, _, result = f"\n{ran.stdout}".partition("\n\n")
    return narrated, result


@pytest.mark.parametrize("name", CASES)
def test_example(name: str, tmp_path: Path) -> None:
    """The example finds what it found when it was written; a second time it computes nothing, and says the same."""
    needed, small, in_small, in_full = CASES[name]
    if importlib.util.find_spec(needed) is None:
        pytest.skip(f"not installed: {needed}")
    arguments = [] if FULL or not small else [small]
    before = sorted((EXAMPLES / name).rglob("*"))

    narrated, result = run(name, tmp_path, *arguments)
    again, same = run(name, tmp_path, *arguments)

    assert (in_full if FULL else in_small) in result
    assert ("Compute " in narrated or " computed" in narrated, "Compute " in again, same) == (True, False, result)
    assert sorted((EXAMPLES / name).rglob("*")) == before


@pytest.mark.skipif(not FULL, reason="in full only: SMM_EXAMPLES=full")
@pytest.mark.parametrize("name", CASES)
def test_command(name: str, tmp_path: Path) -> None:
    """The command computes the example from its file, and then finds all of it fresh."""
    pytest.importorskip(CASES[name][0])
    command = [sys.executable, "-B", "-m", "simple_metrics_manager", "-m", str(EXAMPLES / name / f"{name}.py")]
    command += ["--store", str(tmp_path / "metrics")]

    for verb in (["run", "-q"], ["status", "--check"]):
        ran = subprocess.run([*command, *verb], env=ONE_THREAD, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
