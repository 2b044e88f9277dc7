"""A record is held against the present: what differs is a cause, what cannot be known is never called changed."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from simple_metrics_manager.fingerprint import Fingerprint
from simple_metrics_manager.fingerprint.files import file_now
from simple_metrics_manager.freshness.causes import Cause, status_of
from simple_metrics_manager.freshness.comparing import Present, own_causes
from simple_metrics_manager.freshness.diffs import first_change, source_diff
from simple_metrics_manager.freshness.helper_diffs import HelperDiffs
from simple_metrics_manager.freshness.upstream import Judge, Stored
from simple_metrics_manager.record import Code, File, Read, Record

CODE = Code("1:a", "def f():\n    return 1\n", "fit.py", 10)
HELPERS = {"fit.basis": "1:b", "fit.square": "1:c"}
GLOBALS = {"fit.K": "10", "<default> k": "2"}
RECORD = Record(
    name="Digits.x", code=CODE, helpers=HELPERS, globals=GLOBALS, python="3.11.4", libraries={"numpy": "0.1"}
)
CODE_NOW = Fingerprint(CODE, HELPERS, GLOBALS, (), {"fit.basis": "fit.py:1", "new.square": "new.py:3"})
NOW = Present("Digits.x", CODE_NOW, python="3.11.9")
QUIET = attrs.evolve(RECORD, libraries={})


def causes(record: Record = QUIET, **changes: object) -> tuple[Cause, ...]:
    """What speaks against the record if some things of the fingerprint are others now."""
    code = Fingerprint(
        **{name: changes.get(name, getattr(CODE_NOW, name)) for name in ("code", "helpers", "globals", "places")}  # type: ignore[arg-type]  # by name
    )
    return own_causes(record, attrs.evolve(NOW, code=code))


def test_nothing_has_changed() -> None:
    """A record that agrees with the present has no cause."""
    assert causes() == ()


def test_changed_code_has_a_diff() -> None:
    """The place is that of the first line that changed."""
    (cause,) = causes(code=Code("1:x", "def f():\n    return 2\n", "fit.py", 10))

    assert (cause.reason, cause.location) == ("code_changed", "fit.py:11")
    assert cause.diff == "  def f():\n-     return 1\n+     return 2"


def test_helpers_come_and_go() -> None:
    """A helper that is used no more, or used now, is a change."""
    found = causes(helpers={"fit.basis": "1:x", "fit.new": "1:y"})

    assert [(each.subject, each.old, each.new, each.location) for each in found] == [
        ("fit.basis", "1:b", "1:x", "fit.py:1"),
        ("fit.square", "1:c", "", ""),
        ("fit.new", "", "1:y", ""),
    ]


def test_moved_helper_is_no_change() -> None:
    """The same code under the same name in another module is no change, nor is a global that moves with it."""
    moved = {"fit.basis": "1:b", "new.square": "1:c"}

    assert causes(helpers=moved) == ()
    assert causes(globals={"new.K": "10", "<default> k": "2"}) == ()


@pytest.mark.parametrize(
    ("record", "changes", "subject"),
    [
        (attrs.evolve(QUIET, code=Code()), {}, "Digits.x"),
        (QUIET, {"code": Code()}, "Digits.x"),
        (QUIET, {"code": attrs.evolve(CODE, hash="2:a")}, "Digits.x"),
        (QUIET, {"helpers": {**HELPERS, "fit.basis": ""}}, "fit.basis"),
        (
            attrs.evolve(QUIET, helpers={**HELPERS, "fit.basis": ""}),
            {"helpers": {**HELPERS, "fit.basis": ""}},
            "fit.basis",
        ),
    ],
)
def test_unknown_is_not_changed(record: Record, changes: dict[str, object], subject: str) -> None:
    """Where source could not be had, then or now, or was written down in another way, nothing is called changed."""
    found = causes(record, **changes)

    assert [(each.reason, each.subject) for each in found] == [("unknown", subject)]
    assert status_of(found) == "unknown"


def test_what_is_reached_less_is_not_gone() -> None:
    """Where some source cannot be had now, a helper that is missing may just not be seen."""
    found = causes(code=Code(), helpers={"fit.basis": "1:x"}, globals={})

    assert [(each.reason, each.subject) for each in found] == [("unknown", "Digits.x"), ("helper_changed", "fit.basis")]


def test_default_counts_where_it_is_not_in_the_name() -> None:
    """Another default is another value, unless the parameters of the value are recorded."""
    changed = {**GLOBALS, "<default> k": "3"}
    (cause,) = causes(globals=changed)

    assert cause == Cause("signature_changed", "k", "2", "3", "fit.py:10")
    assert causes(attrs.evolve(QUIET, params={"k": 2}), globals=changed) == ()


def test_declarations() -> None:
    """The declared type, the version and defaults of the manager's fields are compared."""
    record = attrs.evolve(QUIET, codec="typed", type="float", version=1, inputs={"alpha": 0.1, "gone": 1})
    now = attrs.evolve(NOW, type="int", version=2, inputs={"alpha": 0.2, "new": 1})

    assert [(each.reason, each.old, each.new) for each in own_causes(record, now)] == [
        ("type_changed", "float", "int"),
        ("version_changed", "1", "2"),
        ("signature_changed", "0.1", "0.2"),
    ]


