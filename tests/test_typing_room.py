"""What ``tests/typing`` states holds when it runs: its declarations are real, and its mistakes are refused."""

from __future__ import annotations
import __future__

import ast
import pickle
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Protocol, TypeVar, cast

import attrs
import numpy as np
import pytest
from attrs import define, evolve, field
from typing_extensions import override

from simple_metrics_manager import (
    DatedCacheManager,
    Metric,
    MetricDeclarationError,
    NpzStorageInterface,
    UndeclaredParametersError,
    UnknownMetricError,
    metric,
)
from tests.typing import (
    collected,
    declaring,
    inheritance,
    keys,
    looking_after,
    managers,
    mistakes,
    parameters,
    policies,
    storages,
    sweeps,
    vouching,
)

ROOM = Path(__file__).parent / "typing"
SOURCES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(ROOM.glob("*.py"))}
MODULES: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        collected,
        declaring,
        inheritance,
        keys,
        looking_after,
        managers,
        mistakes,
        parameters,
        policies,
        storages,
        sweeps,
        vouching,
    )
}

INFERRED = 335
"""How many types the room states."""
REFUSED = {"type": 227, "pyright": 224, "pyrefly": 231, "ty": 223}
"""How many of its lines each checker refuses; ``type`` stands for mypy."""

X = TypeVar("X")


# ------------------------------------------------------------------------------------------------------- the room
def test_every_file_of_the_room_is_imported() -> None:
    """No file lies in the room that no test knows, so every declaration in it was made."""
    assert SOURCES.keys() == MODULES.keys()


