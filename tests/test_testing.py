"""A contract that cannot be broken is worthless: each of its tests notices something that breaks its promise."""

from __future__ import annotations

import copy
import subprocess
import sys
import threading
import unittest
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, TypeAlias

import pytest

from simple_metrics_manager import NpzStorageInterface
from simple_metrics_manager.formats import Format, Npy
from simple_metrics_manager.stores import Directory, Memory, Store
from simple_metrics_manager.stores.base import ConditionalStore
from simple_metrics_manager.storing.storage import Storage
from simple_metrics_manager.testing import ConditionalStoreContract, FormatContract, StorageContract, StoreContract
from simple_metrics_manager.testing.trying import Contract, at_once, elsewhere, meanwhile, raises, skip
from tests import broken_formats
from tests import broken_stores as broken

Broken: TypeAlias = Mapping[type, Sequence[str]]
"""What breaks a promise, and the tests that are to notice."""


class InMemory(ConditionalStoreContract):
    """Tries a store of its own kind, briefly."""

    kind: ClassVar[type[Memory]] = Memory
    large = 20_000
    rounds = 8

    def make_store(self) -> ConditionalStore:
        return self.kind()

    def read_aside(self, store: Store, where: str) -> bytes | None:
        assert isinstance(store, Memory)
        return store.damaged(int(where.split()[1])) if where.startswith("number ") else None


class OnDisk(StoreContract):
    """The same with stores that can be opened twice."""

    kind: ClassVar[type[Directory]] = Directory
    pickles = forks = True
    large = 20_000
    rounds = 8
    steps = 90

    def make_store(self) -> Directory:
        return self.kind(self.scratch(), ".bin", "cache")

    def reopen(self, store: Store) -> Directory:
        assert isinstance(store, Directory)
        return self.kind(store.path, ".bin", "cache")


class SomeFormat(FormatContract):
    """Tries a format."""

    kind: ClassVar[type[broken_formats.Sound]] = broken_formats.Sound
    flipped = 500

    def make_format(self) -> Format:
        return self.kind()


class NpyFormat(FormatContract):
    """Does not say what npy refuses."""

    def make_format(self) -> Format:
        return Npy()


class DuckContract(StorageContract):
    """Tries a storage of three methods."""

    kind: ClassVar[type[broken_formats.Duck]] = broken_formats.Duck

    def make_storage(self) -> Storage:
        return self.kind()


class FilesContract(StorageContract):
    """Tries a storage that keeps entries."""

    kind: ClassVar[Callable[[Path], Storage]] = NpzStorageInterface
    pickles = True

    def make_storage(self) -> Storage:
        return type(self).kind(self.scratch())

    def reopen(self, storage: Storage) -> Storage:
        return copy.copy(storage)


