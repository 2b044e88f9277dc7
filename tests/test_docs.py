"""What the README, the pages, the examples and the docstrings show is what happens."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from simple_metrics_manager.outcomes.reasons import PRESETS, REASONS
from tests.documents import (
    EVALUATORS,
    ROOT,
    SYBIL,
    SameOutput,
    blocks,
    dead_links,
    difference,
    documents,
    missing,
    modules_of,
    needs,
    python_of,
)

PAGES = [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in documents()]
SCRIPTS = [
    pytest.param(path, id=path.relative_to(ROOT).as_posix())
    for path in sorted((ROOT / "docs/examples/elnino").rglob("*.py"))  # for those that need more see test_examples.py
]
PACKAGE = ROOT / "src" / "simple_metrics_manager"
WITH_PROMPTS = [
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Somebody who pastes examples into Python in a directory with the tutorial's table: what they define stands in
    ``__main__``.
    """
    shutil.copy(ROOT / "docs" / "examples" / "elnino" / "nino12_sst.csv", tmp_path)
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    monkeypatch.chdir(tmp_path)
    return module


def evaluate(path: Path, module: ModuleType) -> int:
    """Run all examples of one document in order; how many there were."""
    document = SYBIL.parse(path)
    document.namespace = vars(module)
    examples = list(document)
    for example in examples:
        example.evaluate()
    return len(examples)


@pytest.mark.parametrize("path", PAGES)
def test_page(path: Path, reader: ModuleType) -> None:
    """Every block of the page does what it says."""
    if missing(path):
        pytest.skip(f"not installed: {', '.join(missing(path))}")

    assert evaluate(path, reader) == len(list(blocks(path)))


@pytest.mark.parametrize("path", PAGES)
def test_what_a_page_needs_is_an_extra(path: Path) -> None:
    """A page is skipped only where an optional package is missing that the tests know of: a slip skips nothing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups: dict[str, list[object]] = project["dependency-groups"]
    wanted = [each for name in ("extras", "examples", "dev") for each in groups[name] if isinstance(each, str)]
    optional = {re.split(r"\W", requirement)[0] for requirement in wanted}
    optional |= {"sklearn", "joblib"}  # which come with scikit-learn

    assert set(needs(path)) <= optional
    assert path.read_text(encoding="utf-8").count("<!-- needs") == bool(needs(path))


def test_what_a_page_needs(tmp_path: Path) -> None:
    """The first line of a page names modules; those that are not there are the ones that are missing."""
    page = tmp_path / "page.md"
    page.write_text("<!-- needs: json no_such_module -->\n# Page\n", encoding="utf-8")
    assert (needs(page), missing(page)) == (["json", "no_such_module"], ["no_such_module"])

    page.write_text("# Page\n<!-- needs: json -->\n", encoding="utf-8")
    assert (needs(page), missing(page)) == ([], [])


@pytest.mark.parametrize("path", PAGES)
def test_every_block_is_claimed(path: Path) -> None:
    """Each fenced block names a language that something checks, or that is not meant to be run."""
    unclaimed = [f"line {line}: {info!r}" for info, line, _ in blocks(path) if info not in EVALUATORS]

    assert unclaimed == []


@pytest.mark.parametrize("path", PAGES)
def test_links(path: Path) -> None:
    """What a page links to in this repository is there, headings included."""
    assert dead_links(path) == []


def test_dead_links(tmp_path: Path) -> None:
    """A link to a file, or to a heading of a file, that is not there is found."""
    page, other = tmp_path / "page.md", tmp_path / "other.md"
    other.write_text("# One\n## P2 Two, and `three`\n", encoding="utf-8")
    page.write_text(
        "# Here\n[a](other.md) [b](other.md#one) [c](other.md#p2-two-and-three) [d](#here) [e](https://no.example/x)\n"
        "[f](none.md) [g](other.md#four) [h](#there)\n",
        encoding="utf-8",
    )

    assert dead_links(page) == ["none.md", "other.md#four", "#there"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("```python\nprint(1 + 1)\n```\n\n```text output\n3\n```\n", "expected:\n3"),
        ("```text output\n3\n```\n", "right after a `python` block"),
        ("```python\nprint(2)\n```\nIn words:\n\n```text output\n2\n```\n", "right after a `python` block"),
        ("```pycon\n>>> 1 + 1\n3\n```\n", "Expected:\n    3"),
        ("```pycon\n1 + 1\n```\n", "without a prompt"),
        ("```console\n$ echo two\nthree\n```\n", "$ echo two\nexpected:\nthree"),
        ("```console\necho two\n```\n", "begins with `$ `"),
        ("```rust\nfn main() {}\n```\n", "nothing checks a block of `rust`"),
        ("```\nno language\n```\n", "nothing checks a block of ``"),
    ],
)
def test_a_wrong_page_is_noticed(tmp_path: Path, reader: ModuleType, text: str, problem: str) -> None:
    """A block that does not do what it says fails, and the failure says what is wrong."""
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")

    with pytest.raises(Exception, match="did not evaluate as expected") as caught:
        evaluate(page, reader)

    assert problem in str(caught.value)


def test_a_right_page_passes(tmp_path: Path, reader: ModuleType) -> None:
    """Blocks of a page share one namespace, prints are compared, and sessions see what blocks defined."""
    page = tmp_path / "page.md"
    page.write_text(
        "```python\ndef double(x: int) -> int:\n    return 2 * x\nprint('took 3.2 ms', double(4))\n```\n\n"
        "```text output\ntook 999 ms 8\n```\n\n```pycon\n>>> double(2)\n4\n>>> double()\n"
        "Traceback (most recent call last):\nTypeError: ...\n```\n\n"
        '```console\n$ echo two\ntwo\n$ true\n```\n```json\n{"a": 1}\n```\n```toml\na = 1\n```\n'
        "```python\n# two.py\nprint(double(1))\n```\n```console\n$ head -n 1 two.py\n# two.py\n```\n",
        encoding="utf-8",
    )

    assert evaluate(page, reader) == 8
    assert vars(reader)["double"].__module__ == "__main__"


def test_table_of_reasons() -> None:
    """The page about reasons lists every one with what each preset does about it."""
    page = (ROOT / "docs" / "why-stale.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (\w+) \| (\w+) \| (\w+) \|$", page, re.MULTILINE)

    assert rows == [(reason, *(PRESETS[preset][reason] for preset in PRESETS)) for reason in REASONS]
    assert f"| {' | '.join(f'`{preset}`' for preset in PRESETS)} |" in page


@pytest.mark.parametrize(
    ("want", "got", "same"),
    [
        ("computed in 3.1 ms", "computed in 12 s", True),
        ("pulled on 2021-03-04", "pulled on 2026-11-24", True),
        ("at 2021-03-04 10:11:12", "at 2021-03-04T10:11:12+00:00", True),
        ("np.float64(1.5)", "1.5", True),
        ("a   12  b", "a 12 b", True),
        ("array([1, ...])", "array([1, 2, 3])", True),
        ("computed 3 metrics", "computed 4 metrics", False),
        ("one\ntwo", "one two", False),
    ],
)
def test_comparison(want: str, got: str, same: bool) -> None:
    """Durations, dates, alignment and numpy's scalar names may differ; nothing else may."""
    assert (difference(want, got) is None) is same


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
def test_pages_type_check(tmp_path: Path) -> None:
    """The Python of README and pages passes ``mypy --strict``; what needs packages that are not here is left out."""
    found: list[str] = []
    modules: list[str] = []
    for path in documents():
        if missing(path):
            continue
        module = tmp_path / path.relative_to(ROOT).with_suffix(".py").as_posix().replace("/", "_")
        module.write_text(python_of(path), encoding="utf-8")
        modules.append(str(module))
        for name, source in modules_of(path):
            assert not (tmp_path / name).exists(), f"two pages have a file {name}"
            (tmp_path / name).write_text(source, encoding="utf-8")
            modules.append(str(tmp_path / name))

    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path / 'cache'}", *modules],
        env=os.environ | {"MYPYPATH": os.pathsep.join([str(PACKAGE.parent), str(ROOT / "stubs")])},
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line for line in ran.stdout.splitlines() if not line.startswith("Success")]

    assert (found, ran.stderr) == ([], "")