def test_the_room_does_not_shrink() -> None:
    """So many types are stated to be inferred, and so many lines to be refused by each checker."""
    calls = [node for source in SOURCES.values() for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    assert sum(isinstance(call.func, ast.Name) and call.func.id == "assert_type" for call in calls) >= INFERRED
    everything = "\n".join(SOURCES.values())
    found = {checker: len(re.findall(rf"# {checker}: ignore\[", everything)) for checker in REFUSED}
    assert {checker for checker, least in REFUSED.items() if found[checker] < least} == set()


@pytest.mark.parametrize(
    "inferred",
    [f"{name}.{f}" for name, module in MODULES.items() for f in vars(module) if f.startswith("inferred_")],
)
def test_what_is_inferred_runs(inferred: str) -> None:
    """Every expression whose type is stated has a value when it runs."""
    module, _, function = inferred.partition(".")
    run = cast("Callable[[], object]", getattr(MODULES[module], function))
    assert run() is None


# ----------------------------------------------------------------------------------------- wrong class statements
MISTAKES = next(node.body for node in ast.parse(SOURCES["mistakes"]).body if isinstance(node, ast.If))
CLASSES = {node.name: node for node in MISTAKES if isinstance(node, ast.ClassDef) and node.bases}
WHOLE = ("ReservedName", "NameOfADate", "CapitalsOnly", "Alias")
"""These classes are wrong as they are; in the others, each statement is one mistake."""

FOR_CHECKERS_ONLY = {
    *("text", "wrong_body", "of_a_number", "versioned"),
    *("wrong_type", "one_wrong", "wrong_variable", "ragged", "lists", "declared"),
}
"""Statements that run: types of parameters are the checkers' business, and values are looked at when there is one."""


def run_class(name: str, body: list[ast.stmt]) -> None:
    """Run the statement of a class of the room's, with some of its body."""
    around = [node for node in MISTAKES if getattr(node, "name", None) not in CLASSES]
    lines: list[ast.stmt] = [*around, ast.ClassDef(name, CLASSES[name].bases, [], body, [])]
    tree = ast.fix_missing_locations(ast.Module(lines, []))
    flags = __future__.annotations.compiler_flag
    exec(compile(tree, "mistakes", "exec", flags=flags), dict(vars(mistakes)))


def mistake_name(node: ast.stmt) -> str:
    """What a statement of a class body declares."""
    match node:
        case (
            ast.FunctionDef(name=name)
            | ast.AnnAssign(target=ast.Name(id=name))
            | ast.Assign(targets=[ast.Name(id=name)])
        ):
            return name
        case _:
            return ""


SINGLE = {
    f"{name}.{mistake_name(node)}": node
    for name, whole in CLASSES.items()
    for node in whole.body
    if name not in {*WHOLE, "Misspelt"} and mistake_name(node)
}


@pytest.mark.parametrize("mistake", SINGLE)
def test_a_mistake_is_told_at_the_class_statement(mistake: str) -> None:
    """A declaration that cannot work is an error when the class is made, also where type checkers miss it."""
    name, _, declared = mistake.partition(".")
    if declared in FOR_CHECKERS_ONLY:
        run_class(name, [SINGLE[mistake]])
    else:
        with pytest.raises(MetricDeclarationError, match=r": .{20}"):
            run_class(name, [SINGLE[mistake]])


@pytest.mark.parametrize("name", WHOLE)
def test_a_class_that_cannot_work_is_refused(name: str) -> None:
    """Names that would meet in a storage, or a manager's own, are refused when the class is made."""
    with pytest.raises(MetricDeclarationError, match=rf"^{name}\.\w+: .*(choose another|rename|declare)"):
        run_class(name, CLASSES[name].body)


def test_a_misspelt_option_is_pythons_error() -> None:
    """``params_lst=`` is a keyword that ``metric`` does not have."""
    with pytest.raises(TypeError, match="params_lst"):
        run_class("Misspelt", CLASSES["Misspelt"].body)


@pytest.mark.parametrize("slots", [True, False])
def test_a_metric_that_became_a_field_of_an_attrs_class(slots: bool) -> None:
    """It is refused at the class statement if attrs makes the class anew, and else when it is first instantiated."""

    def declare_and_make() -> list[str]:
        steps: list[str] = []

        def make(kind: type[DatedCacheManager]) -> None:
            steps.append("declared")
            kind()

        with pytest.raises(MetricDeclarationError, match="area: it is a metric, but its annotation makes it a field"):
            make(define(slots=slots)(_with_annotated_metric()))
        return steps

    assert declare_and_make() == ([] if slots else ["declared"])


@pytest.mark.parametrize("slots", [True, False])
def test_a_metric_that_became_a_field_of_a_dataclass(slots: bool) -> None:
    """It is refused, with the way out in the message, before there is an instance."""
    with pytest.raises(
        MetricDeclarationError, match=r"'area: ClassVar\[Metric\[...\]\] = Metric\(...\)' or use @metric"
    ):
        dataclass(slots=slots)(_with_annotated_metric())()


def _with_annotated_metric() -> type[DatedCacheManager]:
    class Annotated(DatedCacheManager):
        area: Metric[float] = Metric(managers.compute_area)

    return Annotated


def test_an_annotated_metric_of_a_plain_class_is_a_metric() -> None:
    """Only attrs and dataclasses make fields of annotations."""
    assert _with_annotated_metric()().get("area") == 4.0


def test_a_row_is_a_tuple() -> None:
    """A value in place of a row is refused, a text too, whose letters Python would take for the parameters."""
    for rows in ([1, 2], ["ab"]):
        with pytest.raises(MetricDeclarationError, match=r"a row is a tuple of parameters, as in \(.*,\)"):
            metric(params_list=cast("list[tuple[object]]", rows))(parameters.CM.one.declaration.function)


# --------------------------------------------------------------------------------------- reading, assigning, asking
class HasTotal(Protocol):
    """A manager of the room's."""

    @property
    def total(self) -> float: ...


MAKERS: dict[str, Callable[[], DatedCacheManager]] = {
    "plain": inheritance.Sub,
    "own init": lambda: declaring.CM(2.0),
    "keyword-only init": lambda: managers.Handwritten(Path("p"), level=3),
    "init calls the base's": lambda: managers.CallsBase(None, 3),
    "attrs define": lambda: managers.Defined(3, note="n"),
    "attrs define, subclass": lambda: managers.DefinedSub(3, m=4),
    "attrs define, no slots": lambda: managers.WithDict(3),
    "attrs define, generic": lambda: managers.Box("content"),
    "attrs frozen": lambda: managers.Frozen("s01", alpha=0.5),
    "attrs frozen, subclass": lambda: managers.FrozenSub("s01", beta=3),
    "dataclass": lambda: managers.Data(3),
    "dataclass, frozen": lambda: managers.FrozenData(3),
    "dataclass, slots": lambda: managers.SlottedData(3),
}
every_kind = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def first_metric(manager: DatedCacheManager) -> Metric[object]:
    """``total``, or ``value`` of a box."""
    kind = type(manager)
    return cast("Metric[object]", getattr(kind, "total", None) or getattr(kind, "value", None))


@every_kind
def test_a_metric_cannot_be_assigned(make: Callable[[], DatedCacheManager]) -> None:
    """Its value is computed, so assigning to it is an ``AttributeError``; what it is does not change."""
    manager = make()
    name = first_metric(manager).name
    before: object = getattr(manager, name)
    with pytest.raises(AttributeError):
        setattr(manager, name, 17.0)
    assert getattr(manager, name) == before != 17.0


def test_assigning_says_why_not() -> None:
    """The message names the metric."""
    with pytest.raises(AttributeError, match=r"CM\.total is a metric: its value is computed, not assigned"):
        setattr(declaring.CM(2.0), "total", 1.0)  # noqa: B010 - checkers refuse the plain spelling


def test_deleting_forgets() -> None:
    """``del cm.total`` forgets what is in memory; the next read computes again."""
    cm = declaring.CM(2.0)
    assert cm.total == 8.0
    cm.w = 3.0
    del cm.total
    assert not cm.exists(declaring.CM.total)
    assert cm.total == 12.0


@pytest.mark.parametrize("ask", ["get", "compute", "save", "load", "exists", "date", "__getitem__"])
def test_the_key_of_another_manager_is_unknown(ask: str) -> None:
    """What no checker sees is told when it runs, in all ways of asking."""
    with pytest.raises(UnknownMetricError, match=r"CM has no metric 'Other\.elsewhere'"):
        getattr(keys.CM(), ask)(keys.Other.elsewhere)


def test_the_key_of_another_manager_is_unknown_though_it_has_that_name() -> None:
    """A key means the metric that it was made from or an override of it, not any other of the same name."""

    class Stranger(DatedCacheManager):
        verbose = False

        @metric
        def total(self) -> str:
            return "a stranger's"

        @metric(params_list=[(8,)])
        def inertia(self, k: int) -> str:
            return "a stranger's"

    with pytest.raises(UnknownMetricError):
        keys.CM().get(Stranger.total)
    with pytest.raises(UnknownMetricError):
        keys.CM().get(Stranger.inertia(8))


def test_a_name_that_no_metric_has_is_unknown() -> None:
    """The message offers the name that was meant."""
    with pytest.raises(UnknownMetricError, match=r"CM has no metric 'totl'. Did you mean 'total'\?"):
        keys.CM()["totl"]


def test_parameters_that_are_not_declared() -> None:
    """A metric that is not dynamic knows its rows only, on the class and on an instance."""
    with pytest.raises(UndeclaredParametersError, match=r"Declared: k in \(8, 10\)"):
        parameters.CM.one(9)
    with pytest.raises(ValueError, match=r"CM\.one is not declared for k=9"):
        parameters.CM().one(9)
    assert parameters.CM().scaled(9) == 9.0


# ------------------------------------------------------------------------------------------------------ inheritance
def test_super_in_a_plain_class() -> None:
    """``super().total`` is the base's metric, with a place of its own beside the override."""
    sub = inheritance.Sub()
    assert (sub.total, sub.total, sub.poly(1, 2)) == (2.0, 2.0, 3.0)
    assert super(inheritance.Sub, sub).total == 1.0
    assert super(inheritance.Sub, sub).poly(1, 2) == 2.0


def test_super_in_slotted_attrs_classes() -> None:
    """attrs makes the class anew and repairs ``super()`` in metrics as it does in methods."""
    assert managers.DefinedSub(3, m=4).total == 7.0
    assert managers.FrozenSub("s01", alpha=0.5, beta=3).total == 4.0


def test_super_is_stored_beside_the_override(tmp_path: Path) -> None:
    """Both values come back from the storage, each as itself."""

    def sub() -> inheritance.Sub:
        return inheritance.Sub(NpzStorageInterface(tmp_path))

    assert sub().total == 2.0
    again = sub()
    assert again.load(inheritance.Sub.total) == 2.0
    assert super(inheritance.Sub, again).total == 1.0


def test_the_key_of_a_base_class_means_the_override() -> None:
    """As a method call does; what was not overridden is inherited."""
    assert inheritance.Sub().get(inheritance.Base.total) == 2.0
    assert inheritance.Sub()[inheritance.Base.poly(1, 2)] == 3.0
    assert inheritance.Base()[inheritance.Base.total] == 1.0
    assert inheritance.Narrower().get(inheritance.Base.total) == 2


def test_overriding_with_parameters_left_out() -> None:
    """The override has its own params_list: a row of the base's that it does not declare is refused."""
    with pytest.raises(UndeclaredParametersError, match=r"Sub\.poly is not declared for a=1, b=3"):
        inheritance.Sub()[inheritance.Base.poly(1, 3)]


def test_generic_managers_bring_back_their_type(tmp_path: Path) -> None:
    """A subclass of ``Box[int]`` and ``Box[int](...)`` itself store ``int`` and tuples of it, and get them back so."""
    storage = NpzStorageInterface(tmp_path)
    for make in (inheritance.IntBox, inheritance.Box[int]):
        assert make(7).use(storage).both == (7, 7)
        again = make(7).use(storage)
        assert again.load("both") == (7, 7)
        assert type(again.value) is int
        assert again.times.get_all() == [[7], [7, 7]]


def test_generic_managers_check_their_type() -> None:
    """What is no ``int`` is refused by ``Box[int]``, and kept by ``Box[str]``."""
    with pytest.raises(TypeError, match=r"value is declared -> int"):
        getattr(inheritance.Box[int](cast("int", "text")), "value")  # noqa: B009
    assert inheritance.Box[str]("text").value == "text"
    assert inheritance.Box("text").value == "text"


def test_mixins() -> None:
    """A manager of two bases has the metrics of both, and its own may read them."""
    both = inheritance.Both()
    assert both.line == "titletitletitle"
    assert both[inheritance.Counted.count] == 3
    assert set(both.get_all()) == {"count", "title", "line"}
    assert inheritance.WithHelper().half == 1.5
    assert managers.WithCount(2, unit="m").text == "mm"


def test_abstract_metrics() -> None:
    """With ``ABC``, a manager whose metrics are still abstract has no instances; a metric may be written for them."""
    with pytest.raises(TypeError, match="abstract"):
        cast("Callable[[], object]", declaring.Abstract)()
    assert declaring.Concrete().twice == 3.0


def test_abstract_metrics_with_parameters() -> None:
    """The same holds for those with parameters."""

    class Abstract(DatedCacheManager, ABC):
        @metric(params_list=[(1,)])
        @abstractmethod
        def poly(self, a: int) -> float: ...

    class Concrete(Abstract):
        verbose = False

        @metric(params_list=[(1,)])
        @override
        def poly(self, a: int) -> float:
            return a * 2.0

    with pytest.raises(TypeError, match="abstract"):
        cast("Callable[[], object]", Abstract)()
    assert Concrete().poly(1) == 2.0


def test_slotted_managers_do_not_mix() -> None:
    """Python cannot lay out two slotted classes with fields in one: mixins have ``slots=False``."""
    with pytest.raises(TypeError, match="instance lay-out conflict"):
        type("Mixed", (managers.Defined, managers.Frozen), {})
    assert issubclass(managers.WithCount, managers.Counted)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="repaired in Python 3.14")
