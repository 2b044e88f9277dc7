"""What is declared is what comes back; what cannot come back is refused, with a sentence."""

# ruff: noqa: DTZ001  # naive datetimes are among what is refused

from __future__ import annotations

import collections
import collections.abc
import dataclasses
import json
from datetime import datetime, timedelta, tzinfo
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, Union, cast

import attrs
import cattrs
import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager.errors import MetricTypeError
from simple_metrics_manager.payload.annotations import storable_problem, type_name
from simple_metrics_manager.payload.converter import payload_converter
from simple_metrics_manager.payload.tree import Payload, Tree
from simple_metrics_manager.payload.typed import typed_codec
from tests.payload.samples import (
    PAIRS,
    REQUIRED_PAIRS,
    Access,
    Circle,
    Color,
    Derived,
    Doubling,
    Extra,
    Fit,
    Hashed,
    IntPair,
    Level,
    Movie,
    Options,
    Pair,
    Plain,
    Point,
    Positive,
    Tree2,
    same,
    subscript,
    through_json,
)

X = TypeVar("X")


def problem_of(declared: object, value: object) -> str:
    """The problem that ``dump`` names."""
    with pytest.raises(MetricTypeError) as caught:
        typed_codec(declared, "CM.m").dump(value)
    return caught.value.problem


@pytest.mark.parametrize(("declared", "value"), PAIRS, ids=[f"{n}-{type_name(t)}" for n, (t, _) in enumerate(PAIRS)])
def test_pair_comes_back(declared: object, value: object) -> None:
    """Each value comes back equal and of the same types from its tree in JSON and its arrays."""
    codec = typed_codec(declared, "CM.m")

    back = codec.load(through_json(codec.dump(value)))

    assert same(value, back), type_name(declared)


@pytest.mark.parametrize(("declared", "value"), PAIRS, ids=[f"{n}-{type_name(t)}" for n, (t, _) in enumerate(PAIRS)])
def test_pair_is_adopted(declared: object, value: object) -> None:
    """A value that is of the declared type already is adopted as it is."""
    assert same(value, typed_codec(declared, "CM.m").adopt(value))


@pytest.mark.parametrize(("declared", "value"), PAIRS, ids=[f"{n}-{type_name(t)}" for n, (t, _) in enumerate(PAIRS)])
def test_converter_knows_pair(declared: object, value: object) -> None:
    """The cattrs converter itself takes each value apart and puts it together."""
    converter = payload_converter()

    kind = cast("type[object]", declared)

    back = converter.structure(converter.unstructure(value, unstructure_as=kind), kind)

    assert same(value, back)


def test_enough_pairs() -> None:
    """The pairs are at least as many as were ever promised."""
    assert len(PAIRS) >= REQUIRED_PAIRS


class Foo:
    """No attrs class."""


@attrs.define
class HasFoo:
    """With a field of that class."""

    f: Foo


@attrs.define
class HasHasFoo:
    """Deeper."""

    inner: list[HasFoo]


@attrs.define
class Untyped:
    """A field without a type."""

    x = attrs.field()  # type: ignore[var-annotated]  # that is what is refused


@dataclasses.dataclass
class WithInit:
    """A parameter that is gone when the object is made."""

    x: int
    seed: dataclasses.InitVar[int]


class Shown(Protocol):
    """A protocol."""

    def show(self) -> str: ...


Bare = cast("type", getattr(collections, "namedtuple")("Bare", ["x"]))  # noqa: B009  # without types: what is refused

KNOW = "make it an attrs class or dataclass, or register cattrs hooks for it with payload_converter()"
CLASS = "does not say of which class the value is"

