"""A metric against performance: the same correlations as scipy, bins that add up, honest bands."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from graphlocal import GraphError
from graphlocal.topology import metric_performance_relation


def sample(n: int = 500, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    metric = rng.random(n)
    return metric, metric**2 + 0.1 * rng.standard_normal(n)


def test_correlations_and_bins() -> None:
    metric, performance = sample()
    relation = metric_performance_relation(metric, performance, bins=5)
    assert relation.pearson == pytest.approx(stats.pearsonr(metric, performance)[0])
    assert relation.spearman == pytest.approx(stats.spearmanr(metric, performance)[0])
    assert relation.count.tolist() == [100] * 5
    order = np.argsort(metric).reshape(5, 100)
    np.testing.assert_allclose(relation.performance, performance[order].mean(axis=1))
    np.testing.assert_allclose(relation.metric, metric[order].mean(axis=1))
    assert (relation.low < relation.performance).all()
    assert (relation.performance < relation.high).all()
    # A bootstrap of the mean comes to the standard error.
    error = performance[order].std(axis=1) / 10
    np.testing.assert_allclose(relation.high - relation.low, 2 * 1.96 * error, rtol=0.15)
    narrow = metric_performance_relation(metric, performance, bins=5, confidence=0.5)
    assert (narrow.high - narrow.low < relation.high - relation.low).all()


def test_seed() -> None:
    metric, performance = sample(60)
    one, same = (metric_performance_relation(metric, performance) for _ in range(2))
    np.testing.assert_array_equal(one.low, same.low)
    other = metric_performance_relation(metric, performance, seed=1)
    assert (one.low != other.low).any() and one.pearson == other.pearson


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=40),
       st.integers(1, 12))
def test_bins_hold_every_node_once(pairs: list[tuple[int, int]], bins: int) -> None:
    metric, performance = np.array(pairs, float).T
    if len(set(metric)) == 1 or len(set(performance)) == 1:
        with pytest.raises(GraphError, match="constant"):
            metric_performance_relation(metric, performance, bins=bins)
        return
    relation = metric_performance_relation(metric, performance, bins=bins, bootstrap=20)
    assert relation.count.sum() == len(metric) == relation.num_nodes
    assert 1 <= len(relation.count) <= bins and (relation.count > 0).all()
    assert (np.diff(relation.edges) > 0).all()
    for b, (low, high) in enumerate(zip(relation.edges, relation.edges[1:], strict=False)):
        last = b == len(relation.count) - 1
        inside = (metric >= low) & ((metric <= high) if last else (metric < high))
        assert inside.sum() == relation.count[b]
        assert relation.performance[b] == pytest.approx(performance[inside].mean())
    assert relation.count @ relation.performance == pytest.approx(performance.sum())


def test_text_and_dict() -> None:
    relation = metric_performance_relation(*sample(), bins=4)
    told = json.loads(json.dumps(relation.to_dict()))
    assert told["count"] == [125] * 4 and told["pearson"] == relation.pearson
    lines = str(relation).splitlines()
    assert len(lines) == 5 and f"{relation.pearson:.4f}" in lines[0] and lines[-1].count("]") == 1
    with pytest.raises(AttributeError):
        relation.pearson = 0.0


def test_missing_values() -> None:
    metric, performance = sample()
    performance[::2] = np.nan
    with pytest.raises(GraphError, match="NaN at node 0"):
        metric_performance_relation(metric, performance)
    dropped = metric_performance_relation(metric, performance, missing="drop")
    assert dropped.num_nodes == 250
    assert dropped.pearson == metric_performance_relation(metric[1::2], performance[1::2]).pearson


def test_bad_input() -> None:
    metric, performance = sample(20)
    infinite = np.where(np.arange(20) == 3, np.inf, metric)
    for one, two, options, message in [
        (metric, performance[:-1], {}, "performance.*19 values"),
        (infinite, performance, {}, "infinite"),
        (np.ones(20), performance, {}, "metric.*constant"),
        (metric, np.zeros(20), {}, "performance.*constant"),
        (np.zeros((20, 2)), performance, {}, "shape"),
        (np.array(["a"] * 20), performance, {}, "dtype"),
        ([], [], {}, "at least 2"), ([1.0], [1.0], {}, "at least 2"),
        (np.full(20, np.nan), performance, {"missing": "drop"}, "at least 2"),
        (metric, performance, {"bins": 0}, "bins"),
        (metric, performance, {"confidence": 1.0}, "confidence"),
        (metric, performance, {"bootstrap": 0}, "bootstrap"),
        (metric, performance, {"missing": "zero"}, "missing"),
    ]:
        with pytest.raises(GraphError, match=message):
            metric_performance_relation(one, two, **options)


def test_more_bins_than_nodes() -> None:
    values = np.arange(10.0)
    found = metric_performance_relation(values, values, bins=10**12)
    assert found.count.tolist() == [1] * 10