def test_super_in_slotted_dataclasses() -> None:
    """``dataclass(slots=True)`` makes the class anew without repairing ``super()``: a limit of Python's."""

    @dataclass(slots=True)
    class Slotted(managers.SlottedData):
        @metric
        @override
        def total(self) -> float:
            return super().total

    with pytest.raises(TypeError, match="super"):
        Slotted(3).total  # noqa: B018


# --------------------------------------------------------------------------------------------- evolving and pickling
def test_evolve_makes_a_manager_with_values_of_its_own() -> None:
    """The evolved manager computes from its own fields, and the first one is as it was."""
    first = managers.Frozen("s01", alpha=0.5)
    assert first.total == 1.0
    second = evolve(first, alpha=2.0)
    assert not second.exists(managers.Frozen.total)
    assert (second.total, first.total) == (4.0, 1.0)


def test_evolve_keeps_a_storage_that_is_a_field(tmp_path: Path) -> None:
    """It goes where the other fields go, and is not among the inputs that identify what is stored."""
    first = managers.WithStorage(1, NpzStorageInterface(tmp_path))
    second = evolve(first, n=2)
    assert (first.total, second.total) == (1.0, 2.0)
    assert second.storage_interface == NpzStorageInterface(tmp_path)
    assert dict(second.metric_inputs()) == {"n": 2}
    assert len([*tmp_path.iterdir()]) == 2