REFUSED: list[tuple[object, str]] = [
    (Foo, f"don't know how to store Foo; {KNOW}"),
    (HasFoo, f"field HasFoo.f: don't know how to store Foo; {KNOW}"),
    (HasHasFoo, f"field HasHasFoo.inner: field HasFoo.f: don't know how to store Foo; {KNOW}"),
    (dict[str, Foo], f"don't know how to store Foo; {KNOW}"),
    (Shown, f"don't know how to store Shown; {KNOW}"),
    (list, "bare 'list': say what it holds, as in list[float]"),
    (dict, "bare 'dict': say what it holds, as in dict[str, float]"),
    (tuple, "bare 'tuple': say what it holds, as in tuple[float, ...]"),
    (set, "bare 'set': say what it holds, as in set[str]"),
    (frozenset, "bare 'frozenset': say what it holds, as in frozenset[str]"),
    (list[dict], "bare 'dict': say what it holds, as in dict[str, float]"),  # type: ignore[type-arg]  # that is what is refused
    (Any, "'Any' says nothing about what to bring back; name the type"),
    (object, "'object' says nothing about what to bring back; name the type"),
    (list[Any], "'Any' says nothing about what to bring back; name the type"),
    (None, "None alone is no value worth storing; say what the metric returns"),
    (collections.abc.Callable[[int], float], f"don't know how to store Callable[[int], float]; {KNOW}"),
    (collections.abc.Iterator[int], f"Iterator[int] {CLASS}; say list[...] or tuple[...]"),
    (collections.abc.Generator[int, None, None], f"Generator[int, None, None] {CLASS}; say list[...] or tuple[...]"),
    (collections.abc.Sequence[int], f"Sequence[int] {CLASS}; say list[...] or tuple[...]"),
    (collections.abc.Mapping[str, int], f"Mapping[str, int] {CLASS}; say dict[...]"),
    (collections.abc.Set[int], f"Set[int] {CLASS}; say set[...] or frozenset[...]"),
    (collections.deque[int], "deque[int] is not stored; say list[...] or tuple[...]"),
    (collections.OrderedDict[str, int], "OrderedDict[str, int] is not stored; say dict[...]"),
    (collections.defaultdict[str, int], "defaultdict[str, int] is not stored; say dict[...]"),
    (
        float | NDArray[np.float64],
        "a union of an array with something else cannot be told apart; wrap it in an attrs class",
    ),
    (
        NDArray[np.float32] | NDArray[np.float64] | None,
        "a union of an array with something else cannot be told apart; wrap it in an attrs class",
    ),
    (NDArray[np.object_], "an array of Python objects cannot be stored"),
    (X, "the type variable ~X has no value here; subclass the manager with a concrete type"),
    (list[X], "the type variable ~X has no value here; subclass the manager with a concrete type"),  # type: ignore[valid-type]  # that is what is refused
    (Untyped, "field Untyped.x has no type; write 'x: T'"),
    (WithInit, "field WithInit.seed is an InitVar, which is gone when the object is made; make it a field"),
    (Bare, "field Bare.x has no type; write 'x: T'"),
    (
        np.matrix,
        "matrix is a subclass of an array, which an array file does not bring back; say NDArray[...]",
    ),
    (type[int], f"don't know how to store type[int]; {KNOW}"),
]


@pytest.mark.parametrize(("declared", "sentence"), REFUSED, ids=[type_name(t) for t, _ in REFUSED])
def test_refused(declared: object, sentence: str) -> None:
    """What could not come back is refused at declaration, and the sentence says what to do."""
    assert storable_problem(declared) == sentence


@pytest.mark.parametrize("declared", [declared for declared, _ in PAIRS], ids=type_name)
def test_not_refused(declared: object) -> None:
    """Every type of a pair is storable."""
    assert storable_problem(declared) is None


def test_refusal_names_metric() -> None:
    """The error of a codec that cannot be made names the metric, the type and the problem."""
    with pytest.raises(MetricTypeError) as caught:
        typed_codec(list, "CM.m")

    assert str(caught.value) == "CM.m is declared -> list: bare 'list': say what it holds, as in list[float]"


def test_two_classes_of_one_name() -> None:
    """Members of a union that are called the same are refused: the stored name would not tell them apart."""
    other = attrs.make_class("Circle", {"radius": attrs.field(type=float)})

    assert storable_problem(subscript(Union, Circle, other)) == (
        "two members of the union are called Circle and cannot be told apart; rename one"
    )


CONVERTED: list[tuple[object, object, object]] = [
    (float, 1, 1.0),
    (float, np.float64(1.5), 1.5),
    (float, np.float32(1.5), 1.5),
    (float, np.int64(3), 3.0),
    (int, np.int8(3), 3),
    (bool, np.True_, True),
    (str, np.str_("a"), "a"),
    (bytes, np.bytes_(b"a"), b"a"),
    (complex, 1, 1 + 0j),
    (complex, np.complex64(1j), 1j),
    (list[float], [1, np.float64(2)], [1.0, 2.0]),
    (dict[str, int], {np.str_("a"): np.int64(1)}, {"a": 1}),
    (dict[int, float], {np.int64(1): 2}, {1: 2.0}),
    (np.float64, 1.5, np.float64(1.5)),
    (np.float32, np.float64(1.5), np.float32(1.5)),
    (np.int64, 3, np.int64(3)),
    (np.bool_, True, np.True_),
    (float | None, np.float64(1.5), 1.5),
    (float | None, 1, 1.0),
    (float | int, np.int64(1), 1),
    (float | int, np.float64(1), 1.0),
    (float | str, 2, 2.0),
    (Literal["a", "b"], np.str_("a"), "a"),
    (Literal[1, 2], np.int64(2), 2),
    (list[float] | list[int], [np.int64(1)], [1]),
]


