"""One version of a package as project code: fingerprints of its functions, and, found out in other ways, the truth.

The truth is what each function's doctests really run, and what its source could reach at most. Nothing of it uses the
library's own reading of source. Run by :mod:`.fingerprints`, once for each version and Python; prints one JSON object.
"""

from __future__ import annotations

import contextlib
import dis
import doctest
import importlib
import io
import json
import pkgutil
import random
import signal
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import CodeType, FrameType, FunctionType, GeneratorType, ModuleType
from typing import TypeAlias, cast

import attrs

from simple_metrics_manager.fingerprint import fingerprint
from tests.benchmarks.fingerprint_truth import definitions, outermost

Target: TypeAlias = "tuple[str, Callable[..., object], type | None, CodeType]"
"""A function's label, what stands under its name, the class that it is a method of, and its own code."""

SECONDS = 5
"""The doctests of one docstring may take so long."""

AGAIN = 20
"""Times that a fingerprint is taken again, to be timed; times are CPU time, since others may work on the machine."""


# ------------------------------------------------------------------------------------------------- what there is
def modules_of(package: str) -> list[ModuleType]:
    """All modules of the package that can be imported here, without its tests."""
    found = [importlib.import_module(package)]
    for info in pkgutil.walk_packages(getattr(found[0], "__path__", ()), package + ".", onerror=lambda _name: None):
        if {"tests", "testing", "conftest", "__main__"}.isdisjoint(info.name.split(".")):
            with contextlib.suppress(Exception):
                found.append(importlib.import_module(info.name))
    return found


def targets_in(module: ModuleType) -> Iterator[Target]:
    """Public functions that the module defines, and public methods of its classes."""
    for name, value in list(vars(module).items()):
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if isinstance(value, type):
            if value.__qualname__ == name:
                for inner, member in vars(value).items():
                    if isinstance(member, FunctionType) and not inner.startswith("_"):
                        yield f"{module.__name__}.{name}.{inner}", member, value, code_in(member)
        elif callable(value) and isinstance(getattr(unwrapped(value), "__code__", None), CodeType):
            yield f"{module.__name__}.{name}", value, None, code_in(value)


def unwrapped(value: object) -> object:
    """The function inside decorators that name what they wrap."""
    while (inner := getattr(value, "__wrapped__", None)) is not None:
        value = inner
    return value


def code_in(value: object) -> CodeType:
    """The code of the innermost function."""
    return cast("FunctionType", unwrapped(value)).__code__


def wrappers_of(value: object) -> set[CodeType]:
    """Code that runs around the function when it is called by its name."""
    found: set[CodeType] = set()
    while (inner := getattr(value, "__wrapped__", None)) is not None:
        around = value if isinstance(value, FunctionType) else vars(type(value)).get("__call__")
        if isinstance(around, FunctionType):
            found.add(around.__code__)
        value = inner
    return found


# ------------------------------------------------------------------------------------------- what is really run
@attrs.define(eq=False)
class Tracer:
    """Notes, for each function, the code of the package that ran while it did."""

    root: str
    targets: dict[CodeType, list[str]]
    wrappers: dict[str, set[CodeType]]
    executed: dict[str, set[CodeType]] = attrs.field(factory=lambda: defaultdict[str, "set[CodeType]"](set))
    _stack: list[tuple[FrameType, frozenset[str]]] = attrs.field(factory=list["tuple[FrameType, frozenset[str]]"])
    _given: dict[object, frozenset[str]] = attrs.field(factory=dict["object", "frozenset[str]"])
    """Generators and functions that a function was given: what they do is not its doing, but its caller's."""

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        """What ``sys.setprofile`` calls."""
        code = frame.f_code
        if event == "call" and code.co_filename.startswith("<doctest"):
            self._stack.append((frame, frozenset()))
        elif event == "call" and code.co_filename.startswith(self.root):
            active = self._stack[-1][1] if self._stack else frozenset[str]()
            active = self._given.get(frame, self._given.get(code, active))
            if code in self.targets:
                self._start(frame, active)
            self._stack.append((frame, active.union(self.targets.get(code, ()))))
            for label in self._stack[-1][1]:
                self.executed[label].add(code)
        elif event == "return" and any(entry[0] is frame for entry in self._stack[-50:]):
            while self._stack.pop()[0] is not frame:
                pass

    def forget(self) -> None:
        """Between two docstrings."""
        self._stack.clear()
        self._given.clear()

    def _start(self, frame: FrameType, active: frozenset[str]) -> None:
        for label in self.targets[frame.f_code]:
            self.executed[label].update(self._around(frame, self.wrappers[label]))
        for value in list(frame.f_locals.values()):
            for each in cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,):
                inner = getattr(each, "__func__", each)
                thing = (
                    inner.gi_frame if isinstance(inner, GeneratorType) else getattr(unwrapped(inner), "__code__", None)
                )
                if thing is not None and thing is not frame:
                    self._given.setdefault(thing, active)

    def _around(self, frame: FrameType, wrappers: set[CodeType]) -> set[CodeType]:
        """The code between the function and the outermost wrapper of it that called it."""
        seen: set[CodeType] = set()
        found: set[CodeType] = set()
        outer = frame.f_back
        for _ in range(5 if wrappers else 0):
            if outer is None:
                break
            seen.add(outer.f_code)
            if outer.f_code in wrappers:
                found |= {code for code in seen if code.co_filename.startswith(self.root)}
            outer = outer.f_back
        return found


