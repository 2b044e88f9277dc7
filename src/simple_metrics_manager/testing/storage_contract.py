"""What every storage promises, as tests: what was saved under a name is loaded under it, by whoever asks."""

# ruff: noqa: S101  # a contract asserts

from __future__ import annotations

import pickle
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar, cast

import attrs
import numpy as np
from numpy.typing import NDArray

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import NotStoredError
from simple_metrics_manager.formats.json import Json
from simple_metrics_manager.payload.tree import Payload
from simple_metrics_manager.storing.config import storage_from_config, storage_to_config
from simple_metrics_manager.storing.storage import EntryStorage, Storage, StorageInterface, is_storage
from simple_metrics_manager.testing.sample_entries import FULL_RECORD, RECORD, SINGLE, entry_of, same_entry
from simple_metrics_manager.testing.sample_values import LABELS, VALUES, Measured, alike
from simple_metrics_manager.testing.trying import Contract, at_once, raises, skip


class StorageContract(Contract):
    """The promises of :class:`.Storage`, and those of :class:`.EntryStorage` for a storage that is one.

    Give :meth:`make_storage`, and :meth:`reopen` where what is stored outlives the object. ``pickles`` says that the
    storage can be sent to another process. ``rounds`` is how often each thread does what several do at once.
    """

    pickles: ClassVar[bool] = False
    rounds: ClassVar[int] = 20

    def make_storage(self) -> Storage:
        """A new, empty storage, in a place of its own each time."""
        raise NotImplementedError(f"{type(self).__name__} has to say what is tested: write make_storage(self)")

    def reopen(self, storage: Storage) -> Storage | None:
        """Another storage object on the same place, as the next process makes it; None where there can be none."""
        return None

    def values(self) -> Mapping[str, object]:
        """Values that come back as exactly what they were."""
        return VALUES

    # -------------------------------------------------------------------------------------------- three methods
    def test_it_is_a_storage(self) -> None:
        """It has the three methods, and is a value, not a class."""
        storage = self.make_storage()

        assert is_storage(storage)
        assert not isinstance(storage, type)

    def test_nothing_is_stored(self) -> None:
        """A new storage has nothing: it says so, and loading is an error; a NotStoredError if it keeps entries."""
        storage = self.make_storage()
        kind = NotStoredError if isinstance(storage, EntryStorage) else Exception
        for name in LABELS:
            assert not storage.exists(name)
            with raises(kind):
                storage.load(name)

    def test_save_and_load(self) -> None:
        """What was saved exists, and is loaded as what it was, to the type and the bit."""
        storage = self.make_storage()
        for name, value in self.values().items():
            storage.save("Digits.value", value)

            assert storage.exists("Digits.value")
            assert alike(storage.load("Digits.value"), value), f"{name} came back as something else"

    def test_names_are_apart(self) -> None:
        """Each name has a value of its own, names that begin alike or differ in case included."""
        storage = self.make_storage()
        for number, name in enumerate(LABELS):
            assert not storage.exists(name), f"{name!r} is there before it was saved"
            storage.save(name, number)

        assert [storage.load(name) for name in LABELS] == list(range(len(LABELS)))

    def test_a_date_is_one_more_value(self) -> None:
        """What is saved as the date of a value is a value of its own, as text."""
        storage = self.make_storage()
        storage.save("spectrum", 1)
        storage.save("spectrum_date", "2026-11-24")

        assert (storage.load("spectrum"), storage.load("spectrum_date")) == (1, "2026-11-24")

    def test_what_was_saved_is_a_copy(self) -> None:
        """Changing a value after it was saved does not change what is stored."""
        storage = self.make_storage()
        array, mine = np.arange(3), {"a": [1, 2]}
        storage.save("array", array)
        storage.save("mine", mine)
        array[:] = 0
        mine["a"].append(3)

        assert alike(storage.load("array"), np.arange(3))
        assert storage.load("mine") == {"a": [1, 2]}

    def test_what_was_loaded_is_ones_own(self) -> None:
        """Changing a value that was loaded does not change what is stored."""
        storage = self.make_storage()
        storage.save("mine", {"a": [1, 2]})
        storage.save("array", np.arange(3))
        cast("dict[str, list[int]]", storage.load("mine"))["a"].append(3)
        array = cast("NDArray[np.int64]", storage.load("array"))
        if array.flags.writeable:
            array[:] = 0

        assert storage.load("mine") == {"a": [1, 2]}
        assert alike(storage.load("array"), np.arange(3))

    def test_what_cannot_be_saved(self) -> None:
        """A value that cannot be stored is an error, and what was stored before stands."""
        storage = self.make_storage()
        storage.save("a", 1)
        with raises(Exception):
            storage.save("a", (number for number in range(3)))

        assert storage.load("a") == 1

    def test_threads(self) -> None:
        """Threads that save and load at once lose nothing, and load whole values only."""
        storage = self.make_storage()
        storage.save("common", [0] * 100)

        def work(who: int) -> bool:
            for number in range(self.rounds):
                storage.save(f"own {who} {number}", [who, number])
                storage.save("common", [number] * 100)
            return True

        def look() -> bool:
            for _ in range(self.rounds):
                time.sleep(0.0005)  # for others to get on
                found = cast("list[int]", storage.load("common"))
                assert found == [found[0]] * 100, "a torn value was loaded"
            return True

        at_once(look, *(partial(work, who) for who in range(3)))
        for who in range(3):
            for number in range(self.rounds):
                assert storage.load(f"own {who} {number}") == [who, number]

    def test_the_next_process(self) -> None:
        """Who opens the place anew finds what was saved there."""
        storage = self.make_storage()
        if self.reopen(storage) is None:
            raise skip("this storage cannot be opened twice: reopen(self, storage) is not given")
        for name, value in self.values().items():
            storage.save(f"Digits.{name}", value)
        again = self.reopen(storage) or storage

        for name, value in self.values().items():
            assert again.exists(f"Digits.{name}")
            assert alike(again.load(f"Digits.{name}"), value), f"{name} came back as something else"

    # ------------------------------------------------------------------------------------------------- a manager
    def test_a_manager_computes_once(self) -> None:
        """What one manager computed, the next one loads in the declared types, with its date, and computes nothing."""
        storage = self.make_storage()
        expected = (np.arange(3.0), (2, "2"), (3, "3"), {"a": ["b"]})
        Measured.computed.clear()
        first = Measured(storage)
        assert alike((first.spectrum, first.pair(2), first.pair(3), first.names), expected)
        second = Measured(self.reopen(storage) or storage)

        assert alike((second.spectrum, second.pair(2), second.pair(3), second.names), expected)
        assert Measured.computed == ["spectrum", "pair 2", "pair 3", "names"]
        assert abs(second.date("spectrum").date() - datetime.now(UTC).date()).days <= 1

    def test_a_manager_computes_again(self) -> None:
        """A metric that is asked for anew takes the place of the stored one."""
        storage = self.make_storage()
        Measured.computed.clear()
        turns = [Measured(storage).get("turn", use_stored=stored) for stored in (True, False, True)]

        assert turns == [1, 2, 2]
        assert Measured.computed == ["turn", "turn"]

    # --------------------------------------------------------------------------------------------------- entries
    def test_entries(self) -> None:
        """An entry comes back with every field of its record, and in place of the one that was there before."""
        storage = self._entries()
        entries = entry_of(np.arange(2)), Entry(FULL_RECORD, Payload([1, SINGLE], {"value": np.arange(3)}))
        for entry in (*entries, entry_of(np.arange(1000.0))):
            record = entry.record or RECORD
            assert storage.write(entry) > 0
            assert storage.holds(record.name)
            assert same_entry(storage.read(record.name), entry)
            assert storage.read_record(record.name) == record

        assert same_entry(storage.read(FULL_RECORD.name), entries[1])

    def test_no_entries(self) -> None:
        """What is not there is not held, and reading it is a NotStoredError; its place can be told all the same."""
        storage = self._entries()
        storage.write(entry_of(np.arange(2)))
        for attempt in (storage.read, storage.read_record):
            with raises(NotStoredError):
                attempt("Digits.other")

        assert not storage.holds("Digits.other")
        assert storage.place("Digits.other") not in ("", storage.place(RECORD.name))

    def test_a_format_of_its_own(self) -> None:
        """An entry in a format of its own is found by who names the format."""
        storage, form = self._entries(), Json()
        entry = Entry(FULL_RECORD, Payload({"a": [1, 2.5]}, {}))
        assert not storage.holds(FULL_RECORD.name, form)
        storage.write(entry, form)

        assert storage.holds(FULL_RECORD.name, form)
        assert same_entry(storage.read(FULL_RECORD.name, form), entry)
        assert storage.read_record(FULL_RECORD.name, form) == FULL_RECORD

    # -------------------------------------------------------------------------------------------- a plain value
    def test_configuration(self) -> None:
        """A storage with a ``kind`` goes to plain data, and what is made of that again has the same plain form."""
        storage = self.make_storage()
        if not (attrs.has(type(storage)) and isinstance(storage, StorageInterface) and hasattr(storage, "kind")):
            raise skip("this storage is no attrs class that derives from StorageInterface and has a kind")
        config = storage_to_config(storage)
        again = storage_from_config(config)

        assert type(again) is type(storage)
        assert storage_to_config(again) == config
        assert again == storage or again != storage_from_config(config), "two of one configuration are equal, or no two"

    def test_pickled(self) -> None:
        """A storage that went through pickle is a storage on the same place."""
        if not self.pickles:
            raise skip("this storage does not say that it can be sent to another process")
        storage = self.make_storage()
        storage.save("a", 1)
        again = cast("Storage", pickle.loads(pickle.dumps(storage)))  # noqa: S301  # our own
        again.save("b", 2)

        assert (again.load("a"), storage.load("b")) == (1, 2)

    def _entries(self) -> EntryStorage:
        storage = self.make_storage()
        if not isinstance(storage, EntryStorage):
            raise skip("this storage keeps no entries")
        return storage