@pytest.mark.parametrize(("declared", "given", "wanted"), CONVERTED)
def test_numbers_become_the_declared_type(declared: object, given: object, wanted: object) -> None:
    """Another number type is accepted where nothing is lost, and comes back as the declared one."""
    codec = typed_codec(declared, "CM.m")

    assert same(wanted, codec.load(through_json(codec.dump(given))))


class Ring(Circle):
    """A subclass; no attrs class itself."""


class OddZone(tzinfo):
    """A time zone of somebody's own."""

    def utcoffset(self, when: datetime | None, /) -> timedelta | None:
        return timedelta(hours=1)

    def dst(self, when: datetime | None, /) -> timedelta | None:
        return None

    def tzname(self, when: datetime | None, /) -> str | None:
        return "odd"


MISFITS: list[tuple[object, object, str]] = [
    (int, True, "expected int, got bool True"),
    (bool, 1, "expected bool, got int 1"),
    (float, True, "expected float, got bool True"),
    (float, "1", "expected float, got str '1'"),
    (float, 2**53 + 1, "expected float, got int 9007199254740993, which float cannot hold exactly"),
    (float, 10**400, "expected float, got an int that is too large for it"),
    (float, None, "expected float, got None"),
    (int, 1.0, "expected int, got float 1.0"),
    (int, np.timedelta64(1, "s"), "expected int, got timedelta64"),
    (int, Level.LOW, "expected int, got Level"),
    (str, b"a", "expected str, got bytes b'a'"),
    (float, np.array(1.0), "expected float, got ndarray array(1.)"),
    (np.float32, 0.1, "expected np.float32, got 0.1, which np.float32 cannot hold exactly"),
    (np.int8, 300, "expected np.int8"),
    (np.float64, True, "expected np.float64, got bool True"),
    (NDArray[np.float64], [1.0], "expected NDArray[np.float64], got list [1.0]"),
    (
        list[NDArray[np.float64]],
        [np.ones(1), np.ones(1, np.float32)],
        "at [1]: expected NDArray[np.float64], got an array of dtype float32",
    ),
    (
        np.ndarray[tuple[int, int], np.dtype[np.float64]],
        np.ones(3),
        "expected np.ndarray[tuple[int, int], np.dtype[np.float64]], got an array of shape (3,)",
    ),
    (
        NDArray[np.generic],
        np.array([{}]),
        "expected NDArray[np.generic], got an array of dtype object: Python objects cannot be stored in an array file",
    ),
    (
        NDArray[np.float64],
        np.ma.MaskedArray([1.0], [True]),
        "expected NDArray[np.float64], got MaskedArray, a subclass that an array file does not bring back; return",
    ),
    (tuple[int, str], (1, "a", 2), "expected tuple[int, str], got 3 items"),
    (tuple[int, str], [1, "a"], "expected tuple[int, str], got list [1, 'a']"),
    (list[int], (1,), "expected list[int], got tuple (1,)"),
    (list[int], [1, "a", 2.0], "at [1]: expected int, got str 'a'; at [2]: expected int, got float 2.0"),
    (dict[str, list[int]], {"a b": [1, None]}, "at ['a b'][1]: expected int, got None"),
    (dict[int, int], {1: 2, "1": 3}, "at ['1']: expected int, got str '1'"),
    (dict[str, int], collections.OrderedDict(a=1), "expected dict[str, int], got OrderedDict"),
    (Literal["a"], "b", "expected Literal['a'], got str 'b'"),
    (Literal[1], True, "expected Literal[1], got bool True"),
    (Color, "r", "expected Color, got str 'r'"),
    (
        Circle,
        Ring(1.0),
        "expected Circle, got its subclass Ring, whose own fields would be lost; declare that class, or a union",
    ),
    (
        Circle,
        attrs.evolve(Circle(1.0), radius=cast(float, "x"), center=cast("tuple[float, float]", (1.0, None))),
        "at .radius: expected float, got str 'x'; at .center[1]: expected float, got None",
    ),
    (Options, {"depth": 1, "width": 2}, "at ['width']: no such key is declared"),
    (Options, {}, "at .depth: it is missing"),
    (Point, (1.0, 2.0, "p"), "expected Point, got tuple (1.0, 2.0, 'p')"),
    (int | str, 1.5, "expected int | str, got float 1.5"),
    (Circle | None, Circle(cast(float, None)), "at .radius: expected float, got None"),
    (datetime, datetime(2024, 1, 1, tzinfo=OddZone()), "the time zone"),
    (np.datetime64, datetime(2024, 1, 1), "expected np.datetime64, got datetime datetime.datetime(2024, 1, 1, 0, 0)"),
]


