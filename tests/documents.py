"""The fenced blocks of a Markdown document as examples: each language has one meaning here.

``python`` runs, all blocks of a document in one namespace; ``text output`` right after it is what it printed. A
block of ``python`` or ``toml`` that begins with a comment ``# lab.py`` is that file, in the working directory.
``pycon`` and ``console`` are sessions whose output is compared. ``toml`` and ``json`` must parse. ``sh`` is not
run (it installs things; ``.ci/run`` runs the README's), nor is plain ``text`` (drawings). Anything else fails.

A page that cannot be run with the package alone says so in its first line: ``<!-- needs: pandas pyarrow -->``.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import io
import json
import linecache
import os
import re
import subprocess
import sysconfig
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

ROOT = Path(__file__).resolve().parent.parent

VARYING = (
    (re.compile(r"\b\d+(?:\.\d+)? ?(?:ns|µs|us|ms|s|min|h)\b"), "..."),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?"), "YYYY-MM-DD"),
    (re.compile(r"\bnp\.(?:bool|float\d+|u?int\d+|str)_?\(([^()]*)\)"), r"\1"),
    (re.compile(r"[ \t]+"), " "),
    (re.compile(r" $", re.MULTILINE), ""),
)
"""What differs from run to run, or from numpy 1 to 2: durations, dates, the names of scalar types, alignment."""


class SameOutput(doctest.OutputChecker):
    """Compares what is printed with what the document says, apart from what varies; ``...`` stands for anything."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        """Whether ``got`` is what the document wants."""
        return super().check_output(settle(want), settle(got), optionflags | doctest.ELLIPSIS)


def settle(text: str) -> str:
    """``text`` without what varies."""
    for pattern, replacement in VARYING:
        text = pattern.sub(replacement, text)
    return text.strip() + "\n"


def difference(want: str, got: str) -> str | None:
    """What sybil reports when ``got`` is not what the document wants."""
    if SameOutput().check_output(want, got, 0):
        return None
    return f"expected:\n{want}\ngot:\n{got}"


PRINTED = "__printed__"

FILE = re.compile(r"# (\w[\w-]*\.(?:py|toml))\n")
"""How a block begins that is a file."""


def write_file(example: Example) -> bool:
    """Write the block to the file that it is; whether it is one."""
    source = str(example.parsed)
    found = FILE.match(source)
    if found:
        Path(found[1]).write_text(source, encoding="utf-8")
    return found is not None


def run_python(example: Example) -> None:
    """Run the block as a cell of a notebook is run: the source of what it defines can be found by its lines."""
    if write_file(example):
        return
    namespace: dict[str, object] = example.namespace
    source = str(example.parsed)
    name = f"<{Path(example.path).name}, from line {example.line + example.parsed.line_offset + 1} on>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    stdout = io.StringIO()
    with contextlib.redirect_stdout(stdout):
        exec(compile(source, name, "exec", dont_inherit=True), namespace)
    namespace[PRINTED] = stdout.getvalue()


def compare_printed(example: Example) -> str | None:
    """The block says what the Python block right before it printed."""
    between = example.document.text[: example.region.start].rstrip()
    printed = example.namespace.pop(PRINTED, None)
    if not isinstance(printed, str) or not between.endswith("```"):
        return "a `text output` block must stand right after a `python` block"
    return difference(example.parsed, printed)


def run_session(example: Example) -> str | None:
    """Run each prompt of a ``pycon`` block, which must answer as the block says."""
    source = str(example.parsed)
    name = f"{Path(example.path).name}:{example.line}"
    test = doctest.DocTestParser().get_doctest(source, example.namespace, name, example.path, example.line)
    if not test.examples:
        return "a `pycon` block without a prompt"
    report: list[str] = []
    doctest.DocTestRunner(checker=SameOutput(), verbose=False).run(test, out=report.append, clear_globs=False)
    return "".join(report) or None


def run_console(example: Example) -> str | None:
    """Run each ``$ command`` of a ``console`` block with the scripts of this environment first in the path."""
    scripts = sysconfig.get_path("scripts")
    environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "100"}
    sessions = re.split(r"^\$ ", str(example.parsed), flags=re.MULTILINE)
    if sessions[0].strip() or len(sessions) == 1:
        return "a `console` block begins with `$ ` and a command"
    for session in sessions[1:]:
        command, _, want = session.partition("\n")
        ran = subprocess.run(
            ["sh", "-c", f"exec 2>&1; {command}"], env=environment, capture_output=True, text=True, check=False
        )
        wrong = difference(want, ran.stdout)
        if wrong is not None:
            return f"$ {command}\n{wrong}"
    return None


def parse_toml(example: Example) -> None:
    """The block is TOML."""
    write_file(example)
    tomllib.loads(example.parsed)


def parse_json(example: Example) -> None:
    """The block is JSON."""
    json.loads(example.parsed)


def leave_alone(example: Example) -> None:
    """The block is for reading."""


def refuse(example: Example) -> str:
    """No parser claims the block."""
    known = ", ".join(sorted(EVALUATORS))
    return f"nothing checks a block of `{example.region.lexemes['info'].strip()}`; there is {known}"


EVALUATORS: dict[str, Callable[[Example], str | None]] = {
    "python": run_python,
    "text output": compare_printed,
    "pycon": run_session,
    "console": run_console,
    "toml": parse_toml,
    "json": parse_json,
    "sh": leave_alone,
    "text": leave_alone,
}


def fences(document: Document) -> Iterable[Region]:
    """Every fenced block, with the evaluator of its info string."""
    for region in RawFencedCodeBlockLexer(info_pattern=re.compile(r"(?P<info>[^\n]*)\n"))(document):
        region.parsed = region.lexemes["source"]
        region.evaluator = EVALUATORS.get(region.lexemes["info"].strip(), refuse)
        yield region


SYBIL = Sybil(parsers=[fences], path=str(ROOT))


def documents() -> list[Path]:
    """The README and every Markdown page under ``docs``."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


