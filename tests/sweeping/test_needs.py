"""What a metric needs: seen in its source, or read before."""

from __future__ import annotations

import functools
import gc
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext, suppress

import attrs
import pytest

from simple_metrics_manager import DatedCacheManager, Metric, metric
from simple_metrics_manager.declaring.lookup import named_key
from simple_metrics_manager.fingerprint.uses import Certainty
from simple_metrics_manager.record import Read, Record
from simple_metrics_manager.sweeping.needs import Node, needed
from simple_metrics_manager.sweeping.reads import MetricRead, key_called, reads_of

POSSIBLE, EXPECTED, REQUIRED = Certainty


def outside(number: int, manager: Reading, *, again: bool = False) -> int:
    """A function of the project that is given the manager."""
    return number + manager.a + (outside(0, manager) if again else manager.b)


def twice(function: Callable[[Reading], int]) -> Callable[[Reading], int]:
    """A decorator that calls what it wraps."""

    @functools.wraps(function)
    def called(self: Reading) -> int:
        return function(self) + function(self)

    return called


class Reading(DatedCacheManager):
    """Reads its metrics in all ways."""

    verbose = False
    flag = True

    @metric
    def a(self) -> int:
        return 1

    @metric
    def b(self) -> int:
        return self.a + self.a

    @metric(params_list=[(1,), (2,)])
    def p(self, k: int) -> int:
        return k * self.a

    def helper(self) -> int:
        return self.twin

    @property
    def twin(self) -> int:
        return self.b

    @functools.cached_property
    def kept(self) -> int:
        return self.b

    def later(self) -> Iterator[int]:
        yield self.b

    @metric
    def through_methods(self) -> int:
        return self.helper()

    @metric
    def hands_on(self) -> list[int]:
        return [each() for each in (self.helper,)]

    @metric
    def through_kept(self) -> int:
        return self.kept + sum(self.later())

    @metric
    def given_self(self) -> int:
        return outside(1, self)

    @metric
    def given_by_name(self) -> int:
        return outside(1, manager=self, again=True)

    @metric
    def point(self) -> int:
        return self.p(1)

    @metric
    def points(self) -> list[int]:
        return self.p.get_all()

    @metric
    def asks_only(self) -> bool:
        return self.p.exists(1) or bool(self.p.params_list)

    @metric
    def branches(self) -> int:
        if self.a:
            return self.b
        return self.p(1)

    @metric
    def operators(self) -> int:
        return (self.a or self.b) if self.flag else self.p(1)

    @metric
    def loops(self) -> list[int]:
        return [self.b for _ in range(self.a)]

    @metric
    def contexts(self) -> int:
        with suppress(ZeroDivisionError), nullcontext(self.b):
            return self.a
        return 0

    @metric
    def handled(self) -> int:
        try:
            return self.a
        except ZeroDivisionError:
            return self.b

    @metric
    def functions(self) -> int:
        def inner() -> int:
            return self.a

        return inner()

    @metric
    @twice
    def decorated(self) -> int:
        return self.a

    @metric
    def unseen(self) -> int:
        return int(getattr(self, "a"))  # noqa: B009 - what is tested

    @metric
    def assigned(self) -> int:
        self.flag = False
        return 1

    @metric
    def short(self) -> int:
        return in_one_line(self)


in_one_line: Callable[[Reading], int] = lambda manager: manager.a  # noqa: E731 - what is tested


class Derived(Reading):
    """Overrides some metrics, and what they read through."""

    @metric
    def a(self) -> int:
        return super().a + self.helper()

    @property
    def twin(self) -> int:
        return 0

    @metric(params_list=[(3,)])
    def p(self, k: int) -> int:
        return super().p(k)

    def helper(self) -> int:
        return super().helper()


@attrs.frozen(slots=True)
class Slotted(Reading):
    """A class that attrs makes anew."""

    subject: str = ""

    @metric
    def b(self) -> int:
        return super().b


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("a", {}),
        ("b", {"a": REQUIRED}),
        ("p", {"a": REQUIRED}),
        ("through_methods", {"b": REQUIRED}),
        ("hands_on", {"b": POSSIBLE}),
        ("through_kept", {"b": POSSIBLE}),
        ("given_self", {"a": REQUIRED, "b": POSSIBLE}),
        ("given_by_name", {"a": REQUIRED, "b": POSSIBLE}),
        ("point", {"p": REQUIRED}),
        ("asks_only", {}),
        ("branches", {"a": REQUIRED, "b": POSSIBLE, "p": POSSIBLE}),
        ("operators", {"a": POSSIBLE, "b": POSSIBLE, "p": POSSIBLE}),
        ("loops", {"a": REQUIRED, "b": POSSIBLE}),
        ("contexts", {"a": EXPECTED, "b": EXPECTED}),
        ("handled", {"a": POSSIBLE, "b": POSSIBLE}),
        ("functions", {"a": POSSIBLE}),
        ("decorated", {"a": POSSIBLE}),
        ("unseen", {}),
        ("assigned", {}),
        ("short", {"a": REQUIRED}),
        ("nothing", {}),
    ],
)
def test_reads_are_seen_in_the_source(name: str, reads: dict[str, Certainty]) -> None:
    """What a metric reads through self is found, and how certainly it does."""
    assert {read: found.certainty for read, found in reads_of(Reading, name).items()} == reads


