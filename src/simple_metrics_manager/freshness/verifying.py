"""``verify``: compute a few stored values anew with today's code, and say whether they come out the same.

Nothing is stored and nothing forgotten. After a change of the code, equal values are evidence that it does not matter;
where nothing has changed, differing ones say that the metric is not deterministic.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor

import attrs

from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.errors import NotStoredError
from simple_metrics_manager.freshness.accepting import ACCEPTABLE
from simple_metrics_manager.freshness.causes import Cause
from simple_metrics_manager.freshness.differing import Difference, Tolerance, difference
from simple_metrics_manager.freshness.inquiry import Inquiry
from simple_metrics_manager.freshness.named import Named
from simple_metrics_manager.freshness.rehearsing import Manager, rehearsal
from simple_metrics_manager.freshness.wording import sentence
from simple_metrics_manager.markup import Shown
from simple_metrics_manager.outcomes.failure import Failure
from simple_metrics_manager.outcomes.reasons import NOTES
from simple_metrics_manager.payload.tree import NOTHING
from simple_metrics_manager.storing.storage import described
from simple_metrics_manager.sweeping.host import Manager as Host
from simple_metrics_manager.sweeping.preflight import preflight
from simple_metrics_manager.sweeping.receipts import fit_to_travel
from simple_metrics_manager.sweeping.recipe import Point, Recipe, key_at, point_of

NUMPYS_TOLERANCE = (1e-5, 1e-8)
"""What ``allclose=True`` means."""

_UNUSED = frozenset({"missing", "corrupt", "type_changed", "version_changed"})
"""For these reasons a value would be computed anew in any case: there is nothing to compare with."""

_STALE = "upstream_stale"
_HARMLESS = {*NOTES, _STALE, "expired"}
_FEW = 5


@attrs.frozen
class VerifyReport(Shown):
    """What came of computing ``checked`` values anew; all are names within the manager.

    ``equal`` came out as they are stored, ``different`` did not, ``failed`` could not be computed. ``stored`` is how
    many values these are a sample of: the stored ones for which something has changed or, if there are none, all that
    are stored. ``changed`` says what that is, and is empty if nothing has. ``stale_inputs`` are metrics that were read
    as they are stored, although they are stale themselves. ``tolerance`` is None for exact comparison.
    """

    metric: str
    label: str
    stored: int
    checked: tuple[str, ...]
    equal: tuple[str, ...]
    different: tuple[Difference, ...] = ()
    failed: tuple[Failure, ...] = ()
    changed: tuple[str, ...] = ()
    stale_inputs: tuple[str, ...] = ()
    tolerance: tuple[float, float] | None = None
    acceptable: bool = attrs.field(default=True, repr=False)
    """Whether ``accept`` settles what has changed."""
    sweep: bool = attrs.field(default=False, repr=False)

    @property
    def ok(self) -> bool:
        """Whether all that was checked is equal."""
        return bool(self.checked) and len(self.equal) == len(self.checked)

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "metric": self.metric,
            "stored": self.stored,
            "checked": list(self.checked),
            "equal": list(self.equal),
            "different": [each.to_dict() for each in self.different],
            "failed": [each.to_dict() for each in self.failed],
            "changed": list(self.changed),
            "stale_inputs": list(self.stale_inputs),
            "tolerance": None if self.tolerance is None else list(self.tolerance),
        }

    def __str__(self) -> str:
        lines = [self._sentence()]
        lines += [f"  {each}" for each in (*self.different[:_FEW], *self.failed[:_FEW])]
        more = len(self.different[_FEW:]) + len(self.failed[_FEW:])
        lines += [f"  and {more} more"] if more else []
        if self.stale_inputs:
            lines.append(f"  Read as stored, although stale: {', '.join(self.stale_inputs)}.")
        return "\n".join(lines)

    def _sentence(self) -> str:
        total = len(self.checked)
        what = f"recomputed points of {self.label}" if self.sweep else f"value of {self.label}, recomputed,"
        if self.ok:
            close = "equal" if self.tolerance is None else "close"
            return f"{self._count(total, total, what)} {close}: {self._what_equal_means()}"
        if self.different:
            return f"{self._count(len(self.different), total, what)} different: {self._what_different_means()}"
        return f"{self._count(len(self.failed), total, what)} not to be had: its function fails with today's code."

    def _count(self, some: int, total: int, what: str) -> str:
        return f"{some} of {total} {what} {'is' if some == 1 else 'are'}" if self.sweep else f"The {what} is"

    def _what_equal_means(self) -> str:
        if not self.changed:
            return "nothing has changed since, and the metric is deterministic as far as this tells."
        if not self.acceptable:
            return f"evidence that it does not matter what has changed ({self._changes()})."
        keeps = "it" if self.stored == 1 else f"all {self.stored}"
        change = "the change does" if len(self.changed) == 1 else "the changes do"
        return (
            f"evidence that {change} not matter ({self._changes()}); "
            f"cm.accept({self.metric!r}, reason=...) keeps {keeps}."
        )

    def _what_different_means(self) -> str:
        if not self.changed:
            return (
                "nothing that can be seen has changed since, so the metric is not deterministic (random numbers "
                "without a seed, the time, the order of threads), or it reads something that cannot be seen."
            )
        name, changes = self.metric, self._changes()
        again = f"cm.{name}.get_all(use_stored=False)" if self.sweep else f"cm.get({name!r}, use_stored=False)"
        return f"it matters what has changed ({changes}), or the metric is not deterministic; {again} recomputes."

    def _changes(self) -> str:
        more = len(self.changed) - _FEW
        return "; ".join(self.changed[:_FEW]) + (f"; and {more} more" if more > 0 else "")


@attrs.frozen
class _Checked:
    """What came of one value; both are None if it is equal."""

    difference: Difference | None = None
    failure: Failure | None = None


def verify(
    manager: Host,
    named: Named,
    *,
    sample: int = 5,
    allclose: bool | tuple[float, float] = False,
    executor: Executor | None = None,
    seed: int | None = None,
) -> VerifyReport:
    """Compute so many of the stored values anew, and compare.

    Raises:
        ValueError: ``sample`` is less than one, or ``allclose`` no pair of tolerances.
        NotStoredError: none of them is stored, or only such as would be computed anew anyway.
    """
    if sample < 1:
        raise ValueError(f"sample={sample}: to verify anything takes one value at least")
    tolerance = _tolerance(allclose)
    found = _stored(manager, named)
    doubtful = {key.name: own for key, causes in found if (own := _own(causes))}
    keys = [key for key, _ in found if not doubtful or key.name in doubtful]
    chosen = _spread(keys, sample, seed)
    results = list(_check_all(manager, chosen, tolerance, executor))
    pairs = list(zip(chosen, results, strict=True))
    causes = dict.fromkeys(cause for each in doubtful.values() for cause in each)
    stale = (cause.subject for _, each in found for cause in each if cause.reason == _STALE)
    return VerifyReport(
        metric=named.points.name,
        label=named.label,
        stored=len(keys),
        checked=tuple(key.name for key in chosen),
        equal=tuple(key.name for key, result in pairs if result == _Checked()),
        different=tuple(result.difference for result in results if result.difference is not None),
        failed=tuple(result.failure for result in results if result.failure is not None),
        changed=tuple(map(sentence, causes)),
        stale_inputs=tuple(dict.fromkeys(stale)),
        tolerance=tolerance,
        acceptable=all(cause.reason in ACCEPTABLE for cause in causes),
        sweep=named.points.sweep,
    )


def _own(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """What may make a value come out differently, computed from its inputs as they are stored."""
    return tuple(cause for cause in causes if not cause.via and cause.reason not in _HARMLESS)


def _tolerance(allclose: object) -> Tolerance:
    if isinstance(allclose, bool):
        return NUMPYS_TOLERANCE if allclose else None
    match allclose:
        case (int() | float() as relative, int() | float() as absolute) if relative >= 0 and absolute >= 0:
            return float(relative), float(absolute)
        case _:
            raise ValueError(f"allclose={allclose!r}: give True, or a relative and an absolute tolerance: (1e-5, 1e-8)")


def _stored(manager: Host, named: Named) -> list[tuple[Metric[object], tuple[Cause, ...]]]:
    """The values that can be compared, each with what speaks against it."""
    source = manager.__metrics__
    inquiry = Inquiry(rehearsal(manager))  # which has nothing in memory, and so tells of what is stored
    found: list[tuple[Metric[object], tuple[Cause, ...]]] = []
    for key in named.keys if source.shelf.storage(manager) is not None else ():
        if not named.may_be_stored(key):
            continue
        causes = inquiry.about(key).causes
        runnable = named.runnable(key, source.shelf.record(source.ask(manager, key)))
        if runnable is not None and _UNUSED.isdisjoint(cause.reason for cause in causes if not cause.via):
            found.append((runnable, causes))
    if not found:
        storage = source.shelf.storage(manager)
        raise NotStoredError(named.points.name, described(storage))
    return found


def _spread(keys: Sequence[Metric[object]], sample: int, seed: int | None) -> list[Metric[object]]:
    """So many of the keys, in their order: first, last and evenly between, or with a seed at random."""
    count = min(sample, len(keys))
    if seed is not None:
        return [keys[index] for index in sorted(random.Random(seed).sample(range(len(keys)), count))]  # noqa: S311
    if count == 1:
        return [keys[0]]
    return [keys[round(index * (len(keys) - 1) / (count - 1))] for index in range(count)]


# ------------------------------------------------------------------------------------------------------ one by one
def _check_all(
    manager: Host, keys: Sequence[Metric[object]], tolerance: Tolerance, executor: Executor | None
) -> Iterator[_Checked]:
    if executor is None:
        computing = rehearsal(manager)
        for key in keys:
            yield _check(computing, key, tolerance)
        return
    recipe = Recipe.of(manager)
    preflight(executor, recipe)
    futures = [executor.submit(_check_there, recipe, point_of(key), tolerance) for key in keys]
    try:
        for future in futures:
            yield future.result()
    finally:
        for future in futures:
            future.cancel()


def _check_there(recipe: Recipe, point: Point, tolerance: Tolerance) -> _Checked:
    """What a worker does."""
    manager = recipe.manager()
    checked = _check(rehearsal(manager), key_at(manager, point), tolerance)
    if checked.failure is None or recipe.at_home:
        return checked
    return _Checked(failure=fit_to_travel(attrs.evolve(checked.failure, host=socket.gethostname())))


def _check(manager: Manager, key: Metric[object], tolerance: Tolerance) -> _Checked:
    """Compute it anew, and compare."""
    source = manager.__metrics__
    try:
        asked = source.ask(manager, key, verbose=False)
        stored = source.shelf.load(asked, mend=False)
        if stored is None:
            raise source.shelf.not_stored(asked)
        computed = source.compute(manager, key, force=True, verbose=False)
        if stored.record.content and stored.record.content == computed.record.content:
            return _Checked()
        payload = source.shelf.codec(manager, key).dump(stored.value)
        return _Checked(difference(key.name, payload, computed.payload or NOTHING, tolerance))
    except Exception as error:  # noqa: BLE001 - whatever a metric's function raises
        return _Checked(failure=Failure.of(key.name, key.label, error))
