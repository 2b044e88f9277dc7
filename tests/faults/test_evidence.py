"""Each promise of ``docs/reliability.md`` is proved by tests that say so, and the page names exactly these."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
_PROMISE = re.compile(r"^### (P\d+)\b", re.MULTILINE)
_FILE = re.compile(r"`(tests/[\w/]+\.py)`")
_MARK = re.compile(r"^# EVIDENCE-OF: (.+)$", re.MULTILINE)
_MARKED_TEST = re.compile(r"(?:^# EVIDENCE-OF: .+\n|^@.+\n|^    .+\n|^\)\n)+(?:def test_|class Test)", re.MULTILINE)


def promised(text: str) -> dict[str, set[str]]:
    """The promises of a page, which are one chapter of it, each with the files that it names as proofs."""
    first = _PROMISE.search(text)
    parts = _PROMISE.split(text[first.start() :].split("\n## ", maxsplit=1)[0] if first else "")
    return {name: set(_FILE.findall(section)) for name, section in zip(parts[1::2], parts[2::2], strict=True)}


def proved(sources: dict[str, str]) -> dict[str, set[str]]:
    """The marks in these files, each with the files that bear it."""
    found: dict[str, set[str]] = {}
    for path, source in sources.items():
        for mark in _MARK.findall(source):
            found.setdefault(mark, set()).add(path)
    return found


def sources() -> dict[str, str]:
    """All tests by path."""
    paths = sorted((ROOT / "tests").rglob("test_*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def test_promises_and_proofs_agree() -> None:
    """No promise without a mark, no mark without a promise, and the page names the files where they are."""
    assert promised(PAGE.read_text(encoding="utf-8")) == proved(sources())


def test_a_mark_stands_before_a_test() -> None:
    """A mark belongs to the test, or the class of tests, that follows it."""
    for path, source in sources().items():
        marked = [mark for block in _MARKED_TEST.finditer(source) for mark in _MARK.findall(block[0])]
        assert marked == _MARK.findall(source), path


@pytest.mark.parametrize("source", ["", "# EVIDENCE-OF: P1\n", "# EVIDENCE-OF: P1\n# EVIDENCE-OF: P22\n"])
def test_a_difference_is_noticed(source: str) -> None:
    """A promise that nothing proves is seen, and so is a mark of nothing that was promised."""
    page = "## Promises\n### P1 One\n`tests/a.py`\n### P2 Two\n`tests/a.py`\n## Not promised\n`tests/b.py`\n### P9\n"
    right = "# EVIDENCE-OF: P1\ndef test_a(): ...\n# EVIDENCE-OF: P2\ndef test_b(): ...\n"

    assert promised(page) == proved({"tests/a.py": right})
    assert promised(page) != proved({"tests/a.py": source})
