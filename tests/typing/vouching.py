"""What one may ask about where values come from: keys, names and whole sweeps are taken, reports are typed."""

# pyright: reportUnusedExpression=false, reportUnusedVariable=false

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import assert_type

import numpy as np
from numpy.typing import NDArray

from simple_metrics_manager import (
    AcceptReport,
    Change,
    DatedCacheManager,
    Difference,
    MemoryStorageInterface,
    MetricGraph,
    ParameterizedDatedCacheManager,
    Provenance,
    VerifyReport,
    metric,
)
from simple_metrics_manager.freshness.graph import GraphEdge, GraphNode
from simple_metrics_manager.freshness.provenance import Origin


class CM(DatedCacheManager):
    verbose = False

    @metric
    def spectrum(self) -> NDArray[np.float64]:
        return np.zeros(3)

    @metric(params_list=[(8,), (10,)])
    def inertia(self, k: int) -> float:
        return float(self.spectrum.sum()) + k


def inferred_of_reports() -> None:
    cm = CM(MemoryStorageInterface())
    cm.get_all()
    assert_type(cm.accept(CM.spectrum, "why"), AcceptReport)
    assert_type(cm.accept(CM.inertia, reason="why").accepted, tuple[str, ...])
    assert_type(cm.accept(cm.inertia, "why").left, Mapping[str, str])
    assert_type(cm.accept(CM.inertia(8), "why"), AcceptReport)
    assert_type(cm.accept("inertia", "why"), AcceptReport)
    assert_type(cm.verify(CM.spectrum), VerifyReport)
    assert_type(cm.verify(cm.inertia, 3, allclose=True, seed=1).ok, bool)
    assert_type(cm.verify(CM.inertia, allclose=(1e-5, 0.0), executor=ThreadPoolExecutor(1)), VerifyReport)
    assert_type(cm.verify("inertia,k=8").different, tuple[Difference, ...])
    assert_type(cm.provenance(CM.inertia(8)), Provenance)
    assert_type(cm.provenance("spectrum").origins, Mapping[str, Origin])
    assert_type(cm.provenance("spectrum").record.history, tuple[Change, ...])
    assert_type(cm.provenance("spectrum").to_dict(), dict[str, object])
    assert_type(cm.graph(), MetricGraph)
    assert_type(cm.graph(recorded=False).nodes, tuple[GraphNode, ...])
    assert_type(cm.graph().edges, tuple[GraphEdge, ...])
    assert_type(cm.graph().to_mermaid(), str)


def inferred_of_collected() -> None:
    manager = ParameterizedDatedCacheManager(MemoryStorageInterface())
    manager.verbose = False

    @manager.collect(params_list=[(1,), (2,)])
    def double(a: int) -> float:
        return a * 2.0

    double.get_all()
    assert_type(manager.verify(double), VerifyReport)
    assert_type(manager.accept(double, "why"), AcceptReport)


def refused(cm: CM) -> None:
    cm.accept(CM.spectrum)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[missing-argument]  # ty: ignore[missing-argument]
    cm.accept(cm.spectrum, "why")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    cm.accept(CM.spectrum, 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    cm.verify(CM.spectrum, sample="all")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    cm.verify(CM.spectrum, allclose=1e-5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    cm.verify(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    cm.provenance(cm.inertia)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # pyrefly: ignore[bad-argument-type]  # ty: ignore[invalid-argument-type]
    cm.graph("spectrum")  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue]  # pyrefly: ignore[bad-argument-count]  # ty: ignore[too-many-positional-arguments]