def test_surroundings_make_nothing_stale() -> None:
    """Another Python or another version of a package is noted, another patch of Python is not."""
    found = own_causes(attrs.evolve(RECORD, python="3.10.1"), NOW)

    assert [each.subject for each in found] == ["python", "numpy"]
    assert status_of(found) == "fresh"
    assert [each.subject for each in own_causes(RECORD, NOW)] == ["numpy"]


def test_expiry() -> None:
    """A value that is older than ``max_age`` has expired."""
    now = attrs.evolve(NOW, max_age=timedelta(days=1))
    old = attrs.evolve(QUIET, date=datetime.now(UTC) - timedelta(days=2))

    assert [each.reason for each in own_causes(old, now)] == ["expired"]
    assert own_causes(attrs.evolve(old, date=datetime.now(UTC)), now) == ()


def test_files(tmp_path: Path) -> None:
    """A declared file that holds something else has changed, wherever and whenever that was; one may be gone."""
    for name in "abc":
        (tmp_path / name).write_text(name)
    files = {str(tmp_path / name): file_now(str(tmp_path / name)) for name in "abc"}
    then = attrs.evolve(QUIET, files=files)
    (tmp_path / "b").write_text("x")
    (tmp_path / "c").unlink()
    os.utime(tmp_path / "a", (1, 1))

    found = [(each.reason, each.subject, each.new) for each in own_causes(then, NOW)]

    new = hashlib.sha256(b"x").hexdigest()
    assert found == [("file_changed", str(tmp_path / "b"), new), ("file_changed", str(tmp_path / "c"), "")]


def test_files_that_are_declared_later(tmp_path: Path) -> None:
    """Of a file that is declared now, and was not then, nothing is known; one more of several counts as changed."""
    (tmp_path / "a").write_text("a")
    now = attrs.evolve(NOW, files=(str(tmp_path / "a"),))

    assert [each.reason for each in own_causes(QUIET, now)] == ["unknown"]
    assert [each.reason for each in own_causes(attrs.evolve(QUIET, files={"b": File()}), now)] == ["file_changed"]


def test_diff_is_short() -> None:
    """Only what changed is shown, with a line around it."""
    old = "".join(f"line {number}\n" for number in range(20))
    new = old.replace("line 3\n", "line three\n").replace("line 15\n", "")

    assert source_diff(old, new).splitlines() == [
        "  line 2",
        "- line 3",
        "+ line three",
        "  line 4",
        "...",
        "  line 14",
        "- line 15",
        "  line 16",
    ]
    assert first_change(old, new) == 3


def test_long_chains_and_circles_end() -> None:
    """Metrics that read one another ten thousand deep are judged, and so are records that go round."""
    deep = 10_000
    stored = {
        str(number): Stored(
            str(number), Record(name=str(number), content="1:c", reads=(Read("", str(number + 1), "1:c"),))
        )
        for number in range(deep)
    }
    stored[str(deep)] = Stored("end", attrs.evolve(QUIET, content="1:c", reads=(Read("", "0", "1:c"),)), NOW)
    judge = Judge(lambda read: stored[read.metric], HelperDiffs(None))
    stale = Judge(
        lambda read: attrs.evolve(stored[read.metric], present=None if read.metric != "end" else NOW), HelperDiffs(None)
    )
    verdict = judge.judge(Read("", "0", ""), stored["0"])

    assert verdict is not None
    assert verdict.unchanged == ("1",)
    assert stale.judge(Read("", "5", ""), stored["5"]) is not None


def test_root_is_told_by_the_shortest_way() -> None:
    """A cause that reaches a metric by several ways is told once, by the shortest."""
    changed = attrs.evolve(QUIET, content="1:c", helpers={**HELPERS, "fit.basis": "1:old"})
    stored = {
        "root": Stored("root", changed, NOW),
        "a": Stored("a", Record(name="a", content="1:c", reads=(Read("", "root", "1:c"),))),
        "top": Stored("top", Record(name="top", reads=(Read("", "a", "1:c"), Read("", "root", "1:c")))),
    }
    verdict = Judge(lambda read: stored[read.metric], HelperDiffs(None)).judge(Read("", "top", ""), stored["top"])

    assert verdict is not None
    assert [(each.reason, each.subject, each.via) for each in verdict.causes] == [
        ("upstream_stale", "a", ()),
        ("upstream_stale", "root", ()),
        ("helper_changed", "fit.basis", ("root",)),
    ]
