"""What one may ask a manager about all that it has stored: is it sound, and what of it may go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from simple_metrics_manager.asking.cache import Cache
from simple_metrics_manager.declaring.metric import Metric
from simple_metrics_manager.keeping.belongings import Belongings
from simple_metrics_manager.keeping.blobs import known
from simple_metrics_manager.keeping.checking import check_storage
from simple_metrics_manager.keeping.clearing import Clearable, cleared, moment, planned, selected
from simple_metrics_manager.keeping.renaming import Renamer
from simple_metrics_manager.keeping.reports import CheckReport, ClearPlan, RenamePlan
from simple_metrics_manager.sweeping.host import Manager


class LookedAfter:
    """The part of a manager that looks after its storage."""

    __slots__ = ()

    if TYPE_CHECKING:
        __metrics__: Cache

        def _key(self, key: Metric[object] | str, /) -> Metric[object]: ...
        def _declared_keys(self) -> Mapping[str, Metric[object]]: ...

    def check(self) -> CheckReport:
        """Read everything in the storage, this manager's or not, and verify it; nothing is changed.

        Raises:
            TypeError: the storage is none of this library's, and cannot say what it holds.
            UnreachableError: it does not answer.
        """
        storage = self.__metrics__.shelf.storage(self)
        return CheckReport() if storage is None else check_storage(known(storage))

    def clear(
        self,
        keys: Clearable | Iterable[Clearable] | None = None,
        *,
        older_than: timedelta | datetime | None = None,
        orphans: bool = False,
        dry_run: bool = True,
    ) -> ClearPlan:
        """Say what would be deleted of what this manager has stored; with ``dry_run=False``, delete it.

        Args:
            keys: one or several keys, names, or metrics with parameters (``cm.inertia``) for all that is stored of
                them; everything that is this manager's if there are none. Values of other managers, those of the same
                class with other inputs too, are never touched.
            older_than: only what was computed before this time, or this long ago. A time without a zone is local.
            orphans: only what the class does not declare any more: metrics that were removed or renamed, and parameter
                sets that were, where the metric is not ``dynamic``.
            dry_run: delete nothing.

        Returns:
            What would go, or went: names, sizes, dates, how long each took to compute, and what was computed from it.
            The last error of a metric goes with its value; one without a value is told, and goes, by itself.

        Raises:
            UnknownMetricError: a name is neither declared nor stored.
            TypeError: the storage is none of this library's, and cannot say what it holds; or a key is none.
        """
        mine = self._belongings()
        if mine is None:
            return ClearPlan(dry_run=dry_run)
        names = {*mine.entries, *mine.failures} if keys is None else selected(mine, _each(keys), self._key)
        if orphans:
            names.intersection_update(mine.orphans())
        plan = planned(mine, names, moment(older_than))
        return plan if dry_run else cleared(mine, plan, self.__metrics__.memory)

    def adopt_renamed(self, *, dry_run: bool = True) -> RenamePlan:
        """Say what is stored under names that metrics had before; with ``dry_run=False``, give it the new ones.

        A metric says with ``@metric(renamed_from="old")`` how it was called, and with ``renamed_parameters={"new":
        "old"}`` how its parameters were. These may be in another order now, and there may be new ones with defaults,
        which then count as what was computed with: of that nothing has to be said. Values, dates and the rest of the
        records stay as they are, with a note of the old name; what was computed from them calls them by the new one
        from then on. Nothing is overwritten, and what was interrupted goes on when it is called again. Until it is
        called, nothing is found under the new names. For a class or its fields, see :func:`.rename_stored`.

        Returns:
            What would get another name, or has got it; what could not, and why.

        Raises:
            TypeError: the storage is none of this library's, and cannot say what it holds.
        """
        mine = self._belongings()
        if mine is None:
            return RenamePlan(dry_run=dry_run)
        renamer = Renamer(mine.storage, mine.kind, mine.module, mine.label)
        return renamer.plan() if dry_run else renamer.apply()

    def _belongings(self) -> Belongings | None:
        """What is stored of this manager; None without a storage."""
        metrics, manager = self.__metrics__, cast("Manager", self)
        storage = metrics.shelf.storage(self)
        if storage is None:
            return None
        return Belongings(manager, metrics.inputs(manager), self._declared_keys(), known(storage))


def _each(keys: Clearable | Iterable[Clearable]) -> Iterable[Clearable]:
    one = isinstance(keys, str | Metric) or hasattr(keys, "base_name") or hasattr(keys, "params_list")
    return (cast("Clearable", keys),) if one else cast("Iterable[Clearable]", keys)
