"""The canonical hash: what counts in code, on every Python version."""

from __future__ import annotations

import ast
import functools
import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager.fingerprint import canonical


def _function(source: str, *, defaults: bool = True) -> str:
    node = ast.parse(source).body[0]
    assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    return canonical.function_hash(node, node.decorator_list, defaults=defaults)


def _class(source: str, without: tuple[str, ...] = ()) -> str:
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.ClassDef)
    return canonical.class_hash(node, without)


@functools.lru_cache(maxsize=256)
def _expression(source: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        return canonical.expression_hash(ast.parse(source, mode="eval").body)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(x): return x", "def g(x):\n    '''Doc.'''\n    return (x)  # comment"),
        ("def f(x): return x", "def f(x: int) -> int: return x"),
        ("def f(): pass", "def f(): ..."),
        ("def f(): pass", "def f():\n    'doc'"),
        ("def f():\n    x = 1\n    return x", "def f():\n    x: int = 1\n    return x"),
        ("def f():\n    x = 1\n    return x", "def f():\n    x: int\n    pass\n    x = 1\n    return x"),
        ("def f(): return 'a'", 'def f(): return u"a"'),
        ("def f(): return 'ab'", "def f(): return 'a' 'b'"),
        ("def f(): return 1000", "def f(): return 1_000"),
        ("def f(x): return f'{x}b'", "def f(x): return f'{x}' 'b' f''"),
        (
            "def f():\n    def g(): return 1\n    return g",
            "def f():\n    def g():\n        'd'\n        return 1\n    return g",
        ),
    ],
)
def test_how_it_is_written_does_not_count(one: str, other: str) -> None:
    """Two ways to write the same have the same hash."""
    assert _function(one) == _function(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(x): return x", "def f(y): return y"),
        ("def f(x): return x", "async def f(x): return x"),
        ("def f(x): return 1", "def f(x): return 1.0"),
        ("def f(x): return 1", "def f(x): return True"),
        ("def f(x): return 'None'", "def f(x): return None"),
        ("def f(x): return None", "def f(x): return"),
        ("def f(x): return 'a'", "def f(x): return b'a'"),
        ("def f(x): return ()", "def f(x): return []"),
        ("def f(x): return 0.0", "def f(x): return -0.0"),
        ("def f(*, x): return x", "def f(x): return x"),
        ("def f(x, /): return x", "def f(x): return x"),
        ("def f(x): return x", "def f(x=1): return x"),
        ("def f(x): return x", "@g\ndef f(x): return x"),
        ("def f(x):\n    if x: pass\n    else: g()", "def f(x):\n    if x: g()\n    else: pass"),
        ("def f():\n    def g(): pass\n    return g", "def f():\n    def h(): pass\n    return g"),
        ("def f(x): return f'{x}'", "def f(x): return f'{x!r}'"),
        ("def f(x): return f'{x}'", "def f(x): return f'{x:>4}'"),
        ("def f(x): return f'{x}a'", "def f(x): return f'a{x}'"),
        ("def f(x): return x.a_b", "def f(x): return x.a.b"),
        ("def f(x): return 'x),('", "def f(x): return 'x', '('"),
        ("def f(x): x[0]", "def f(x): x[0:1]"),
        ("def f(a, b, c): return (a, b), c", "def f(a, b, c): return a, (b, c)"),
    ],
)
def test_what_it_says_counts(one: str, other: str) -> None:
    """Two functions that may do different things have different hashes."""
    assert _function(one) != _function(other)


def test_defaults_can_be_left_out() -> None:
    """Without defaults it still counts which parameters have one."""
    assert _function("def f(x, k=1, *, s, t=2): ...", defaults=False) == _function(
        "def f(x, k=3, *, s, t=4): ...", defaults=False
    )
    assert _function("def f(x, k): ...", defaults=False) != _function("def f(x, k=3): ...", defaults=False)


def test_annotations_make_fields() -> None:
    """In a class it counts that a name is annotated, and as a class variable; as which type does not count."""
    assert _class("class A:\n    x: int = 1") == _class("class A:\n    x: 'float' = 1")
    assert _class("class A:\n    x: int") != _class("class A:\n    y: int")
    assert _class("class A:\n    x: int = 1") != _class("class A:\n    x = 1")
    assert _class("class A:\n    x: int = 1") != _class("class A:\n    x: ClassVar[int] = 1")
    assert _class("class A:\n    x: typing.ClassVar = 1") == _class("class A:\n    x: 'ClassVar[int]' = 1")


def test_class_without_methods() -> None:
    """Methods that are hashed apart are no part of the class; its bases and other methods are."""
    assert _class("class A:\n    x = 1\n    def f(self): return 1", ("f",)) == _class("class B:\n    x = 1")
    assert _class("class A:\n    def f(self): return 1") != _class("class A:\n    def f(self): return 2")
    assert _class("class A(B): pass") != _class("class A(C): pass")


