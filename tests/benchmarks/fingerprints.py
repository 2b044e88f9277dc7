"""Fingerprints held against the truth, on two versions of a package from the registry that is taken as project code.

Run it: ``python -m tests.benchmarks.fingerprints PACKAGE==VERSION VERSION [--pythons PYTHON...] [--list]``, for example
``more-itertools==10.5.0 11.2.1``. Packages must be pure Python and need nothing that is not installed.

Every public function and method is fingerprinted in a process of each version, as if it were a metric's. What is said
of the change is compared with what changed, found out otherwise: in the source of whatever ran while its doctests did
(*it ran*), and in all that its source could reach by any name (*it could*). Then come the costs, and whether other
Pythons take the same fingerprints.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, NotRequired, TypeAlias, TypedDict, cast

import attrs

from simple_metrics_manager.fingerprint import Fingerprint
from simple_metrics_manager.freshness.causes import Cause, status_of
from simple_metrics_manager.freshness.comparing import Present, own_causes
from simple_metrics_manager.record import Code, Record
from tests.benchmarks.fingerprint_truth import Definitions, by_simple_name, reachable

Verdict: TypeAlias = Literal[
    "changed, it ran", "changed, it could", "false alarm", "miss", "unchanged", "unchanged, it could", "unknown"
]
VERDICTS: Mapping[Verdict, str] = {
    "changed, it ran": "said changed; code that ran, or a constant that it reads, is another",
    "changed, it could": "said changed; what is another could be reached, but no example did",
    "false alarm": "said changed; nothing that could be reached is another",
    "miss": "said unchanged; code that ran, or a constant that it reads, is another",
    "unchanged": "said unchanged; nothing that could be reached is another",
    "unchanged, it could": "said unchanged; something of a name that occurs somewhere there is another",
    "unknown": "source could not be had",
}


class Function(TypedDict):
    """What :mod:`.fingerprinted` says of a function."""

    code: dict[str, str | int]
    helpers: dict[str, str]
    globals: dict[str, str]
    places: dict[str, str]
    first_us: float
    again_us: float
    key: NotRequired[str]
    executed: NotRequired[list[str]]


class Survey(TypedDict):
    """What :mod:`.fingerprinted` says of a package."""

    python: str
    functions: dict[str, Function]
    docstrings: NotRequired[int]
    constants: NotRequired[dict[str, dict[str, str]]]
    definitions: NotRequired[Definitions]
    unstable: NotRequired[list[str]]


# --------------------------------------------------------------------------------------------------- two versions
def unpacked(requirement: str, folder: Path) -> Path:
    """The wheel of this requirement, unpacked outside of any ``site-packages``."""
    wheels = folder / "wheels" / requirement
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", str(wheels)]
    subprocess.run([*command, requirement], check=True, stderr=subprocess.DEVNULL)
    root = folder / requirement.replace("==", "-")
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        wheel.extractall(root)
    return root


def packages_in(root: Path) -> list[str]:
    """The packages that a wheel installs."""
    return sorted(found.parent.name for found in root.glob("*/__init__.py"))


def surveyed(root: Path, package: str, python: str, *options: str) -> Survey:
    """Look at one version in a process of its own."""
    command = [python, "-m", "tests.benchmarks.fingerprinted", str(root), package, *options]
    paths = os.pathsep.join(["src", os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, check=True, capture_output=True, env=environment)
    return cast("Survey", json.loads(done.stdout))


# ------------------------------------------------------------------------------------------------------ the truth
@attrs.define(eq=False)
class Truth:
    """What differs between two versions of a package."""

    old: Survey
    new: Survey
    differing: set[str] = attrs.field(init=False)
    _names: tuple[dict[str, list[str]], ...] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        before, after = self._definitions()
        both = [{(_simple(key), found["text"]) for key, found in side.items()} for side in (before, after)]
        moved = both[0] & both[1]
        self.differing = {
            key
            for side, other in ((before, after), (after, before))
            for key, found in side.items()
            if (other[key]["text"] != found["text"] if key in other else (_simple(key), found["text"]) not in moved)
        }
        self._names = tuple(map(by_simple_name, (before, after)))

    def ran(self, label: str) -> list[str]:
        """What is another, of what ran in either version, and of what that reads."""
        sides = [side["functions"][label] for side in (self.old, self.new)]
        executed = {key for side in sides for key in [*side.get("executed", ()), side.get("key", "")]}
        return [*sorted(executed & self.differing), *sorted(self._constants(executed))]

    def could(self, label: str) -> set[str]:
        """What is another, of what could be reached in either version."""
        found: set[str] = set()
        for side, known, names in zip((self.old, self.new), self._definitions(), self._names, strict=True):
            found |= reachable(side["functions"][label].get("key", ""), known, names)
        return found & self.differing

    def _constants(self, executed: set[str]) -> Iterator[str]:
        before, after = (side.get("constants", {}) for side in (self.old, self.new))
        for key in executed & before.keys() & after.keys():
            for name in before[key].keys() & after[key].keys():
                if before[key][name] != after[key][name]:
                    yield f"{key} reads {name}"

    def _definitions(self) -> tuple[Definitions, Definitions]:
        return self.old.get("definitions", {}), self.new.get("definitions", {})


def _simple(key: str) -> str:
    return key.rpartition(":")[2].rpartition(".")[2]


def causes_of(label: str, old: Function, new: Function) -> tuple[Cause, ...]:
    """What the library says: the value that the old function computed, held against the new one."""
    record = Record(name=label, code=Code(**old["code"]), helpers=old["helpers"], globals=old["globals"])  # type: ignore[arg-type]  # as it was written
    now = Fingerprint(Code(**new["code"]), new["helpers"], new["globals"], places=new["places"])  # type: ignore[arg-type]  # as it was written
    return own_causes(record, Present(label, now))


def verdict(label: str, causes: tuple[Cause, ...], truth: Truth) -> Verdict:
    """What was said, against the truth."""
    said = status_of(causes)
    if truth.ran(label):
        return {"stale": "changed, it ran", "fresh": "miss"}.get(said, "unknown")  # type: ignore[return-value]  # those are
    if said == "unknown":
        return "unknown"
    if truth.could(label):
        return "changed, it could" if said == "stale" else "unchanged, it could"
    return "false alarm" if said == "stale" else "unchanged"


# ----------------------------------------------------------------------------------------------------- the report
def compare(package: str, old: Survey, new: Survey, *, listed: bool) -> None:
    """Print how often the library was right."""
    truth = Truth(old, new)
    both = [label for label in old["functions"] if label in new["functions"]]
    causes = {label: causes_of(label, old["functions"][label], new["functions"][label]) for label in both}
    verdicts = {label: verdict(label, causes[label], truth) for label in both}
    counts = Counter(verdicts.values())
    ran = sum("executed" in new["functions"][label] for label in both)
    print(
        f"{package}: {len(both)} functions in both versions, {ran} of which ran in {new.get('docstrings')} docstrings"
    )
    for name, meaning in VERDICTS.items():
        print(f"  {counts[name]:6} {name:20} {meaning}")
    print(f"  {len(old.get('unstable', ()))} + {len(new.get('unstable', ()))} were others after the examples had run")
    shown = ("miss", "false alarm", "unknown", *(("changed, it could", "unchanged, it could") if listed else ()))
    for label in both:
        if verdicts[label] in shown:
            told = [f"{cause.reason} {cause.subject} {cause.old} -> {cause.new}" for cause in causes[label][:3]]
            print(f"    {verdicts[label]}: {label}: {told or truth.ran(label) or sorted(truth.could(label))[:6]}")
    for label in (*old.get("unstable", ()), *new.get("unstable", ())) if listed else ():
        print(f"    unstable: {label}")


def cost(survey: Survey) -> None:
    """Print what fingerprints cost."""
    first = sorted(found["first_us"] for found in survey["functions"].values())
    again = sorted(found["again_us"] for found in survey["functions"].values())
    for what, times in (("taken", first), ("taken again", again)):
        print(
            f"  {what}: {len(times)} functions, {sum(times) / 1e3:.1f} ms; each {statistics.mean(times):.1f} us, "
            f"median {statistics.median(times):.1f}, 99 % {times[len(times) * 99 // 100]:.1f}, most {times[-1]:.1f}"
        )


def alike(surveys: list[Survey]) -> None:
    """Print how often another Python makes another hash of the same source, and which fingerprints are others."""
    first = surveys[0]["functions"]
    for other in surveys[1:]:
        both = sorted(first.keys() & other["functions"].keys())
        mine, theirs = _hashes(surveys[0]), _hashes(other)
        same = mine.keys() & theirs.keys()
        differing = sorted(place for place in same if mine[place] != theirs[place])
        print(
            f"  Python {surveys[0]['python']} and {other['python']}: {len(same)} pieces of source, "
            f"{len(differing)} with another hash {differing[:3] or ''}"
        )
        found = {label: [*_differences(first[label], other["functions"][label])] for label in both}
        told = Counter(difference for differences in found.values() for difference in differences)
        print(f"    {len(both)} functions, {sum(map(bool, found.values()))} with another fingerprint")
        for difference, times in told.most_common(20):
            print(f"      {times} {difference}")


def _hashes(survey: Survey) -> dict[tuple[str, str], str]:
    """The hash of each piece of source by its name and place."""
    found: dict[tuple[str, str], str] = {}
    for label, each in survey["functions"].items():
        found[label, f"{each['code']['file']}:{each['code']['line']}"] = str(each["code"]["hash"])
        found.update(((name, each["places"].get(name, "")), code) for name, code in each["helpers"].items())
    return found


def _differences(mine: Function, theirs: Function) -> Iterator[str]:
    """What is in one and not in the other, as text."""
    if mine["code"]["hash"] != theirs["code"]["hash"]:
        yield "its own code"
    for before, after in ((mine["helpers"], theirs["helpers"]), (mine["globals"], theirs["globals"])):
        for name in sorted(name for name in {*before, *after} if before.get(name) != after.get(name)):
            yield f"{name}: {before.get(name)} -> {after.get(name)}"[:150]


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", metavar="PACKAGE==VERSION")
    parser.add_argument("new", metavar="VERSION", help="of the same package")
    parser.add_argument("--pythons", nargs="*", default=[], help="interpreters that have this library, to compare with")
    parser.add_argument("--folder", type=Path, help="where the versions are unpacked, if they are to be kept")
    parser.add_argument("--list", action="store_true", help="list what the truth could not tell, too")
    options = parser.parse_args()
    name = options.old.partition("==")[0]
    with tempfile.TemporaryDirectory() as made:
        roots = [unpacked(each, options.folder or Path(made)) for each in (options.old, f"{name}=={options.new}")]
        time.sleep(3)  # what was written only just now might have been edited since it was imported
        for package in packages_in(roots[1]):
            old, new = (surveyed(root, package, sys.executable, "--trace") for root in roots)
            compare(f"{package} {options.old.partition('==')[2]} -> {options.new}", old, new, listed=options.list)
            cost(new)
            for root in roots if options.pythons else ():
                alike([surveyed(root, package, python) for python in (sys.executable, *options.pythons)])


if __name__ == "__main__":
    main()