@pytest.mark.parametrize(("declared", "value", "problem"), MISFITS)
def test_misfit_is_told_with_its_path(declared: object, value: object, problem: str) -> None:
    """A value that is not what was declared is refused; the text begins with where it is and what was wanted."""
    assert problem_of(declared, value).startswith(problem)


def test_cyclic_value_is_refused() -> None:
    """A value that contains itself cannot be written as a tree."""
    tree = Tree2("a")
    tree.children.append(tree)

    assert problem_of(Tree2, tree) == "it contains itself, or is nested too deeply"


def test_dump_does_not_copy_arrays() -> None:
    """The payload has the value's own array, and load gives the payload's own."""
    array = np.arange(3.0)
    codec = typed_codec(list[NDArray[np.float64]], "CM.m")

    payload = codec.dump([array])
    back = codec.load(payload)

    assert payload.arrays["0"] is array
    assert isinstance(back, list)
    assert back[0] is array


def test_invalid_state_is_not_stored() -> None:
    """A validator that would refuse the object when it is loaded refuses it when it is stored, in its own words."""
    broken = Positive(1)
    object.__setattr__(broken, "value", -1)

    assert problem_of(Positive, broken) == "Positive refuses it: value must be positive, not -1"


def test_validator_speaks_on_load() -> None:
    """A stored value that a validator refuses now is not given back; its message and path show."""
    codec = typed_codec(list[Positive], "CM.m")

    with pytest.raises(MetricTypeError) as caught:
        codec.load(Payload([{"value": 1}, {"value": 0}], {}))

    assert str(caught.value) == (
        "CM.m is declared -> list[Positive]: the stored value no longer fits: "
        "at [1]: Positive refuses it: value must be positive, not 0"
    )


def test_load_lists_every_wrong_field() -> None:
    """Data that no longer fits is told field by field: wrong, missing and unknown ones."""
    codec = typed_codec(list[Circle], "CM.m")

    with pytest.raises(MetricTypeError) as caught:
        codec.load(Payload([{"radius": "x", "center": [1.0, None]}, {"center": [0.0, 0.0], "q": 1}], {}))

    assert caught.value.problem == (
        "the stored value no longer fits: at [0].radius: expected float, got str 'x'; "
        "at [0].center[1]: expected float, got None; at [1].radius: it is missing; at [1].q: no such field is declared"
    )


def test_new_field_with_a_default() -> None:
    """A field that was added since, with a default, has that default in older stored values."""
    assert typed_codec(Circle, "CM.m").load(Payload({"radius": 1.0}, {})) == Circle(1.0)


def test_lost_array_is_told() -> None:
    """A tree whose array is not there is refused."""
    with pytest.raises(MetricTypeError, match="has lost its array 'value'"):
        typed_codec(NDArray[np.float64], "CM.m").load(Payload({"$array": "value"}, {}))


JUNK: list[Tree] = [
    *(None, True, 1, 1.5, "x", "2024", list[Tree](), dict[str, Tree]()),
    [1],
    [None, None],
    [["a"]],
    {"$is": 1},
    {"$is": "x", "value": 1},
    {"$array": "a"},
    {"$at": 1},
    {"$text": [1.5, -1]},
    {"$int": "zz"},
]


@pytest.mark.parametrize("declared", [declared for declared, _ in PAIRS], ids=type_name)
def test_foreign_trees_raise_nothing_else(declared: object) -> None:
    """Whatever tree is found, loading gives a value that can be stored again, or a MetricTypeError."""
    codec = typed_codec(declared, "CM.m")
    refused = 0
    for tree in JUNK:
        try:
            loaded = codec.load(Payload(tree, {"a": np.array(["x"])}))
        except MetricTypeError:
            refused += 1
        else:
            assert same(loaded, codec.load(codec.dump(loaded)))

    assert refused > 0


def test_private_fields_and_init_false() -> None:
    """Private fields go by their own names; fields outside ``__init__`` are stored and set again."""
    derived = Derived(2.0)
    derived.area, derived.calls = 7.0, 9
    codec = typed_codec(Derived, "CM.m")

    assert codec.dump(derived).tree == {"side": 2.0, "area": 7.0, "calls": 9}
    assert codec.load(codec.dump(derived)) == derived
    assert isinstance(codec.load(codec.dump(derived)), Derived)