NEEDS = re.compile(r"<!-- needs: (\w+(?: \w+)*) -->\n")


def needs(path: Path) -> list[str]:
    """The modules of optional packages without which the blocks of a document cannot be run, by its first line."""
    found = NEEDS.match(path.read_text(encoding="utf-8"))
    return found[1].split() if found else []


def missing(path: Path) -> list[str]:
    """Those of them that are not installed here."""
    return [name for name in needs(path) if importlib.util.find_spec(name) is None]


def anchors(path: Path) -> set[str]:
    """What can stand behind a ``#`` in a link to a document: its headings, as web pages of Markdown spell them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(path: Path) -> list[str]:
    """Links of a document to files or headings that are not there; those to other hosts are not followed."""
    dead: list[str] = []
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        if ":" not in link and not (target.exists() and (not anchor or anchor in anchors(target))):
            dead.append(link)
    return dead


def blocks(path: Path) -> Iterator[tuple[str, int, str]]:
    """Info string, line of the opening fence and source of every block of a document."""
    for example in SYBIL.parse(path):
        yield example.region.lexemes["info"].strip(), example.line, str(example.parsed)


def modules_of(path: Path) -> Iterator[tuple[str, str]]:
    """Name and source of the Python files that a document has written."""
    for info, _, source in blocks(path):
        if info == "python" and (found := FILE.match(source)):
            yield found[1], source


def python_of(path: Path) -> str:
    """All other Python of a document as one module, each statement on the line that it has in the document."""
    lines: list[str] = []
    for info, line, source in blocks(path):
        if info not in {"python", "pycon"} or FILE.match(source):
            continue
        prompts = doctest.DocTestParser().get_examples(source) if info == "pycon" else []
        code = "".join(example.source for example in prompts) or source
        lines += [""] * (line - len(lines)) + code.splitlines()
    return "\n".join(lines) + "\n"
