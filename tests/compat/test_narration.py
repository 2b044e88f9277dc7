"""What a manager prints: 0.5.0's words, one line each, or nothing at all."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from simple_metrics_manager import DatedCacheManager, NpzStorageInterface, ParameterizedDatedCacheManager

DURATION = r"\d[\d.]* (µs|ms|s)"
TODAY = r"\d{4}-\d\d-\d\d"


def manager(directory: Path) -> DatedCacheManager:
    """``above`` asks for ``below``."""
    cm = DatedCacheManager(NpzStorageInterface(directory))
    cm.set_functions_dict({"above": lambda: [cm["below"]], "below": lambda: 1})
    return cm


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was printed since the last question."""
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out.splitlines()


def test_the_lines_of_0_5_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Computing, saving and loading are told, metrics computed on the way included."""
    cm = manager(tmp_path)
    cm.get("above")
    first = lines(capsys)
    cm.get("above")
    assert lines(capsys) == []
    manager(tmp_path).get("above")
    second = lines(capsys)

    wanted = ["Compute above", "Compute below", f"Completed below in {DURATION}", "Save below"]
    wanted += [f"Completed above in {DURATION}", "Save above"]
    assert [bool(re.fullmatch(*pair)) for pair in zip(wanted, first, strict=True)] == [True] * 6
    assert len(second) == 1 and re.fullmatch(f"Load above pulled on {TODAY}", second[0])


def test_each_method_narrates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``compute``, ``save`` and ``load`` tell what they do, and no more."""
    cm = manager(tmp_path)
    cm.compute("below", verbose=True)
    assert [line.split(" in ")[0] for line in lines(capsys)] == ["Compute below", "Completed below"]
    cm.save("below", verbose=True)
    assert lines(capsys) == ["Save below"]
    cm.load("below", force=True, verbose=True)
    assert [line.split(" pulled")[0] for line in lines(capsys)] == ["Load below"]


def test_verbose_false_is_silent_all_the_way_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``verbose=False`` silences the metrics that are computed on the way, too."""
    cm = manager(tmp_path)
    cm.get("above", verbose=False)
    cm.compute("above", force=True, verbose=False)
    cm.save("above", force=True, verbose=False)
    cm.load("above", force=True, verbose=False)
    assert lines(capsys) == []

    silent = manager(tmp_path)
    silent.verbose = False
    silent.get("above", use_stored=False)
    assert silent["above"] == [1]
    assert lines(capsys) == []
    silent.get("above", use_stored=False, verbose=True)
    assert len(lines(capsys)) == 3


def test_get_all_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``get_all(verbose=True)`` counts the parameter sets; without it, computing is told as ever."""
    cm = ParameterizedDatedCacheManager(NpzStorageInterface(tmp_path))

    @cm.collect(params_list=[[1], [2]])
    def double(a: int) -> int:
        return 2 * a

    assert cm.double.get_all() == [2, 4]
    assert [line for line in lines(capsys) if not line.startswith("Completed")] == [
        *("Compute double_1", "Save double_1", "Compute double_2", "Save double_2"),
    ]
    assert double.get_all(verbose=True) == [2, 4]
    assert lines(capsys) == ["get_all 0/2", "get_all 1/2"]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone of this process cannot be set")
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "UTC"])
def test_days_are_local(zone: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The day in "Load x pulled on" is the one that the side-car says, east and west of Greenwich."""
    old = Path(__file__).parent.parent / "data" / "caches-from-0.5.0" / "npz"
    try:
        with monkeypatch.context() as patch:
            patch.setenv("TZ", zone)
            time.tzset()
            cm = DatedCacheManager(NpzStorageInterface(old))
            cm.get("scalar")
            day = cm.date("scalar").astimezone().date().isoformat()
    finally:
        time.tzset()

    assert lines(capsys) == ["Load scalar pulled on 2026-11-22"]
    assert day == "2026-11-22"