@contextlib.contextmanager
def at_most(seconds: int) -> Generator[None]:
    """Stop what takes longer."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run_doctests(module: ModuleType, tracer: Tracer) -> int:
    """Run the examples of a module, whatever they print; how many docstrings had any."""
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    count = 0
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, module.__name__):
        if not test.examples:
            continue
        count += 1
        random.seed(0)
        with contextlib.suppress(BaseException), contextlib.redirect_stdout(io.StringIO()), at_most(SECONDS):
            sys.setprofile(tracer)
            try:
                runner.run(test, out=lambda _text: None)
            finally:
                sys.setprofile(None)
                tracer.forget()
    return count


# ----------------------------------------------------------------------------------------------- what it reads
def constants_read(code: CodeType, namespace: dict[str, object], qualname: str) -> Iterator[tuple[str, str]]:
    """Simple globals, and simple attributes of its class, that the code names; those of functions in it too."""
    parts = [code, *(part for part in code.co_consts if isinstance(part, CodeType))]
    names = {each.argval for part in parts for each in dis.get_instructions(part) if each.opname == "LOAD_GLOBAL"}
    attributes = {each.argval for part in parts for each in dis.get_instructions(part) if each.opname == "LOAD_ATTR"}
    owner = namespace.get(qualname.partition(".")[0])
    for name in sorted(names):
        if is_simple(value := namespace.get(name)):
            yield name, repr(value)
    bases = owner.__mro__ if isinstance(owner, type) else ()
    for name in sorted(attributes):
        found = next((vars(cls)[name] for cls in bases if name in vars(cls)), None)
        if is_simple(found):
            yield f"self.{name}", repr(found)


def is_simple(value: object) -> bool:
    """Whether a value is a constant whose repr tells it from others."""
    if isinstance(value, (tuple, frozenset)):
        return all(map(is_simple, cast("tuple[object, ...]", value)))
    return isinstance(value, (bool, int, float, complex, str, bytes))


# --------------------------------------------------------------------------------------------------- the whole
def taken(value: Callable[..., object], owner: type | None) -> dict[str, object]:
    """The fingerprint as plain data, with what it cost to take it and to take it again."""
    start = time.process_time_ns()
    first = fingerprint(value, owner)
    between = time.process_time_ns()
    for _ in range(AGAIN):
        fingerprint(value, owner)
    end = time.process_time_ns()
    return {
        "code": attrs.asdict(first.code),
        "helpers": dict(first.helpers),
        "globals": dict(first.globals),
        "places": dict(first.places),
        "first_us": (between - start) / 1e3,
        "again_us": (end - between) / 1e3 / AGAIN,
    }


def survey(root: Path, package: str, *, trace: bool) -> dict[str, object]:
    """Everything about one version of a package."""
    modules = modules_of(package)
    targets = {target[0]: target for module in modules for target in targets_in(module)}
    functions = {label: taken(value, owner) for label, value, owner, _ in targets.values()}
    report: dict[str, object] = {"python": sys.version.split()[0], "functions": functions}
    if not trace:
        return report
    for label, target in targets.items():
        functions[label]["key"] = key_of(target[3], root)
    codes: dict[CodeType, list[str]] = defaultdict(list)
    for label, target in targets.items():
        codes[target[3]].append(label)
    constants = [dict(vars(module)) for module in modules]
    tracer = Tracer(f"{root}/", codes, {label: wrappers_of(target[1]) for label, target in targets.items()})
    report["docstrings"] = sum(run_doctests(module, tracer) for module in modules)
    spaces = {str(space.get("__file__")): space for space in constants}
    read: dict[str, dict[str, str]] = {}
    for label, executed in tracer.executed.items():
        functions[label]["executed"] = sorted({key_of(code, root) for code in executed})
        for code in executed:
            qualname = outermost(code.co_qualname)
            found = constants_read(code, spaces.get(code.co_filename, {}), qualname)
            read.setdefault(key_of(code, root), {}).update(found)
    report["constants"] = read
    report["definitions"] = definitions(root, package)
    after = {label: taken(value, owner) for label, value, owner, _ in targets.values()}
    report["unstable"] = [
        label
        for label in functions
        if any(after[label][part] != functions[label][part] for part in ("code", "helpers", "globals"))
    ]
    return report


def key_of(code: CodeType, root: Path) -> str:
    """Where code stands, without its line: the file and the outermost function, as in :func:`definitions`."""
    name = outermost(code.co_qualname)
    place = f"@{code.co_firstlineno}" if name.startswith("<") else ""
    return f"{Path(code.co_filename).relative_to(root)}:{name}{place}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(folder))
    json.dump(survey(folder, sys.argv[2], trace=sys.argv[3:] == ["--trace"]), sys.stdout)
