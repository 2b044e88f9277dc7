"""What one may ask a manager about where its values come from, and how one vouches for them."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TYPE_CHECKING, cast

from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.freshness.accepting import AcceptReport, accept
from simple_metrics_manager.freshness.graph import MetricGraph, graph
from simple_metrics_manager.freshness.named import Named, named
from simple_metrics_manager.freshness.provenance import Provenance, provenance
from simple_metrics_manager.freshness.sweeps import Swept
from simple_metrics_manager.freshness.verifying import VerifyReport, verify
from simple_metrics_manager.sweeping.host import Manager


class VouchedFor:
    """The part of a manager that tells where values come from, tests them, and takes a user's word for them.

    A ``key`` is that of one value, its name, or all of a sweep: ``cm.inertia`` or ``Digits.inertia``.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def _key(self, key: Metric[object] | str, /) -> Metric[object]: ...

    def accept(self, key: Metric[object] | Swept | str, /, reason: str) -> AcceptReport:
        """Vouch that what is stored is what today's code would compute, and say why.

        What the record of each value says of the code becomes that of today; value and date stay, and what was done is
        noted in its ``history``. A value that is of today's code is left alone, as is one whose declared version or
        type is another, which is computed anew in any case. The next change is noticed again. Entries are written one
        by one, so what was interrupted goes on when it is called again.

        Raises:
            ValueError: there is no reason.
            UnknownMetricError: this manager has no such metric.
            SaveError: the storage failed; those before are accepted.
        """
        return accept(cast("Manager", self), self._named(key), reason)

    def verify(
        self,
        key: Metric[object] | Swept | str,
        /,
        sample: int = 5,
        *,
        allclose: bool | tuple[float, float] = False,
        executor: Executor | None = None,
        seed: int | None = None,
    ) -> VerifyReport:
        """Compute a few stored values anew with today's code, and compare; nothing is stored, nothing is forgotten.

        Values are taken from those for which something has changed, if there are any: then equal ones are evidence that
        it does not matter. If nothing has changed, differing ones say that the metric is not deterministic. Its inputs
        are read as they are stored; one that is missing is computed for this occasion.

        Args:
            key: what to verify.
            sample: how many values of a sweep; they are spread evenly over it.
            allclose: let floats differ as ``numpy.allclose`` does, by a relative and an absolute tolerance; True
                stands for ``(1e-5, 1e-8)``. Otherwise values have to be equal to the last bit.
            executor: where to compute, as in ``get_all``.
            seed: take a sample at random, the same for the same seed.

        Raises:
            ValueError: ``sample`` is less than one, or ``allclose`` no pair of tolerances.
            NotStoredError: there is nothing to compare with.
            UnknownMetricError: this manager has no such metric.
        """
        return verify(
            cast("Manager", self), self._named(key), sample=sample, allclose=allclose, executor=executor, seed=seed
        )

    def provenance(self, key: Metric[object] | str, /) -> Provenance:
        """What is recorded of a stored value, and of all that it was computed from, as values and as plain data.

        Raises:
            NotStoredError: it is not stored: what would be used to compute it is not known before that is done.
        """
        return provenance(cast("Manager", self), self._key(key))

    def graph(self, *, recorded: bool = True) -> MetricGraph:
        """Which metrics read which: as the source of their functions says, and as was recorded of stored values.

        With ``recorded=False`` no record is read: then it is what can be known before anything ran.
        """
        return graph(cast("Manager", self), recorded=recorded)

    def _named(self, key: Metric[object] | Swept | str) -> Named:
        return named(cast("Manager", self), key, self._key)
