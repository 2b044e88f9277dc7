"""The example of the README, from the command line: run, look, run again; and its page."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from simple_metrics_manager.cli.main import main

DEMO = Path(__file__).resolve().parents[2] / "docs/examples/elnino/elnino.py"


def test_el_nino(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The first run computes 19 values, the second one none, and everything is fresh; the page has all metrics."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr("simple_metrics_manager.events.telling._renderer", None)
    how = ["-m", str(DEMO), "--store", "elnino_metrics"]

    assert main([*how, "run", "-q"]) == 0
    assert capsys.readouterr().out.startswith("Computed 19, 19 fresh, in ")
    assert main([*how, "run", "-q"]) == 0
    assert capsys.readouterr().out == "Nothing to compute: 19 values are fresh.\n"
    assert main([*how, "status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"fresh": 8}
    pytest.importorskip("markupsafe", reason="the page is made with it")
    assert main([*how, "report"]) == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert [
        name for name in ("sst", "climatology", "anomaly", "spectrum", "events", "summary") if name not in page
    ] == []