@every_kind
def test_pickling_keeps_fields_and_storage_and_drops_values(
    make: Callable[[], DatedCacheManager], tmp_path: Path
) -> None:
    """A manager travels to a worker as what it was made with: what it has read waits in the storage."""
    manager = make().use(NpzStorageInterface(tmp_path))
    key = first_metric(manager)
    before: object = getattr(manager, key.name)
    clone = cast("DatedCacheManager", pickle.loads(pickle.dumps(manager)))
    assert type(clone) is type(manager)
    assert [*clone.cache] == []
    assert clone.storage_interface == NpzStorageInterface(tmp_path)
    assert repr(clone.metric_inputs()) == repr(manager.metric_inputs())
    assert clone.load(key) == before


@every_kind
def test_pickling_without_a_storage(make: Callable[[], DatedCacheManager]) -> None:
    """Then the copy computes anew, and to the same."""
    manager = make()
    key = first_metric(manager)
    before: object = getattr(manager, key.name)
    clone = cast("DatedCacheManager", pickle.loads(pickle.dumps(manager)))
    assert not clone.exists(key)
    assert getattr(clone, key.name) == before


# ---------------------------------------------------------------------------------------------------------- identity
def test_managers_with_different_fields_never_share(tmp_path: Path) -> None:
    """Each finds its own value in the storage, and one that was not there before finds nothing."""
    storage = NpzStorageInterface(tmp_path)
    assert [managers.Frozen("s01", alpha).use(storage).total for alpha in (0.1, 0.5, 2.0)] == [0.2, 1.0, 4.0]
    assert [managers.Frozen("s01", alpha).use(storage).load("total") for alpha in (0.5, 2.0, 0.1)] == [1.0, 4.0, 0.2]
    assert not managers.Frozen("s02", 0.5).use(storage).exists(managers.Frozen.total)
    assert not managers.FrozenSub("s01", 0.5).use(storage).exists(managers.Frozen.total)


