"""The tests of 0.5.0: every assertion of theirs holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from simple_metrics_manager import NpzStorageInterface, ParameterizedDatedCacheManager

A = np.array([1, 4, 5])
A_2_3 = A * 2 + 3
PARAMS_LIST = [[2, 3], [4, 5]]


def test_collect_1(tmp_path: Path) -> None:
    """A function without parameters is collected bare, and asked for as an attribute or with ``cache=True``."""
    cm = ParameterizedDatedCacheManager(NpzStorageInterface(tmp_path))

    @cm.collect
    def sample() -> NDArray[np.int64]:
        return A

    assert hasattr(cm, "sample")
    assert hasattr(cm.sample, "original_function")
    assert cm.sample.params_list == ((),)

    assert "sample" in cm.functions_dict

    assert np.array_equal(cm.sample(), A)
    np.testing.assert_array_equal(cm.cache["sample"], A)
    np.testing.assert_array_equal(sample(cache=True), A)


def test_collect_2(tmp_path: Path) -> None:
    """Declared parameter sets are metrics, others are ``ValueError``; ``functions_dict`` has the last word."""
    cm = ParameterizedDatedCacheManager(NpzStorageInterface(tmp_path))

    @cm.collect(params_list=PARAMS_LIST)
    def sample(x: int, y: int) -> NDArray[np.int64]:
        return A * x + y

    assert hasattr(cm, "sample")
    assert hasattr(cm.sample, "original_function")
    assert hasattr(cm.sample, "params_list")
    assert cm.parameterized_metrics[0].__name__ == "sample"
    assert "sample_2_3" in cm.functions_dict
    assert "sample_4_5" in cm.functions_dict
    assert "sample" not in cm.functions_dict

    assert cm.sample.params_list == PARAMS_LIST

    assert np.array_equal(sample(2, 4), A * 2 + 4)

    with pytest.raises(ValueError, match=r"sample is not declared for \(2, 4\)"):
        cm.sample(2, 4)
    with pytest.raises(ValueError, match=r"sample is not declared for \(2, 4\)"):
        sample(2, 4, cache=True)

    assert np.array_equal(cm.sample(2, 3), A_2_3)
    np.testing.assert_array_equal(cm.cache["sample_2_3"], A_2_3)

    def sample_new(x: int, y: int) -> NDArray[np.int64]:
        return A * x + 2 * y

    cm.functions_dict["sample_2_3"] = lambda: sample_new(2, 3)
    a_2_3_a = sample(2, 3, cache=True)
    assert np.array_equal(a_2_3_a, A_2_3)
    a_2_3_b = sample(2, 3, cache=True, use_stored=False)
    assert not np.array_equal(a_2_3_b, A_2_3)
    assert np.array_equal(a_2_3_b, sample_new(2, 3))


def test_collect_3(tmp_path: Path) -> None:
    """With ``dynamic_metric_creation=True`` any parameters may be asked for."""
    cm = ParameterizedDatedCacheManager(NpzStorageInterface(tmp_path), dynamic_metric_creation=True)

    @cm.collect(params_list=PARAMS_LIST)
    def sample(x: int, y: int) -> NDArray[np.int64]:
        return A * x + y

    assert hasattr(cm, "sample")
    assert hasattr(cm.sample, "original_function")
    assert hasattr(cm.sample, "params_list")
    assert cm.parameterized_metrics[0].__name__ == "sample"
    assert "sample_2_3" in cm.functions_dict
    assert "sample_4_5" in cm.functions_dict
    assert "sample" not in cm.functions_dict

    assert cm.sample.params_list == PARAMS_LIST

    assert np.array_equal(sample(2, 4), A * 2 + 4)
    assert np.array_equal(cm.sample(2, 4), A * 2 + 4)
    assert np.array_equal(cm.sample(2, 4, cache=True), A * 2 + 4)

    assert np.array_equal(cm.sample(2, 3), A_2_3)
    np.testing.assert_array_equal(cm.cache["sample_2_3"], A_2_3)