BROKEN_IN_MEMORY: Broken = {
    broken.NeverEmpty: ["test_an_empty_store_has_nothing", "test_delete", "test_it_is_like_a_dict"],
    broken.RaisesKeyErrors: ["test_what_is_not_there"],
    broken.CaseBlind: ["test_any_text_is_a_name", "test_delete", "test_move_between_names_that_look_alike"],
    broken.AsTheyCome: ["test_names_are_in_order", "test_it_is_like_a_dict"],
    broken.ListsQuoted: ["test_names_are_in_order", "test_a_listed_name_is_a_name"],
    broken.ShortNames: ["test_long_names_can_be_deleted_and_moved"],
    broken.OnePlace: ["test_describe"],
    broken.NaiveTimes: ["test_listing"],
    broken.WrongTimes: ["test_listing"],
    broken.WrongSizes: ["test_listing", "test_it_is_like_a_dict"],
    broken.OldListing: ["test_listing_follows_what_happens", "test_it_is_like_a_dict"],
    broken.LiveListing: ["test_listing_while_it_changes"],
    broken.DeletesNothing: ["test_delete", "test_it_is_like_a_dict"],
    broken.Copies: ["test_move", "test_it_is_like_a_dict"],
    broken.MovesOver: ["test_move_replaces_nothing", "test_one_of_many_moves", "test_it_is_like_a_dict"],
    broken.SlowMoves: ["test_one_of_many_moves"],
    broken.LeavesDamaged: ["test_set_aside", "test_it_is_like_a_dict"],
    broken.ThrowsAway: ["test_set_aside_again_and_again"],
    broken.OneDamaged: ["test_set_aside_again_and_again"],
    broken.PicksWhatToSetAside: ["test_any_name_can_be_set_aside"],
    broken.EveryFifth: ["test_it_is_like_a_dict"],
    broken.Forgets: ["test_write_and_read", "test_pieces", "test_any_text_is_a_name"],
    broken.Writable: ["test_write_and_read"],
    broken.CountsPieces: ["test_write_and_read", "test_pieces"],
    broken.ThousandPieces: ["test_pieces"],
    broken.SharesBadly: ["test_shared_pieces"],
    broken.Borrows: ["test_what_was_written_is_a_copy"],
    broken.InPlace: ["test_what_was_read_stays"],
    broken.CreatesOver: ["test_create", "test_one_of_many_creates", "test_it_is_like_a_dict"],
    broken.KnowsItsOwn: ["test_create_knows_what_others_did"],
    broken.SlowCreates: ["test_one_of_many_creates"],
    broken.Grows: [
        "test_nothing_is_there_before_it_is_whole",
        "test_pieces_that_cannot_be_made",
        "test_readers_see_whole_blobs",
    ],
    broken.Gap: ["test_readers_see_whole_blobs"],
    broken.LooksTwice: ["test_reads_while_it_is_deleted"],
    broken.TranslatesErrors: ["test_pieces_that_cannot_be_made"],
    broken.LosesUpdates: ["test_many_writers_of_many_names", "test_groups_beside_others"],
    broken.Delays: ["test_a_group_is_visible_at_once"],
    broken.Swallows: ["test_a_group_that_fails"],
    broken.WritesOnce: ["test_groups_of_nothing_and_of_many"],
    broken.OneTag: ["test_tag", "test_tags_of_equal_blobs", "test_replace", "test_no_update_is_lost"],
    broken.HashTag: ["test_tags_of_equal_blobs"],
    broken.ReplacesAnything: ["test_replace", "test_replace_what_has_changed", "test_no_update_is_lost"],
    broken.ReplacesWithNothing: ["test_replacing_pieces_that_cannot_be_made"],
    broken.SlowReplaces: ["test_no_update_is_lost"],
}

BROKEN_ON_DISK: Broken = {
    broken.Remembers: ["test_two_store_objects_on_one_place", "test_it_is_like_a_dict"],
    broken.WritesLater: ["test_what_was_written_is_there_later", "test_two_store_objects_on_one_place"],
    broken.LocksItself: ["test_threads_with_a_store_object_each", "test_in_another_process", "test_after_a_fork"],
    broken.GoesElsewhere: ["test_pickled", "test_in_another_process"],
    broken.Homesick: ["test_in_another_process", "test_after_a_fork"],
}


BROKEN_FORMATS: Broken = {
    broken_formats.OddExtension: ["test_extension"],
    broken_formats.Rounds: ["test_round_trip"],
    broken_formats.OneOrder: ["test_round_trip"],
    broken_formats.ShortRecords: ["test_record_alone"],
    broken_formats.Writable: ["test_arrays_are_read_only"],
    broken_formats.Pickles: ["test_objects"],
    broken_formats.DropsParts: ["test_parts_of_an_unknown_kind"],
    broken_formats.Forgiving: ["test_flipped_bits", "test_cut_files", "test_torn_files", "test_damage_is_told_by_path"],
    broken_formats.ForgivingRecords: ["test_flipped_bits", "test_cut_files", "test_torn_files"],
    broken_formats.Leaks: ["test_foreign_bytes", "test_cut_files"],
    broken_formats.NamesNothing: ["test_damage_is_told_by_path"],
    broken_formats.Behind: ["test_newer_format"],
}

BROKEN_DUCKS: Broken = {
    broken_formats.HasEverything: ["test_nothing_is_stored"],
    broken_formats.ForgetsIt: ["test_save_and_load", "test_a_manager_computes_once"],
    broken_formats.Uncallable: ["test_it_is_a_storage"],
    broken_formats.ToJson: ["test_save_and_load"],
    broken_formats.CaseBlind: ["test_names_are_apart"],
    broken_formats.OneDate: ["test_a_date_is_one_more_value"],
    broken_formats.KeepsObjects: ["test_what_was_saved_is_a_copy", "test_what_cannot_be_saved"],
    broken_formats.GivesObjects: ["test_what_was_loaded_is_ones_own"],
    broken_formats.Clears: ["test_what_cannot_be_saved"],
    broken_formats.Torn: ["test_threads"],
}