def test_converter_runs_once() -> None:
    """A converter has done its work when the object was made: loading does not run it again."""
    codec = typed_codec(Doubling, "CM.m")

    assert codec.load(codec.dump(Doubling(1.0))) == Doubling(1.0)


def test_cached_hash() -> None:
    """An object whose class keeps its hash can be hashed after loading."""
    codec = typed_codec(Hashed, "CM.m")
    back = codec.load(codec.dump(Hashed("a")))

    assert hash(back) == hash(Hashed("a"))


def test_unset_field_stays_unset() -> None:
    """A field outside ``__init__`` that was never set is not there after loading either."""

    @attrs.define
    class Lazy:
        x: int
        later: int = attrs.field(init=False)

    codec = typed_codec(Lazy, "CM.m")
    back = codec.load(codec.dump(Lazy(1)))

    assert isinstance(back, Lazy)
    assert back.x == 1
    assert not hasattr(back, "later")


def test_tags_only_where_needed() -> None:
    """JSON stays plain where it tells the members apart, and names the member where it does not."""
    assert typed_codec(int | float | None, "m").dump(1).tree == 1
    assert typed_codec(datetime | str, "m").dump("x").tree == {"$is": "str", "value": "x"}
    assert typed_codec(datetime | int, "m").dump(3).tree == 3
    assert typed_codec(Circle | Point, "m").dump(Point(1.0, 2.0)).tree == {
        "$is": "Point",
        "value": {"x": 1.0, "y": 2.0, "tag": "p"},
    }


def test_equal_sets_are_written_equally() -> None:
    """Sets have no order, so their written form has one of its own."""
    codec = typed_codec(set[str], "m")
    left = {str(n) for n in range(50)}
    right = {str(n) for n in reversed(range(50))}

    assert json.dumps(codec.dump(left).tree) == json.dumps(codec.dump(right).tree)


class Reading:
    """A class of somebody's own, with hooks."""

    def __init__(self, data: NDArray[np.float64], info: dict[str, object]) -> None:
        self.data = data
        self.info = info


def _from_reading(reading: Reading) -> dict[str, object]:
    return {"data": reading.data, "$info": reading.info}


def _to_reading(plain: dict[str, Any], _: object) -> Reading:
    return Reading(plain["data"], plain["$info"])


def test_own_hooks() -> None:
    """A class with registered hooks is stored, anywhere inside a declared type, arrays and odd keys included."""
    converter = payload_converter()
    assert isinstance(converter, cattrs.Converter)
    assert storable_problem(Reading) is not None
    converter.register_unstructure_hook(Reading, _from_reading)
    assert storable_problem(Reading) == "Reading has only one hook; register its structure hook as well"
    converter.register_structure_hook(Reading, _to_reading)
    codec = typed_codec(dict[str, Reading | None], "CM.m")

    payload = codec.dump({"a": Reading(np.ones(2), {"$array": 1, "n": [1, None]}), "b": None})
    back = codec.load(through_json(payload))

    assert list(payload.arrays) == ["a/data"]
    assert isinstance(back, dict)
    assert back["b"] is None
    assert isinstance(back["a"], Reading)
    assert back["a"].info == {"$array": 1, "n": [1, None]}
    assert back["a"].data is payload.arrays["a/data"]


def test_own_hook_gives_something_odd() -> None:
    """A hook that gives what JSON cannot write is told so."""

    class Odd:
        """With a hook that gives a set."""

    payload_converter().register_unstructure_hook(Odd, lambda _: {1, 2})
    payload_converter().register_structure_hook(Odd, lambda _, __: Odd())

    assert problem_of(Odd, Odd()).endswith("gave a set; give lists, dicts with text keys, numbers, text, arrays")


def test_codec_says_what_it_is() -> None:
    """A codec tells its kind and the spelling of its type."""
    codec = typed_codec(float | None, "CM.m")

    assert (codec.kind, codec.declared, codec.where) == ("typed", "float | None", "CM.m")
    assert repr(codec) == "<TypedCodec of float | None>"


def test_unused_samples_are_types() -> None:
    """Samples that other tests use are storable as well."""
    assert [storable_problem(cls) for cls in (Access, Extra, Fit, IntPair, Movie, Pair[int], Plain)] == [None] * 7


class Holder(Generic[X]):
    """A generic class that is none of attrs'."""

    kind: ClassVar[str] = "holder"


def test_generic_plain_class_is_refused() -> None:
    """A subscripted class that is not known is refused under its full name."""
    assert storable_problem(Holder[int]) == f"don't know how to store Holder[int]; {KNOW}"
