"""A folder with a project whose manager is edited and asked about, as somebody would do in a terminal."""

from __future__ import annotations

import importlib
import itertools
import json
import linecache
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import attrs
import pytest

from simple_metrics_manager.cli.main import main

SOURCE = '''
"""A lab."""

from simple_metrics_manager import DatedCacheManager, metric

class Lab(DatedCacheManager):
    @metric
    def base(self) -> int:
        """What everything begins with."""
        return 2

    @metric
    def twice(self) -> int:
        return self.base * 2

    @metric(params_list=[(x, y) for x in (1, 2, 3) for y in (0.5, 1.5)])
    def grid(self, x: int, y: float) -> float:
        return x * y + self.base

    @metric
    def best(self) -> float:
        return max(self.grid(x, y) for x in (1, 2, 3) for y in (0.5, 1.5))
'''

_numbers = itertools.count()


@attrs.frozen
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Mapping[str, object]:
        """The answer as a document."""
        return cast("Mapping[str, object]", json.loads(self.out))


@attrs.frozen
class Project:
    """A folder with ``pyproject.toml`` and a module; it is the working directory."""

    folder: Path
    module: str
    capsys: pytest.CaptureFixture[str]

    @property
    def file(self) -> Path:
        """The module's file."""
        return self.folder / f"{self.module}.py"

    def edit(self, old: str, new: str) -> None:
        """Change the source, as an editor would."""
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new), encoding="utf-8")

    def smm(self, *arguments: str) -> Ran:
        """Run the command; each time the module is imported anew, as in a process of its own."""
        for name in [name for name in sys.modules if name.partition(".")[0] == self.module]:
            del sys.modules[name]
        importlib.invalidate_caches()
        linecache.clearcache()
        self.capsys.readouterr()
        code = main(arguments)
        said = self.capsys.readouterr()
        return Ran(code, said.out, said.err)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Project]:
    """A project with the class ``Lab`` and a store."""
    for name in ("SMM_MANAGER", "SMM_PROGRESS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr("simple_metrics_manager.events.telling._renderer", None)  # and afterwards as it was
    monkeypatch.chdir(tmp_path)
    made = Project(tmp_path, f"lab_of_{next(_numbers)}", capsys)
    made.file.write_text(SOURCE, encoding="utf-8")
    table = f'[tool.simple_metrics_manager]\nmanager = "{made.module}:Lab"\nstore = "metrics"\n'
    (tmp_path / "pyproject.toml").write_text(table, encoding="utf-8")
    yield made
    sys.modules.pop(made.module, None)