BROKEN_FILES: Broken = {
    broken_formats.Private: ["test_the_next_process", "test_pickled"],
    broken_formats.LosesRecords: ["test_entries"],
    broken_formats.HoldsAll: ["test_no_entries", "test_a_format_of_its_own"],
    broken_formats.OneFormat: ["test_a_format_of_its_own"],
    broken_formats.ForgetsSettings: ["test_configuration"],
    broken_formats.WritesOnce: ["test_a_manager_computes_again", "test_entries"],
}


def promises_of(contract: type[Contract]) -> list[str]:
    """The names of all its tests."""
    return sorted(name for name in dir(contract) if name.startswith("test_"))


def problem(contract: Contract, test: str) -> str:
    """What the test says is wrong; nothing if it is passed."""
    run: Callable[[], None] = getattr(contract, test)
    try:
        run()
    except unittest.SkipTest:
        return ""
    except Exception as error:  # noqa: BLE001  # whatever makes a test fail
        return repr(error)
    finally:
        contract.teardown_method()
    return ""


def cases(table: Broken) -> list[object]:
    """Each with each of the tests that it is to fail."""
    return [pytest.param(kind, test, id=f"{kind.__name__}-{test}") for kind, tests in table.items() for test in tests]


@pytest.mark.parametrize("test", promises_of(InMemory))
def test_a_sound_store_passes(test: str) -> None:
    """Of what fails below, nothing fails because of the contract itself."""
    assert problem(InMemory(), test) == ""


@pytest.mark.parametrize("test", sorted({test for tests in BROKEN_ON_DISK.values() for test in tests}))
def test_a_sound_directory_passes(test: str) -> None:
    """Nor does it where a place is opened more than once."""
    assert problem(OnDisk(), test) == ""


@pytest.mark.parametrize(("kind", "test"), cases(BROKEN_IN_MEMORY))
def test_a_broken_store_fails(kind: type[Memory], test: str) -> None:
    """A store that breaks a promise fails the test of that promise."""
    contract = type("Broken", (InMemory,), {"kind": kind})()

    assert problem(contract, test) != ""


@pytest.mark.parametrize(("kind", "test"), cases(BROKEN_ON_DISK))
def test_a_broken_directory_fails(kind: type[Directory], test: str) -> None:
    """So does one that is sound as long as nobody else opens its place."""
    contract = type("Broken", (OnDisk,), {"kind": kind})()

    assert problem(contract, test) != ""


@pytest.mark.parametrize("test", promises_of(FormatContract))
def test_a_sound_format_passes(test: str) -> None:
    """A format that is sound passes every test."""
    assert problem(SomeFormat(), test) == ""


@pytest.mark.parametrize(("kind", "test"), cases(BROKEN_FORMATS))
def test_a_broken_format_fails(kind: type[broken_formats.Sound], test: str) -> None:
    """A format that breaks a promise fails the test of that promise."""
    assert problem(type("Broken", (SomeFormat,), {"kind": kind})(), test) != ""


def test_what_is_refused_has_to_be_said() -> None:
    """A format has to refuse just what it says that it refuses."""
    assert problem(type("Broken", (SomeFormat,), {"refuses": frozenset({"float64"})})(), "test_refusals") != ""
    assert problem(NpyFormat(), "test_round_trip") != ""


@pytest.mark.parametrize("contract", [DuckContract, FilesContract])
@pytest.mark.parametrize("test", promises_of(StorageContract))
def test_a_sound_storage_passes(contract: type[StorageContract], test: str) -> None:
    """A storage that is sound passes every test, be it of three methods or one that keeps entries."""
    assert problem(contract(), test) == ""


@pytest.mark.parametrize(("kind", "test"), cases(BROKEN_DUCKS))
def test_a_broken_storage_fails(kind: type[broken_formats.Duck], test: str) -> None:
    """A storage of three methods that breaks a promise fails the test of that promise."""
    assert problem(type("Broken", (DuckContract,), {"kind": kind})(), test) != ""