def test_numbers_that_are_equal_but_of_another_type_are_other_inputs(tmp_path: Path) -> None:
    """``1`` and ``1.0`` and ``True`` are three managers."""
    storage = NpzStorageInterface(tmp_path)
    assert managers.Box(1).use(storage).value == 1
    for other in (managers.Box(1.0), managers.Box(True)):
        assert not other.use(storage).exists("value")


def test_a_field_that_changes_is_another_manager(tmp_path: Path) -> None:
    """A mutable manager asks for what its fields are now, and finds the earlier value when they are again as before."""
    manager = managers.Defined(3).use(NpzStorageInterface(tmp_path))
    assert manager.total == 3.0
    manager.n = 4
    assert not manager.exists(managers.Defined.total)
    assert manager.total == 4.0
    manager.n = 3
    assert manager.load(managers.Defined.total) == 3.0


def test_arrays_are_inputs_by_their_content(tmp_path: Path) -> None:
    """Equal arrays identify the same value, another one does not."""
    storage = NpzStorageInterface(tmp_path)
    assert managers.Defined(1, data=np.ones(3)).use(storage).total == 1.0
    assert managers.Defined(1, data=np.ones(3)).use(storage).exists("total")
    assert not managers.Defined(1, data=np.ones(4)).use(storage).exists("total")