def test_get_all_reads_all_that_is_declared() -> None:
    """That all declared parameter sets are read is told from the reading of any."""
    assert reads_of(Reading, "points") == {"p": MetricRead(REQUIRED, whole=True)}
    assert reads_of(Reading, "point") == {"p": MetricRead(REQUIRED)}


def test_names_mean_what_they_mean_in_the_class() -> None:
    """Overridden methods, properties and metrics count for the class that is asked about; super() means a base's."""
    assert reads_of(Derived, "a") == {"a@Reading": MetricRead(REQUIRED)}
    assert reads_of(Derived, "p") == {"p@Reading": MetricRead(REQUIRED)}
    assert reads_of(Derived, "p@Reading") == {"a": MetricRead(REQUIRED)}
    assert reads_of(Derived, "through_methods") == {}
    assert reads_of(Slotted, "b") == {"b@Reading": MetricRead(REQUIRED)}
    assert reads_of(Slotted, "b@Reading") == {"a": MetricRead(REQUIRED)}


def test_what_is_kept_does_not_keep_a_class() -> None:
    """A class that is made anew, as in a notebook, is forgotten with what was found out about it."""

    class Short(Reading):
        @metric
        def c(self) -> int:
            return self.b

    reads_of(Short, "c")
    gone = weakref.ref(Short)
    del Short
    gc.collect()

    assert gone() is None


# ---------------------------------------------------------------------------------------------------- what is needed
def plan(
    kind: type,
    keys: Iterable[Metric[object]],
    stored: Iterable[str] = (),
    records: Iterable[tuple[str, Record]] = (),
) -> tuple[dict[str, Node], list[str]]:
    """The nodes for these keys, and what was asked about on the way."""
    asked: list[str] = []
    known, there = dict(records), set(stored)

    def missing(key: Metric[object]) -> bool:
        asked.append(key.name)
        return key.name not in there

    return needed(kind, keys, missing, lambda key: known.get(key.name)), asked


def edges(found: dict[str, Node]) -> dict[str, tuple[set[str], set[str]]]:
    """What each node needs, and what it comes after."""
    return {name: (set(node.needs), set(node.after)) for name, node in found.items()}


def test_what_is_certainly_needed_is_added() -> None:
    """What a metric is certain to read is computed before it, and so on, each asked about once."""
    found, asked = plan(Reading, [Reading.through_methods, Reading.given_self, Reading.through_methods])

    assert edges(found) == {
        "through_methods": ({"b"}, {"b"}),
        "given_self": ({"a"}, {"a", "b"}),
        "b": ({"a"}, {"a"}),
        "a": (set(), set()),
    }
    assert sorted(asked) == sorted(set(asked))


def test_what_is_stored_shields_what_it_was_computed_from() -> None:
    """Of what is stored nothing is needed; what nobody asked for and may not be read is not computed."""
    assert plan(Reading, [Reading.through_methods, Reading.a], stored=["a", "b"])[0].keys() == {"through_methods"}
    assert plan(Reading, [Reading.through_methods], stored=["b"])[0].keys() == {"through_methods"}
    assert plan(Reading, [Reading.handled])[0].keys() == {"handled"}
    assert edges(plan(Reading, [Reading.handled, Reading.a])[0])["handled"] == (set(), {"a"})


def test_one_waits_for_what_lies_behind_what_may_be_computed_on_the_way() -> None:
    """A metric comes after what it may read through another one, unless that one is stored."""
    keys = [Reading.hands_on, Reading.a]

    assert edges(plan(Reading, keys)[0])["hands_on"] == (set(), {"a"})
    assert edges(plan(Reading, keys, stored=["b"])[0])["hands_on"] == (set(), set())


def test_an_expected_read_is_computed_first_but_its_failure_skips_nothing() -> None:
    """What is read where errors may be dealt with comes first; whether its failure matters, the metric finds out."""
    assert edges(plan(Reading, [Reading.contexts], stored=["b"])[0]) == {
        "contexts": (set(), {"a"}),
        "a": (set(), set()),
    }