@pytest.mark.parametrize(("kind", "test"), cases(BROKEN_FILES))
def test_a_broken_storage_of_entries_fails(kind: type[NpzStorageInterface], test: str) -> None:
    """So does one that keeps entries."""
    assert problem(type("Broken", (FilesContract,), {"kind": kind})(), test) != ""


@pytest.mark.parametrize(
    ("contract", "tables"),
    [
        (ConditionalStoreContract, (BROKEN_IN_MEMORY, BROKEN_ON_DISK)),
        (FormatContract, (BROKEN_FORMATS, {Npy: ["test_refusals"]})),
        (StorageContract, (BROKEN_DUCKS, BROKEN_FILES)),
    ],
)
def test_every_test_can_fail(contract: type[Contract], tables: Sequence[Broken]) -> None:
    """There is no test in a contract that nothing above fails."""
    failed = {test for table in tables for tests in table.values() for test in tests}

    assert set(promises_of(contract)) == failed


@pytest.mark.parametrize("contract", [ConditionalStoreContract, FormatContract, StorageContract])
def test_every_test_says_what_is_true(contract: type[Contract]) -> None:
    """Each test of a contract has one sentence, which is true of whatever keeps the contract."""
    for test in promises_of(contract):
        sentence = getattr(contract, test).__doc__
        assert sentence.endswith(".")
        assert "\n" not in sentence


@pytest.mark.parametrize("contract", [StoreContract, ConditionalStoreContract, FormatContract, StorageContract])
def test_what_is_under_test_has_to_be_said(contract: type[Contract]) -> None:
    """A contract that nobody has told what to test fails and says how to tell it."""
    assert all("write make_" in problem(contract(), test) for test in promises_of(contract)[:1])


def test_unittest_runs_a_contract() -> None:
    """A contract that is a ``unittest.TestCase`` besides runs there, and removes what it made."""
    made: list[Path] = []

    class Case(InMemory, unittest.TestCase):
        def make_store(self) -> ConditionalStore:
            made.append(self.scratch())
            return super().make_store()

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)

    assert (result.errors, result.failures) == ([], [])
    assert (result.testsRun, len(result.skipped)) == (len(promises_of(InMemory)), 6)
    assert not any(path.exists() for path in made)


def test_contracts_need_no_test_library() -> None:
    """Whoever imports the contracts imports no test library with them."""
    code = "import sys, simple_metrics_manager.testing; print({'pytest', 'hypothesis'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout == "set()\n"


def test_raises() -> None:
    """The error that has to come is kept, another one goes on, and none is a failed test."""
    with raises(KeyError, ValueError) as caught:
        raise ValueError("a")
    assert caught.error.args == ("a",)
    with pytest.raises(TypeError), raises(KeyError):
        raise TypeError
    with pytest.raises(AssertionError, match="there was no KeyError or ValueError"), raises(KeyError, ValueError):
        pass


gone = threading.Event()


def test_threads() -> None:
    """Jobs run at once, their results come in order, and the error of one is the error of all."""
    barrier = threading.Barrier(3)
    assert at_once(*(lambda: sorted((barrier.wait(), 5))[1] for _ in range(3))) == [5, 5, 5]
    with pytest.raises(ZeroDivisionError):
        at_once(lambda: 1, lambda: 1 // 0)
    assert elsewhere(threading.get_ident) != threading.get_ident()
    with pytest.raises(TimeoutError):
        elsewhere(lambda: gone.wait(10), patience=0.01)
    gone.set()


def test_meanwhile() -> None:
    """Changes go on, each with numbers of its own, for as long as there is somebody who looks, error or not."""
    changed: list[int] = []
    looked: list[int] = []
    meanwhile([changed.append], lambda: looked.append(1), 50)
    assert len(looked) == 100
    assert changed == list(range(len(changed))) != []
    with pytest.raises(ZeroDivisionError):
        meanwhile([changed.append], lambda: 1 // 0, 50)


def test_skipped() -> None:
    """What does not concern a store is skipped, in pytest and unittest alike."""
    assert isinstance(skip("no forks"), unittest.SkipTest)
    with pytest.raises(unittest.SkipTest, match="cannot be opened twice"):
        InMemory().test_two_store_objects_on_one_place()