def test_private_fields_are_inputs(tmp_path: Path) -> None:
    """They are called as the argument of the constructor is, without the underscore."""
    storage = NpzStorageInterface(tmp_path)
    first = managers.Defined(1, "p")
    assert set(first.metric_inputs()) == {"n", "private", "data"}
    assert first.use(storage).total == 1.0
    assert not managers.Defined(1, "q").use(storage).exists("total")


def test_a_field_with_eq_false_is_no_input(tmp_path: Path) -> None:
    """It does not matter for ``==``, so not for what is stored."""
    storage = NpzStorageInterface(tmp_path)
    assert managers.Defined(1, note="one").use(storage).total == 1.0
    assert managers.Defined(1, note="two").use(storage).exists("total")


def run_of(fields: dict[str, object], computed: list[str]) -> Callable[..., DatedCacheManager]:
    """An attrs manager called ``Run`` with these fields, as one version of a program and the next have them."""

    def total(self: DatedCacheManager) -> float:
        computed.append("total")
        return 1.0

    body = {"__qualname__": "Run", "__module__": __name__, "verbose": False, "total": Metric(total)}
    base = type("Run", (DatedCacheManager,), body)
    return cast("Callable[..., DatedCacheManager]", attrs.make_class("Run", fields, bases=(base,), frozen=True))


def test_a_field_with_a_default_that_is_added_later_orphans_nothing(tmp_path: Path) -> None:
    """What was stored without it is found as long as it is at its default, and not otherwise."""
    storage = NpzStorageInterface(tmp_path)
    computed: list[str] = []
    earlier = run_of({"subject": field(type=str)}, computed)
    later = run_of({"subject": field(type=str), "alpha": field(type=float, default=0.1)}, computed)
    assert earlier("s01").use(storage).get("total") == 1.0
    assert later("s01").use(storage).get("total") == 1.0
    assert computed == ["total"]
    assert later("s01", alpha=0.2).use(storage).get("total") == 1.0
    assert computed == ["total", "total"]


def test_a_default_that_was_changed_computes_anew(tmp_path: Path) -> None:
    """What was computed with the earlier default is not what the class now means by the same call."""
    storage = NpzStorageInterface(tmp_path)
    computed: list[str] = []
    earlier = run_of({"subject": field(type=str), "alpha": field(type=float, default=0.1)}, computed)
    later = run_of({"subject": field(type=str), "alpha": field(type=float, default=0.5)}, computed)
    assert earlier("s01").use(storage).get("total") == 1.0
    assert later("s01").use(storage).get("total") == 1.0
    assert computed == ["total", "total"]
    assert later("s01", alpha=0.1).use(storage).get("total") == 1.0
    assert computed == ["total", "total", "total"]


def test_keyword_and_default_are_the_same_argument(tmp_path: Path) -> None:
    """For a class with an ``__init__`` of its own, what counts is what its arguments come to."""
    storage = NpzStorageInterface(tmp_path)
    assert managers.Handwritten(Path("p"), level=1).use(storage).total == 1.0
    assert managers.Handwritten(path=Path("p")).use(storage).exists(managers.Handwritten.total)
    assert not managers.Handwritten(Path("q")).use(storage).exists(managers.Handwritten.total)


def test_a_storage_given_to_the_constructor_is_no_input(tmp_path: Path) -> None:
    """Where and how a value is kept is no part of what it is."""
    first = managers.CallsBase(NpzStorageInterface(tmp_path), 3)
    assert dict(first.metric_inputs()) == {"n": 3}
    assert first.total == 3.0
    assert managers.CallsBase(NpzStorageInterface(tmp_path, compress=True), 3).exists("total")