def test_parameter_sets_share_what_they_need() -> None:
    """All parameter sets of a metric need the same, and what may read one of them comes after all."""
    found, _ = plan(Reading, [Reading.point, *map(Reading.p.at, [(1,), (2,)])])

    assert edges(found)["point"] == (set(), {"p"})
    assert list(found) == ["point", "p,k=1", "p,k=2", "a"]
    assert found["p,k=1"].needs is found["p,k=2"].needs == {"a"}


def test_get_all_needs_every_declared_parameter_set() -> None:
    """All declared parameter sets that are missing are computed for ``get_all``, and each of them is needed."""
    found, _ = plan(Reading, [Reading.points], stored=["p,k=1", "a"])

    assert edges(found) == {"points": ({"p,k=2"}, {"p"}), "p,k=2": (set(), set())}


def test_one_parameter_set_tells_of_those_that_are_not_known() -> None:
    """Where it is not known which parameter set is read, a declared one says whether they have been computed."""
    found, asked = plan(Reading, [Reading.point])

    assert edges(found) == {"point": (set(), {"a"}), "a": (set(), set())}
    assert asked == ["point", "p,k=1", "a"]
    assert plan(Reading, [Reading.point], stored=["p,k=1"])[0].keys() == {"point"}


def test_the_metric_of_a_base_has_a_key_of_its_own() -> None:
    """What ``super().a`` reads is computed under its own name, by the function of the base class."""
    found, asked = plan(Derived, [Derived.a])

    assert edges(found) == {"a": ({"a@Reading"}, {"a@Reading"}), "a@Reading": (set(), set())}
    assert asked == ["a", "a@Reading"]
    key = key_called(Derived, "a@Reading")
    assert key is not None
    assert (key.name, key.declaration) == ("a@Reading", Reading.a.declaration)
    assert found["a@Reading"].key.call(Derived()) == 1


# ---------------------------------------------------------------------------------------------- what was read before
def record(name: str, *reads: tuple[str, str], key: Metric[object] | None = None) -> Record:
    """A record of the manager ``Reading`` with these reads, computed by the code that the key has now."""
    code = None if key is None else key.declaration.fingerprint(Reading)
    listed = tuple(Read(manager, read, "") for manager, read in reads)
    if code is None:
        return Record(name=f"Reading.{name}", reads=listed)
    return Record(name=f"Reading.{name}", reads=listed, code=code.code, helpers=code.helpers)


def test_a_record_tells_what_the_source_does_not() -> None:
    """What the same code has read before is expected to be read again; it does not matter if it fails."""
    old = record("unseen", ("Reading", "b"), ("Other", "a"), ("Reading", "gone"), key=Reading.unseen)
    found, _ = plan(Reading, [Reading.unseen], records=[("unseen", old)])

    assert edges(found) == {"unseen": (set(), {"b"}), "b": ({"a"}, {"a"}), "a": (set(), set())}


def test_a_record_of_other_code_only_orders() -> None:
    """What other code has read is not computed for it, but comes first if it is computed anyway."""
    old = record("unseen", ("Reading", "b"), ("Reading", "p,k=2"))
    found, _ = plan(Reading, [Reading.unseen], records=[("unseen", old)])
    asked_for, _ = plan(Reading, [Reading.unseen, Reading.b, Reading.p(2)], records=[("unseen", old)])

    assert edges(found) == {"unseen": (set(), set())}
    assert edges(asked_for)["unseen"] == (set(), {"b", "p"})


def test_one_stored_parameter_set_tells_of_the_others() -> None:
    """What one parameter set has read may be read by the others; one record is looked at, however many there are."""
    asked: list[str] = []

    def recorded(key: Metric[object]) -> Record | None:
        asked.append(key.name)
        return record(key.name, ("Reading", "b"), key=key) if key.name.startswith("p") else None

    keys = [Reading.b, *map(Reading.p.at, [(1,), (2,)])]
    found = needed(Reading, keys, lambda key: key.name != "p,k=1", recorded)

    assert edges(found)["p,k=2"] == ({"a"}, {"a", "b"})
    assert sorted(asked) == ["a", "b", "p,k=1"]


def test_collected_functions_are_ordered_by_their_records() -> None:
    """Functions without a manager have no self; what they read before comes first, by metric."""
    functions: dict[str, Callable[[], object]] = {"late": lambda: 2, "early": lambda: 1}
    keys = [named_key(DatedCacheManager, functions, name) for name in functions]
    old = Record(name="late", reads=(Read("", "early", ""), Read("Reading", "a", "")))
    found, _ = plan(DatedCacheManager, keys, records=[("late", old)])

    assert edges(found) == {"late": (set(), {"early"}), "early": (set(), set())}