@pytest.mark.parametrize("path", SCRIPTS)
def test_example_script(path: Path, tmp_path: Path) -> None:
    """The example computes in its first run, loads all of it in the second, and leaves nothing beside itself."""
    before = sorted(path.parent.rglob("*"))
    command = [sys.executable, "-W", "error", "-B", str(path)]

    printed: list[str] = []
    for _ in range(2):
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        printed.append(ran.stdout)

    assert "Compute " in printed[0]
    assert "Compute " not in printed[1]
    assert printed[1].count("Load ") == printed[0].count("Completed ") > 0
    assert sorted(path.parent.rglob("*")) == before


@pytest.mark.parametrize("name", WITH_PROMPTS)
def test_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every prompt in the docstrings of the module answers as written."""
    monkeypatch.chdir(tmp_path)
    report: list[str] = []
    runner = doctest.DocTestRunner(checker=SameOutput(), verbose=False)

    for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name)):
        runner.run(test, out=report.append)

    assert "".join(report) == ""
    assert runner.tries > 0


def test_el_ninos(tmp_path: Path) -> None:
    """The two great El Niños of the century are found, and the second run says from when that is known."""
    script = ROOT / "docs" / "examples" / "elnino" / "elnino.py"
    command = [sys.executable, "-W", "error", "-B", str(script), str(tmp_path / "metrics")]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)]

    (first, result), (second, again) = (text.split("\n\n", 1) for text in runs)
    assert result == again
    assert "1982-08  15 months, up to +4.3 degrees" in result
    assert "1997-04  17 months, up to +4.2 degrees" in result
    assert "Completed summary" in first
    assert all(" pulled on " in line for line in second.splitlines())