def test_hashes_of_one_name_combine() -> None:
    """A getter and a setter have one hash, in whatever order they are found; one unknown makes it unknown."""
    assert canonical.combined_hash(["1:a"]) == "1:a"
    assert canonical.combined_hash(["1:a", "1:b"]) == canonical.combined_hash(["1:b", "1:a"])
    assert canonical.combined_hash(["1:a", "1:b"]) not in ("1:a", "1:b")
    assert canonical.combined_hash(["1:a", ""]) == ""


def test_form_of_a_hash() -> None:
    """A hash is the number of its scheme and 32 hexadecimal digits, and this one is for ever."""
    assert (
        _function("def f(x, k=2):\n    return [x ** k, f'{x:.2f}', None, 'é']") == "1:3d5b89aa536d54215a6c2a69e68e126a"
    )


def test_nesting_deeper_than_calls() -> None:
    """An expression may be nested deeper than Python calls can be."""
    node: ast.expr = ast.Name(id="x", ctx=ast.Load())
    for _ in range(20 * sys.getrecursionlimit()):
        node = ast.UnaryOp(op=ast.Not(), operand=node)

    assert canonical.expression_hash(node).startswith("1:")


@given(st.one_of(st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.binary()))
def test_constants_are_told_apart(value: str | int | float | bytes) -> None:
    """Constants have the same hash if they are the same, with their type, and only then."""
    node = ast.Constant(value=value)

    assert canonical.expression_hash(node) == canonical.expression_hash(ast.Constant(value=value))
    assert canonical.expression_hash(node) != canonical.expression_hash(ast.Constant(value=repr(value)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('f"{x:}"', 'f"{x:>4}"'),
        ('f"{x}"', 'f"{y}"'),
        ('f"{{x}}"', 'f"{x}"'),
        ('f"{x=}"', 'f"{x}"'),
    ],
)
def test_formatted_strings_are_told_apart(one: str, other: str) -> None:
    """Pieces of f-strings count."""
    assert _expression(one) != _expression(other)


EXPRESSIONS = r"""
f""
f"a"
"a" f"b" "c"
f"{x}"
f"{x:}"
f"{x!r:>{w}}"
f"{x:{w}.{p}}"
f"{x:>{w}}{y}"
f"{{}}"
f"{{{x}}}"
f"{x = }"
f"{x = !s:^10}"
f"{x:%Y-%m-%d}"
f"a" f"{x}" "b" f"{y}" "" f""
f"{x:{'a'}b}"
f"{x:{''}}"
rf"\n{x}\t"
f"\N{BULLET}{x}"
f"{x:\n}"
f"{x:{{}}}"
f"{'a' 'b'}"
f"{(lambda: 1)}"
f"{*x,}"
f"{x:a{y}b{z}c}"
f"{ 'q' + f'{x}' }"
f"{x=:}"
f"é{x}"
'\U0001fae8 \u2028 \xa0 \ud800'
0xffffffffffffffffffffffff + 1e400 + 1e-7 + 1j
lambda a, /, b=1, *c, d, e=2, **f: (yield)
[x async for x in y if x if not x]
{**a, 'b': c, 'd': {*e}}
x[1:2, ..., ::3], x[*y]
(a := b) if c else d < e <= f is not g
""".strip().splitlines()

SCRIPT = """
import ast, importlib.util, json, sys, warnings
warnings.simplefilter("ignore")
spec = importlib.util.spec_from_file_location("canonical", sys.argv[1])
canonical = importlib.util.module_from_spec(spec)
spec.loader.exec_module(canonical)
print(json.dumps([canonical.expression_hash(ast.parse(line, mode="eval").body) for line in json.load(sys.stdin)]))
"""


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_every_python_says_the_same(version: str) -> None:
    """Hashes are the same on every version of Python, whose parsers differ."""
    interpreter = shutil.which(f"python{version}")
    if interpreter is None or subprocess.run([interpreter, "-c", ""], capture_output=True, check=False).returncode:
        pytest.skip(f"no python{version} that runs")
    lines = [*EXPRESSIONS, *_more_expressions()]
    done = subprocess.run(
        [interpreter, "-I", "-c", SCRIPT, canonical.__file__],
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        check=True,
    )

    assert [_expression(line) for line in lines] == json.loads(done.stdout)


@functools.cache
def _more_expressions() -> list[str]:
    """Calls and comprehensions in one line in the sources under test, as material."""
    found: list[str] = []
    for path in sorted(Path(canonical.__file__).parent.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        lines = [line.encode() for line in text.splitlines()]
        nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Call, ast.ListComp))]
        found += [
            lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode()
            for node in nodes
            if node.lineno == node.end_lineno
        ]
    return found
