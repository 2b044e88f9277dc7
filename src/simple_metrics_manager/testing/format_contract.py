"""What every format promises, as tests: an entry becomes bytes, and those bytes the same entry, or an error."""

# ruff: noqa: S101  # a contract asserts

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, TypeAlias

import attrs
import numpy as np

from simple_metrics_manager.entry import Entry
from simple_metrics_manager.errors import CannotStoreError, CorruptMetricError, NewerFormatError, PickledObjectsError
from simple_metrics_manager.formats.base import Format
from simple_metrics_manager.payload.tree import Array, Payload, Tree
from simple_metrics_manager.record import FORMAT
from simple_metrics_manager.testing.damage import cuts, flips, outcomes
from simple_metrics_manager.testing.sample_entries import NESTED, RECORD, Unheard, entry_of, same_entry, sample_entries
from simple_metrics_manager.testing.trying import Contract, raises, skip

PATH = "somewhere/x"

Damage: TypeAlias = Callable[[bytes, bytes], Iterable[bytes]]
"""Damaged files, of the file itself and another one."""


class FormatContract(Contract):
    """The promises of :class:`.Format`. Give :meth:`make_format`.

    ``refuses`` has the names of those samples (see :func:`.sample_entries`) that this format cannot keep; all others
    it has to keep to the bit. A format for values of one kind gives samples of its own: :meth:`samples` and
    :meth:`small_samples`. ``flipped`` is how many bits of a file are changed at most.
    """

    refuses: ClassVar[frozenset[str]] = frozenset()
    flipped: ClassVar[int] = 20_000

    def make_format(self) -> Format:
        """The format under test."""
        raise NotImplementedError(f"{type(self).__name__} has to say what is tested: write make_format(self)")

    def samples(self) -> Mapping[str, Entry]:
        """Entries by name, each of which is kept, or refused if ``refuses`` names it."""
        return sample_entries()

    def small_samples(self) -> Mapping[str, Entry]:
        """Entries whose files are damaged in every way; at least two."""
        return {
            "array": entry_of(np.arange(3, dtype=np.int16)),
            "other array": entry_of(np.arange(3, 6, dtype=np.int16)),
            "tree": Entry(RECORD, Payload({"a": 1.5, "b": [None]}, {})),
            "array within": Entry(RECORD, Payload(NESTED, {"value": np.arange(2)})),
        }

    # ------------------------------------------------------------------------------------------------ round trips
    def test_extension(self) -> None:
        """The files of a format have an extension of their own."""
        extension = self.make_format().extension

        assert extension[0] == "."
        assert extension[1:].isalnum()

    def test_round_trip(self) -> None:
        """What a format takes comes back to the bit: tree, arrays, and every field of the record."""
        form = self.make_format()
        for name, entry in {**self.samples(), **self.small_samples()}.items():
            if name not in self.refuses:
                assert same_entry(decoded(form, encoded(form, entry)), entry), f"{name} came back as something else"

    def test_refusals(self) -> None:
        """What a format cannot keep to the bit it refuses, by the name of the metric, with a way out."""
        form, samples = self.make_format(), self.samples()
        for name in sorted(self.refuses):
            with raises(CannotStoreError) as caught:
                encoded(form, samples[name])
            assert isinstance(caught.error, CannotStoreError)
            assert caught.error.name == (samples[name].record or RECORD).name
            assert "" not in (caught.error.problem, caught.error.remedy)

    def test_record_alone(self) -> None:
        """The record can be had without the value."""
        form = self.make_format()
        for name, entry in self.samples().items():
            if name not in self.refuses:
                blob = encoded(form, entry)
                assert form.decode_record(memoryview(blob), PATH) == entry.record, f"{name} has another record"

    def test_arrays_are_read_only(self) -> None:
        """No caller can change what is in the file, whatever memory that is in."""
        form = self.make_format()
        for name, entry in self.small_samples().items():
            found = form.decode(memoryview(bytearray(encoded(form, entry))), PATH)
            assert not any(array.flags.writeable for array in found.payload.arrays.values()), name

    def test_objects(self) -> None:
        """Arrays of Python objects are refused by a format that was not told to pickle."""
        form = self.make_format()
        if getattr(form, "allow_pickle", False):
            raise skip("this format was told to pickle")
        objects: Array = np.array([{}, None], dtype=object)
        with raises(CannotStoreError):
            encoded(form, entry_of(objects))

    def test_parts_of_an_unknown_kind(self) -> None:
        """A part of a value that the format has never heard of is kept as an array of bytes, or refused."""
        form = self.make_format()
        tree: Tree = {"$array": "value"}
        entry = Entry(RECORD, Payload(tree, {}, {"value": Unheard()}))
        try:
            found = decoded(form, encoded(form, entry))
        except CannotStoreError:
            return
        assert same_entry(found, Entry(RECORD, entry.payload.flat()))

    # ----------------------------------------------------------------------------------------------------- damage
    def test_flipped_bits(self) -> None:
        """A file with a flipped bit is the value that was written, or damaged; never another value."""
        self._only_sound(lambda blob, _: flips(blob, self.flipped))

    def test_cut_files(self) -> None:
        """A file that lost its end, or its beginning, is damaged."""
        self._only_sound(lambda blob, _: [*cuts(blob), *(blob[at:] for at in range(1, len(blob)))])

    def test_torn_files(self) -> None:
        """A file with zeros in it, with bytes before or behind it, or with the end of another is no other value."""

        def torn(blob: bytes, other: bytes) -> list[bytes]:
            zeroed = [blob[:at] + bytes(min(64, len(blob) - at)) + blob[at + 64 :] for at in range(0, len(blob), 16)]
            longer = [blob + b"\0", blob + b"\n", blob + bytes(4096), blob + blob, b"\0" + blob, bytes(512) + blob]
            crossed = [blob[:at] + other[at:] for at in range(1, min(len(blob), len(other)))]
            return [each for each in (*zeroed, *longer, *crossed) if each not in (blob, other)]

        self._only_sound(torn)

    def test_foreign_bytes(self) -> None:
        """Bytes of any other origin are damaged, or a value without a record, and nothing else is raised."""
        form, chance = self.make_format(), random.Random(0)  # noqa: S311  # not for secrets
        foreign = [b"", b"\0", b"{", b"null", bytes(5000), b"PK\5\6" + bytes(18), b"\x93NUMPY\1\0", b"PAR1" * 3]
        foreign += [chance.randbytes(length) for length in (1, 10, 100, 1000, 10_000) for _ in range(20)]

        found = outcomes(lambda blob: decoded(form, blob).record is None, foreign)
        records = outcomes(lambda blob: form.decode_record(memoryview(blob), PATH) is None, foreign)

        assert found | records <= {True, CorruptMetricError.__name__, PickledObjectsError.__name__}

    def test_damage_is_told_by_path(self) -> None:
        """The error names the file and what is wrong with it."""
        form = self.make_format()
        for entry in self.small_samples().values():
            for attempt in (form.decode, form.decode_record):
                with raises(CorruptMetricError) as caught:
                    attempt(memoryview(encoded(form, entry)[:-1]), PATH)
                assert isinstance(caught.error, CorruptMetricError)
                assert (caught.error.path, caught.error.found != "") == (PATH, True)

    def test_newer_format(self) -> None:
        """A file of a later version of the library is a NewerFormatError, and not taken for damage."""
        form = self.make_format()
        for entry in self.small_samples().values():
            later = Entry(attrs.evolve(entry.record or RECORD, format=FORMAT + 1), entry.payload)
            blob = memoryview(encoded(form, later))
            with raises(NewerFormatError):
                assert form.decode(blob, PATH).record is None, "a record of a later format was understood"
            with raises(NewerFormatError):
                form.decode_record(blob, PATH)

    def _only_sound(self, damaged: Damage) -> None:
        form, entries = self.make_format(), self.small_samples()
        blobs = {name: encoded(form, entry) for name, entry in entries.items()}
        names = list(entries)
        for name, other in zip(names, names[1:] + names[:1], strict=True):
            entry, bad = entries[name], list(damaged(blobs[name], blobs[other]))
            assert bad
            found = outcomes(lambda blob: same_entry(decoded(form, blob), entry), bad)  # noqa: B023  # used at once
            records = outcomes(lambda blob: form.decode_record(memoryview(blob), PATH) == entry.record, bad)  # noqa: B023

            assert found <= {True, CorruptMetricError.__name__}, f"a damaged file ({name}) is another value"
            assert records <= {True, CorruptMetricError.__name__}, f"a damaged file ({name}) has another record"


def encoded(form: Format, entry: Entry) -> bytes:
    """The whole file."""
    return b"".join(form.encode(entry))


def decoded(form: Format, blob: bytes) -> Entry:
    """What is in the file."""
    return form.decode(memoryview(blob), PATH)
