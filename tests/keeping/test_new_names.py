"""Managers whose class, fields or parameters were renamed keep what is stored, once that is said and asked for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simple_metrics_manager import DatedCacheManager, MemoryStorageInterface, MetricDeclarationError, metric
from simple_metrics_manager.entry import Entry
from simple_metrics_manager.payload.tree import Tree
from simple_metrics_manager.record import Record
from simple_metrics_manager.rename import rename_stored
from simple_metrics_manager.storing.entries import StoredEntries
from tests.compat.own_storages import DuckStorage
from tests.keeping.editions import CLASSES, EDITED, INPUTS, OPENERS, VALUES, Frame, Run, Session, Window, fill, values


@pytest.fixture(name="storage", params=OPENERS)
def _storage(request: pytest.FixtureRequest, tmp_path: Path) -> StoredEntries:
    storage = OPENERS[str(request.param)](tmp_path)
    fill(storage)
    return storage


def records(storage: StoredEntries) -> dict[str, Record]:
    """All records by name."""
    return {name: record for name in storage.names() if (record := storage.read_record(name)) is not None}


def test_a_class_its_fields_and_theirs(storage: StoredEntries) -> None:
    """All that was stored is found by managers of the renamed class, with its dates and a note, in one go."""
    before = records(storage)

    plan = rename_stored(storage, Run, classes=CLASSES, inputs=INPUTS)
    assert records(storage) == before
    done = rename_stored(storage, Run, classes=CLASSES, inputs=INPUTS, dry_run=False)

    assert (plan.ok, done.ok, len(plan.moves), done.moves) == (True, True, 8, plan.moves)
    assert values(storage) == VALUES
    after = records(storage)
    assert len(after) == 8
    for move in done.moves:
        old, new = before[move.old], after[move.new]
        assert (new.date, new.seconds, new.content, new.code, new.host) == (
            old.date,
            old.seconds,
            old.content,
            old.code,
            old.host,
        )
        assert [(change.what, change.old, change.new) for change in new.history] == [("renamed", move.old, move.new)]
    assert after["Run,subject=s01.raw"].inputs["beta"] == 0.1
    assert rename_stored(storage, Run, classes=CLASSES, inputs=INPUTS).moves == ()
    assert Run("s01").use(storage).check().ok


def test_freshness_goes_along(storage: StoredEntries) -> None:
    """What was fresh stays so, since what was computed from something renamed calls it by its new name."""
    rename_stored(storage, Run, classes=CLASSES, inputs=INPUTS, dry_run=False)
    run = Run("s01").use(storage)

    assert {cause.reason for cause in run.why(Run.spectrum).causes if cause.via == ()} == {
        *("code_changed", "upstream_stale")  # it must not compute, and so has other code
    }
    record = records(storage)["Run,subject=s01.spectrum"]
    assert [(read.manager, read.metric) for read in record.reads] == [("Run,subject=s01", "raw")]


class Other(DatedCacheManager):
    """Has computed something from a session, and stays as it is."""

    verbose = False

    def __init__(self, session: Session) -> None:
        self.session = session

    def metric_inputs(self) -> dict[str, object]:
        return {}

    @metric
    def double(self) -> float:
        return self.session.spec * 2


def test_others_that_have_read_it(storage: StoredEntries) -> None:
    """What another manager has computed from it stays where it is, and calls what it has read by its new name."""
    assert Other(Session("s01").use(storage)).use(storage).double == VALUES[0][1] * 2  # type: ignore[index]  # a list
    before = records(storage)["Other.double"]

    plan = rename_stored(storage, Run, classes=CLASSES, inputs=INPUTS)
    done = rename_stored(storage, Run, classes=CLASSES, inputs=INPUTS, dry_run=False)

    after = records(storage)["Other.double"]
    assert plan.relinked == done.relinked == ("Other.double",)
    assert [(read.manager, read.metric) for read in after.reads] == [("Run,subject=s01", "spectrum")]
    assert (after.date, after.content, after.reads[0].content) == (before.date, before.content, before.reads[0].content)
    assert [(change.what, change.changed) for change in after.history] == [
        ("inputs renamed", ("Session,participant=s01.spec -> Run,subject=s01.spectrum",))
    ]
    assert rename_stored(storage, Run, classes=CLASSES, inputs=INPUTS).relinked == ()


def test_what_is_left_alone(storage: StoredEntries) -> None:
    """What is there is not overwritten; what has an input that the class has not, stays and is listed."""
    taken = Run("s01").use(storage)
    assert not taken.exists(Run.raw)
    names = set(storage.names())

    some = rename_stored(storage, Run, classes=CLASSES, inputs={"subject": "participant"})
    assert {reason for name, reason in some.conflicts.items() if "S-02" in name} == {"Run has no input 'alpha'"}
    assert {move.old for move in some.moves} == {name for name in names if "s01" in name}

    entry = storage.read("Session,participant=s01.spec")
    assert entry.record is not None
    theirs = attrs.evolve(
        entry.record, name="Run,subject=s01.spectrum", metric="spectrum", manager="Run", inputs={"subject": "s01"}
    )
    storage.write(Entry(theirs, entry.payload))
    done = rename_stored(storage, Run, classes=CLASSES, inputs=INPUTS, dry_run=False)

    assert done.conflicts == {"Session,participant=s01.spec": "Run,subject=s01.spectrum is stored already"}
    assert (done.ok, len(done.moves)) == (False, 7)
    assert [change.what for change in records(storage)["Run,subject=s01.spectrum"].history] == ["inputs renamed"]
    assert storage.exists("Session,participant=s01.spec")


class Renamed(DatedCacheManager):
    """Only its field has another name."""

    __qualname__ = "Field"
    verbose = False
    on_stale = EDITED

    def __init__(self, new: int = 1) -> None:
        self.new = new

    @metric
    def size(self) -> int:
        raise AssertionError("computed")


class Field(DatedCacheManager):
    """Before that."""

    __qualname__ = "Field"
    verbose = False

    def __init__(self, old: int = 1) -> None:
        self.old = old

    @metric
    def size(self) -> int:
        return self.old * 10


def test_an_input_at_its_default(storage: StoredEntries) -> None:
    """Its name says nothing of it, but its record does, and calls it by its new name as well."""
    assert (Field().use(storage).size, Field(2).use(storage).size) == (10, 20)
    date = Field().use(storage).date("size")

    plan = rename_stored(storage, Renamed, inputs={"new": "old"})
    done = rename_stored(storage, Renamed, inputs={"new": ("older", "old")}, dry_run=False)

    assert [(move.old, move.new) for move in plan.moves] == [
        ("Field,old=2.size", "Field,new=2.size"),
        ("Field.size", "Field.size"),
    ]
    assert "Field.size: names in its record" in str(done)
    assert records(storage)["Field.size"].inputs == {"new": 1}
    assert (Renamed().use(storage).size, Renamed(2).use(storage).size) == (10, 20)
    assert Renamed().use(storage).date("size") == date
    assert rename_stored(storage, Renamed, inputs={"new": "old"}).moves == ()


class Fitted(DatedCacheManager):
    """Parameters as they were."""

    __qualname__ = "Fits"
    verbose = False

    @metric(params_list=[(1, 2.0), (2, 2.0)])
    def fit(self, k: int, x: float) -> float:
        return k * x


class Refitted(DatedCacheManager):
    """Parameters as they are now; of the other order and of the new one nothing has to be said."""

    __qualname__ = "Fits"
    verbose = False
    on_stale = EDITED

    @metric(dynamic=True, params_list=[(2.0, 1), (2.0, 2)], renamed_parameters={"number": ("n", "k")})
    def fit(self, x: float, number: int, tolerance: float = 0.5) -> float:
        if tolerance == 0.5:
            raise AssertionError("computed")
        return -1.0


def test_parameters_alone(storage: StoredEntries) -> None:
    """Renamed, reordered and added parameters of a metric that keeps its name; called twice, nothing happens."""
    assert Fitted(storage).fit.get_all() == [2.0, 4.0]
    fits = Refitted(storage)

    done = fits.adopt_renamed(dry_run=False)

    assert [(move.old, move.new) for move in done.moves] == [
        (f"Fits.fit,k={k},x=2.0", f"Fits.fit,x=2.0,number={k},tolerance=0.5") for k in (1, 2)
    ]
    assert (fits.fit.get_all(), fits.fit(2.0, 1, 0.25)) == ([2.0, 4.0], -1.0)
    assert (fits.adopt_renamed().moves, fits.adopt_renamed().ok) == ((), True)


def test_mistakes() -> None:
    """Names that nothing stored could be told apart by are refused, and what is no manager or no name."""
    storage = MemoryStorageInterface()
    with pytest.raises(MetricDeclarationError, match="'a' is new, and that it is old"):
        metric(dynamic=True, renamed_parameters={"a": "b", "b": "a"})
    with pytest.raises(MetricDeclarationError, match="'k', which is no parameter of the function"):

        class Mistaken(DatedCacheManager):  # pyright: ignore[reportUnusedClass]  # it does not come into being
            @metric(dynamic=True, renamed_parameters={"k": "n"})
            def size(self, n: int) -> int:
                return n

    with pytest.raises(ValueError, match="'a' is new, and that it is old"):
        rename_stored(storage, Run, inputs={"a": "b", "b": "a"})
    with pytest.raises(TypeError, match="no class of managers"):
        rename_stored(storage, Window)  # type: ignore[arg-type]  # the mistake
    with pytest.raises(TypeError, match="cannot say what it holds"):
        rename_stored(DuckStorage(), Run)  # type: ignore[arg-type]  # the mistake
    with pytest.raises(TypeError, match="give the names of now"):
        rename_stored(storage, Run, inputs={"a": 7})  # type: ignore[dict-item]  # the mistake


PARAMETERS = st.one_of(
    st.integers(), st.floats(), st.text(max_size=60), st.tuples(st.integers(), st.text(max_size=5)), st.none()
)


class Free(DatedCacheManager):
    """Takes any parameter, as it was."""

    __qualname__ = "Free"
    verbose = False

    def __init__(self, given: object = None) -> None:
        self.given = given

    @metric(dynamic=True)
    def kept(self, value: object, more: object = "x") -> str:
        return repr((self.given, value, more))


class Freed(DatedCacheManager):
    """The same with other names."""

    __qualname__ = "Freed"
    verbose = False
    on_stale = EDITED

    def __init__(self, taken: object = None) -> None:
        self.taken = taken

    @metric(dynamic=True, renamed_from="kept", renamed_parameters={"datum": "value"})
    def held(self, more: object, datum: object) -> str:
        raise AssertionError("computed")


@given(PARAMETERS, PARAMETERS, PARAMETERS)
def test_any_parameters_and_inputs(inside: object, one: object, two: object) -> None:
    """Whatever they are, long or odd, what was stored is found, and nothing else."""
    storage = MemoryStorageInterface()
    value = Free(inside).use(storage).kept(one, two)

    done = rename_stored(storage, Freed, classes={"Freed": "Free"}, inputs={"taken": "given"}, dry_run=False)

    assert (len(done.moves), done.ok) == (1, True)
    assert Freed(inside).use(storage).held(two, one) == value
    assert len(list(storage.names())) == 1


def test_a_value_that_was_computed_anew_under_an_old_name_is_another_one(storage: StoredEntries) -> None:
    """Who has read something that was stored under an old name later than the renaming has not read the renamed one."""
    rename_stored(storage, Run, classes=CLASSES, inputs=INPUTS, dry_run=False)
    assert Other(Session("s01").use(storage)).use(storage).double > 0
    reads = records(storage)["Other.double"].reads
    for name in list(storage.names()):
        if name.startswith("Session"):
            storage.delete(name)

    done = rename_stored(storage, Run, classes=CLASSES, inputs=INPUTS, dry_run=False)

    assert (done.relinked, records(storage)["Other.double"].reads) == ((), reads)
    later = records(storage)["Other.double"].date
    assert later - records(storage)["Run,subject=s01.spectrum"].date > timedelta(0)


def test_frames_inside_frames() -> None:
    """Classes are renamed wherever they stand in an input, and nothing else that is called so."""
    storage = MemoryStorageInterface()
    deep: Tree = {"$tuple": ["Window", {"$record": ["Frame", {"size": 1}]}]}
    session = Free(("Window", Window(1))).use(storage)
    assert session.kept(1)

    rename_stored(
        storage, Freed, classes={"Freed": "Free", "Frame": "Window"}, inputs={"taken": "given"}, dry_run=False
    )

    assert next(iter(records(storage).values())).inputs == {"taken": deep}
    assert Freed(("Window", Frame(1))).use(storage).held("x", 1).startswith("(('Window'")


class Study(DatedCacheManager):
    """Before its class and its field had other names; their code is the same."""

    __qualname__ = "Study"
    verbose = False

    def __init__(self, place: str = "here") -> None:
        self.place = place

    @metric
    def count(self) -> int:
        return 3

    @metric
    def double(self) -> int:
        return self.count * 2


class Survey(DatedCacheManager):
    """After that."""

    __qualname__ = "Survey"
    verbose = False
    on_stale = "strict"

    def __init__(self, site: str = "here") -> None:
        self.site = site

    @metric
    def count(self) -> int:
        return 3

    @metric
    def double(self) -> int:
        return self.count * 2


def test_what_was_fresh_is_fresh(storage: StoredEntries) -> None:
    """Where nothing but names has changed, nothing is stale, and what was read is noticed when it changes."""
    assert Study("there").use(storage).double == 6

    rename_stored(storage, Survey, classes={"Survey": "Study"}, inputs={"site": "place"}, dry_run=False)

    survey = Survey("there").use(storage)
    assert (survey.why(Survey.double).status, survey.why(Survey.double).causes) == ("fresh", ())
    date = survey.date(Survey.double)
    assert (survey.double, survey.date(Survey.double)) == (6, date)
    entry = storage.read("Survey,site=there.count")
    assert entry.record is not None
    storage.write(Entry(attrs.evolve(entry.record, content="v1:another"), entry.payload))
    other = Survey("there").use(storage)
    assert {cause.reason for cause in other.why(Survey.double).causes} == {"upstream_changed"}
