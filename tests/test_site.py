"""The pages as a site: built with every warning an error, whole, and asking nobody else for anything."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("sphinx", "furo", "myst_parser", "sphinx_copybutton")

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in NEEDED), reason=f"not installed: one of {', '.join(NEEDED)}"
)

RESOURCES = re.compile(r"""<(?:script|img|link|iframe|source)\b[^>]*?\s(?:src|href)=["'](?:https?:)?//[^>]*>""")
"""Elements that a browser fetches from elsewhere when it shows a page; links, which it follows when asked, are not."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as it is published."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-d", str(folder / "trees")]
    ran = subprocess.run(
        [*command, str(ROOT / "docs"), str(folder / "html")], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    return folder / "html"


def test_each_page_is_in_the_contents(site: Path) -> None:
    """Every page is there, and the start page leads to it."""
    start = (site / "index.html").read_text(encoding="utf-8")
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}

    assert {page for page in pages | {"api", "changelog"} if f'href="{page}.html"' not in start} == set()


def test_nothing_is_fetched(site: Path) -> None:
    """A page is shown without any request to another host."""
    found = {path.name: RESOURCES.findall(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}

    assert {name: elements for name, elements in found.items() if elements} == {}
    assert RESOURCES.findall('<a href="https://x.example"> <script async src="https://x.example/a.js"></script>')


def test_the_api_names_what_is_exported(site: Path) -> None:
    """Whatever the package exports has its place on the page of the API."""
    import simple_metrics_manager

    page = (site / "api.html").read_text(encoding="utf-8")
    second_names = {"DataCacheManager", "ParameterizedDataCacheManager"}  # as 0.5.0's documentation spells them
    names = set(simple_metrics_manager.__all__) - second_names

    assert {name for name in names if not re.search(rf'id="simple_metrics_manager\.(errors\.)?{name}"', page)} == set()
