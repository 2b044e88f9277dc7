"""Running the function of a metric, and holding what it returns as it will come back from the storage."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterable, Mapping

from simple_metrics_manager.asking import running
from simple_metrics_manager.asking.identity import Identity, Question
from simple_metrics_manager.asking.memory import Held, Memory
from simple_metrics_manager.asking.paths import files_of
from simple_metrics_manager.asking.provenance import Timing, make_record
from simple_metrics_manager.asking.shelf import Shelf
from simple_metrics_manager.errors import MetricTypeError
from simple_metrics_manager.events import Computed, ComputeFailed, ComputeStarted, tell
from simple_metrics_manager.outcomes.failure import message_of
from simple_metrics_manager.payload.owning import owned
from simple_metrics_manager.payload.unshare import lock_payload, unshare
from simple_metrics_manager.record import File, Read

_NO_FILES: Mapping[str, File] = {}


class Computer:
    """Computes the metrics of one manager, and holds them in its memory."""

    __slots__ = ("_identity", "_memory", "_shelf")

    def __init__(self, memory: Memory, shelf: Shelf, identity: Identity) -> None:
        self._memory = memory
        self._shelf = shelf
        self._identity = identity

    def hold(self, asked: Question, value: object) -> Held:
        """A value that the user gives, as if it had been computed just now."""
        return self._held(asked, value, Timing(0.0, 0.0))

    def compute(self, asked: Question, flight: running.Flight, *, again: bool) -> Held:
        """Run the function. Where its value could not be kept, that is raised again unless it is to run ``again``."""
        key, host = asked.key, asked.host
        refused = self._memory.refused.get(asked.name)
        if refused is not None and not again:
            if not isinstance(refused[1], MemoryError):
                raise refused[1].with_traceback(None)
            held = self._held(asked, refused[0], Timing(0.0, 0.0))  # it was computed; now there may be room
            self._memory.put(asked.name, held)
            return held
        if key.declaration.unknown is not None:
            raise key.declaration.unknown
        self._shelf.codec(host, key)  # what cannot be stored is told before a night is spent on it
        asked.computed = True
        files = files_of(asked)  # what they hold before they are read: if that changes meanwhile, it shows
        tell(ComputeStarted(asked.name, verbose=asked.verbose))
        wall, cpu = time.perf_counter(), time.process_time()
        block = running.computing(flight, asked.verbose)
        try:
            with block as frame:
                raw = owned(key.call(host))
        except BaseException as error:
            block.end()
            seconds, text = time.perf_counter() - wall, f"{type(error).__name__}: {message_of(error)}"
            tell(ComputeFailed(asked.name, seconds, text, verbose=asked.verbose))
            error.add_note(f"while computing the metric {key.label}")
            if isinstance(error, Exception):
                self._shelf.keep_failure(asked, error)
            raise
        timing = Timing(time.perf_counter() - wall, time.process_time() - cpu)
        try:
            held = self._held(asked, raw, timing, frame.reads, files)
            if self._identity.inputs(host) is asked.inputs or not key.declaration.takes_manager:
                self._memory.put(asked.name, held)
        finally:  # whoever listens may fail: by then the value is held
            tell(Computed(asked.name, timing.seconds, verbose=asked.verbose))
        return held

    def _held(
        self,
        asked: Question,
        raw: object,
        timing: Timing,
        reads: Iterable[Read] = (),
        files: Mapping[str, File] = _NO_FILES,
    ) -> Held:
        """What was computed, as it will come back from the storage."""
        codec = self._shelf.codec(asked.host, asked.key)
        try:
            payload = lock_payload(codec.dump(raw))
            value = codec.load(payload)
            mine = unshare(value)
            return Held(mine, mine is value, make_record(asked, codec, payload, timing, reads, files), payload=payload)
        except MetricTypeError as error:
            kept = MetricTypeError(error.metric, error.declared, error.problem, asked.name, _place(asked))
            self._memory.refuse(asked.name, raw, kept)
            raise kept from error.__cause__
        except MemoryError as error:
            self._memory.refuse(asked.name, raw, error)
            raise
        except Exception as error:  # of an object that cannot be copied, say; what it cost to compute is not lost
            problem = f"it cannot be kept: {type(error).__name__}: {error}"
            declared = codec.declared or "(no annotation)"
            kept = MetricTypeError(asked.key.label, declared, problem, asked.name, _place(asked))
            self._memory.refuse(asked.name, raw, kept)
            raise kept from error


def _place(asked: Question) -> str:
    """Where the function of the metric stands, if Python knows."""
    code = getattr(inspect.unwrap(asked.key.declaration.function), "__code__", None)
    return "" if code is None else f"{code.co_filename}:{code.co_firstlineno}"
