"""What has to be computed, and which of it a metric needs.

Two things are known beforehand: what the source of a metric says (:mod:`.reads`), and what was read when its value,
or that of another parameter set, was computed before. Neither is the truth of the next run, so both are used for
less than they say:

* Nothing is computed that nobody asked for, unless what was asked for is certain to read it and it is missing.
* A metric is not given up because another one failed, unless it is certain to read that one and to fail with it.
* Everything else only says what comes first. Whatever is read out of turn is computed where it is read, as always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs

from simple_metrics_manager.declaring.metric import Metric, ParameterizedMetric
from simple_metrics_manager.fingerprint.uses import Certainty
from simple_metrics_manager.keys import without_params
from simple_metrics_manager.record import Record
from simple_metrics_manager.sweeping.reads import MetricRead, key_called, metric_called, reads_of

_NOTHING: frozenset[str] = frozenset()


class Node:
    """One value that is to be computed. Nobody changes it.

    All parameter sets of one metric have the same ``metric``, its name without parameters, and share their sets, so
    that a hundred thousand of them take no more time and room than they must.
    """

    __slots__ = ("after", "key", "metric", "needs")

    # No attrs class: a key that is declared as a field would be taken for the descriptor that it is in class bodies.
    def __init__(
        self, key: Metric[object], metric: str, needs: frozenset[str] = _NOTHING, after: frozenset[str] = _NOTHING
    ) -> None:
        self.key: Metric[object] = key
        self.metric: str = metric
        self.needs: frozenset[str] = needs
        """Names of nodes without whose values this one cannot be computed."""
        self.after: frozenset[str] = after
        """Names of metrics of which it may read any: all their nodes come first, whether they fail or not."""

    def __repr__(self) -> str:
        return f"<Node {self.key.name}, needs {sorted(self.needs)}, after {sorted(self.after)}>"


def needed(
    kind: type,
    keys: Iterable[Metric[object]],
    missing: Callable[[Metric[object]], bool],
    recorded: Callable[[Metric[object]], Record | None],
) -> dict[str, Node]:
    """Everything that has to be computed for ``keys``, by its name within the manager.

    Args:
        kind: the class of the manager.
        keys: what is asked for. They come first in the answer, in their order; then what they are certain to need.
        missing: whether a key cannot be had without computing it. Each key is asked about once, since that may be a
            journey through a network. Beside ``keys`` these are single metrics that are read, and at most one
            parameter set of each parameterized metric that is.
        recorded: the record of what is stored for a key, fresh or stale. It is asked about one key of each metric
            that is to be computed.

    Returns:
        The nodes. What is stored is none, and shields what it was computed from. Metrics of other managers are none.
    """
    plan = _Plan(kind, missing, recorded)
    todo = plan.take(keys)
    for metric in todo:  # it grows
        todo += plan.take(plan.certain(metric))
    return plan.nodes()


@attrs.define(eq=False)
class _Plan:
    _kind: type
    _ask: Callable[[Metric[object]], bool]
    _recorded: Callable[[Metric[object]], Record | None]
    _missing: dict[str, bool] = attrs.field(factory=dict[str, bool])
    _keys: dict[str, Metric[object]] = attrs.field(factory=dict[str, "Metric[object]"])
    _metrics: dict[str, Metric[object]] = attrs.field(factory=dict[str, "Metric[object]"])
    """The first node of each metric."""
    _stored: dict[str, Metric[object]] = attrs.field(factory=dict[str, "Metric[object]"])
    """Of each metric one key that is stored."""
    _reads: dict[str, Mapping[str, MetricRead]] = attrs.field(factory=dict[str, "Mapping[str, MetricRead]"])

    def take(self, keys: Iterable[Metric[object]]) -> list[str]:
        """Let those of the keys that are missing be nodes; the metrics that had none before."""
        new: list[str] = []
        for key in keys:
            if key.name not in self._keys:
                metric = _metric_of(key)
                if self._is_missing(key):
                    self._keys[key.name] = key
                    if metric not in self._metrics:
                        self._metrics[metric] = key
                        new.append(metric)
                else:
                    self._stored.setdefault(metric, key)
        return new

    def nodes(self) -> dict[str, Node]:
        """The nodes, with what each of them needs."""
        edges = {metric: (self._needs(metric), self._after(metric)) for metric in self._metrics}
        found: dict[str, Node] = {}
        for name, key in self._keys.items():
            metric = _metric_of(key)
            found[name] = Node(key, metric, *edges[metric])
        return found

    def _is_missing(self, key: Metric[object]) -> bool:
        known = self._missing.get(key.name)
        if known is None:
            known = self._missing[key.name] = self._ask(key)
        return known

    # -------------------------------------------------------------------------------------------- who reads what
    def _read_by(self, metric: str) -> Mapping[str, MetricRead]:
        """From the source and, of what is to be computed, from a record."""
        if metric not in self._metrics:
            return reads_of(self._kind, metric)
        known = self._reads.get(metric)
        if known is None:
            found = dict(reads_of(self._kind, metric))
            for name, certainty in self._read_before(metric):
                before = found.get(name, MetricRead(certainty))
                found[name] = MetricRead(max(certainty, before.certainty), before.whole)
            known = self._reads[metric] = found
        return known

    def _read_before(self, metric: str) -> Iterator[tuple[str, Certainty]]:
        """What the record of a former value says, or that of one other parameter set."""
        key = self._stored.get(metric, self._metrics[metric])
        record = self._recorded(key)
        if record is None:
            return
        label = record.name.removesuffix(key.name).removesuffix(".")
        likely = metric == key.name and self._is_same_code(key, record)
        for read in record.reads:
            name = self._metric_named(read.metric) if read.manager == label else None
            if name is not None:
                yield name, Certainty.EXPECTED if likely else Certainty.POSSIBLE

    def _is_same_code(self, key: Metric[object], record: Record) -> bool:
        code = key.declaration.fingerprint(self._kind)
        return record.code.hash == code.code.hash != "" and dict(record.helpers) == dict(code.helpers)

    def _metric_named(self, name: str) -> str | None:
        """``inertia`` for ``inertia,k=1``; None for what is neither declared nor to be computed."""
        if name in self._keys:
            return _metric_of(self._keys[name])
        metric = without_params(name)
        return metric if metric in self._metrics or metric_called(self._kind, metric) is not None else None

    # --------------------------------------------------------------------------------------------- what it needs
    def certain(self, metric: str) -> Iterator[Metric[object]]:
        """The keys that the nodes of a metric are certain to read.

        Which parameter set they read is not known. If one is missing, the others are taken to be so as well, and what
        all of them read is then read.
        """
        seen, todo = {metric}, [metric]
        while todo:
            for name, read in self._read_by(todo.pop()).items():
                if read.certainty < Certainty.EXPECTED:
                    continue
                declared = metric_called(self._kind, name)
                key = key_called(self._kind, name)
                if key is not None:
                    yield key
                elif isinstance(declared, ParameterizedMetric):
                    if read.whole:
                        yield from map(declared.at, declared.params_list)
                    elif name not in seen and name not in self._metrics and self._may_be_missing(name, declared):
                        seen.add(name)
                        todo.append(name)

    def _may_be_missing(self, name: str, metric: ParameterizedMetric[..., object]) -> bool:
        if "@" in name:
            return True
        return bool(metric.params_list) and self._is_missing(metric.at(metric.params_list[0]))

    def _needs(self, metric: str) -> frozenset[str]:
        found: set[str] = set()
        for name, read in self._read_by(metric).items():
            if read.certainty is not Certainty.REQUIRED:
                continue
            declared = metric_called(self._kind, name)
            if isinstance(declared, ParameterizedMetric):
                rows = declared.params_list if read.whole and name in self._metrics else []
                found.update(key.name for key in map(declared.at, rows) if key.name in self._keys)
            elif name in self._keys:
                found.add(name)
        return frozenset(found - {metric})

    def _after(self, metric: str) -> frozenset[str]:
        """The metrics of which it may read nodes, be it through others that are no nodes but may be missing."""
        found: set[str] = set()
        seen, todo = set[str](), [*self._read_by(metric)]
        while todo:
            name = todo.pop()
            if name in self._metrics:
                found.add(name)
            elif name not in seen:
                seen.add(name)
                key = key_called(self._kind, name)
                if key is None or self._is_missing(key):
                    todo += self._read_by(name)
        return frozenset(found)


def _metric_of(key: Metric[object]) -> str:
    plain = key.of is None and key.declaration.takes_manager
    return key.name if plain else key.declaration.name
