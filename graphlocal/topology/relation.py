"""How a metric of nodes goes with how well a model does at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import checks

Floats = NDArray[np.float64]
# Numbers drawn at once for the bootstrap.
_ROOM = 1 << 22


@dataclass(frozen=True)
class MetricPerformanceRelation:
    """Correlations of a metric with performance, and the curve of mean performance over its bins.

    Args:
        pearson: Linear correlation.
        pearson_pvalue: Probability of one at least as far from 0 by chance.
        spearman: Correlation of ranks.
        spearman_pvalue: As for the linear one.
        edges: Borders of the bins; a bin holds its lower border, the last one both.
        count: Nodes of each bin.
        metric: Mean metric of each bin.
        performance: Mean performance of each bin.
        low: Lower end of the band around it.
        high: Upper end of the band.
        confidence: How often such a band holds the true mean.
        num_nodes: Nodes that had both values.

    Shapes:
        - **edges:** :math:`(B + 1)`
        - **count, metric, performance, low, high:** :math:`(B)`

    Example:
        >>> relation = metric_performance_relation([1, 2, 3, 4], [0.1, 0.2, 0.3, 0.4], bins=2)
        >>> print(relation)
        Pearson 1.0000, Spearman 1.0000 over 4 nodes
        [1, 2.5): 0.1500 (0.1000 to 0.2000, 2 nodes)
        [2.5, 4]: 0.3500 (0.3000 to 0.4000, 2 nodes)
    """

    pearson: float
    pearson_pvalue: float
    spearman: float
    spearman_pvalue: float
    edges: Floats
    count: NDArray[np.int64]
    metric: Floats
    performance: Floats
    low: Floats
    high: Floats
    confidence: float
    num_nodes: int

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON.

        Example:
            >>> metric_performance_relation([1, 2, 3], [3, 2, 1], bins=1).to_dict()["count"]
            [3]
        """
        return {name: value.tolist() if isinstance(value, np.ndarray) else value
                for name, value in vars(self).items()}

    def __str__(self) -> str:
        lines = [f"Pearson {self.pearson:.4f}, Spearman {self.spearman:.4f} over "
                 f"{self.num_nodes} nodes"]
        for b in range(len(self.count)):
            close = "]" if b == len(self.count) - 1 else ")"
            lines.append(
                f"[{self.edges[b]:.4g}, {self.edges[b + 1]:.4g}{close}: {self.performance[b]:.4f} "
                f"({self.low[b]:.4f} to {self.high[b]:.4f}, {self.count[b]} nodes)")
        return "\n".join(lines)


def metric_performance_relation(
    metric: Any,
    performance: Any,
    *,
    bins: int = 10,
    confidence: float = 0.95,
    bootstrap: int = 1000,
    seed: int = 0,
    missing: str = "error",
) -> MetricPerformanceRelation:
    """Relates a metric of nodes, such as topological concentration or the degree, to how well a
    model predicts their links.

    Bins hold equally many nodes; values that many nodes share are never torn apart, so that there
    may be fewer bins. The band of a bin's mean is a percentile bootstrap: its nodes are drawn anew
    ``bootstrap`` times, with ``seed``.

    Args:
        metric: One value per node.
        performance: One value per node, such as Hits@10 or the reciprocal rank.
        bins: Largest number of bins. (default: ``10``)
        confidence: How often the bands hold the true means. (default: ``0.95``)
        bootstrap: How often nodes are drawn anew. (default: ``1000``)
        seed: Of the draws. (default: ``0``)
        missing: What to do about nodes where a value is NaN, as where a node has no test links:
            refuse (``"error"``) or leave them out (``"drop"``). (default: ``"error"``)

    Shapes:
        - **metric, performance:** :math:`(N)`

    Raises:
        GraphError: If the lengths differ, values are NaN or infinite, all values of one are equal
            (nothing correlates with a constant), fewer than two nodes are left, or an argument is
            out of range.

    Example:
        >>> relation = metric_performance_relation([0, 0, 1, 2], [0.0, 0.1, 0.5, 0.4], bins=2)
        >>> round(relation.spearman, 3), relation.count.tolist()
        (0.738, [2, 2])
    """
    from scipy import stats

    x, y = _values(metric, "metric"), _values(performance, "performance")
    if len(x) != len(y):
        checks.fail("performance", f"{len(y)} values", f"{len(x)}, one for each of 'metric'")
    bins = min(checks.check_count(bins, "bins", least=1), max(len(x), 1))
    bootstrap = checks.check_count(bootstrap, "bootstrap", least=1)
    seed = checks.check_count(seed, "seed")
    if checks.check_positive(confidence, "confidence") >= 1:
        checks.fail("confidence", str(confidence), "a number between 0 and 1")
    checks.check_choice(missing, "missing", ("error", "drop"))
    absent = np.isnan(x) | np.isnan(y)
    if absent.any():
        if missing == "error":
            name = "metric" if np.isnan(x).any() else "performance"
            checks.fail(name, f"NaN at node {np.flatnonzero(absent)[0]} (of {absent.sum()} nodes)",
                        "numbers", "missing='drop' leaves these nodes out")
        x, y = x[~absent], y[~absent]
    for name, values in (("metric", x), ("performance", y)):
        if not np.isfinite(values).all():
            checks.fail(name, "infinite values", "finite numbers")
        if len(values) < 2:
            checks.fail(name, f"{len(values)} nodes with both values", "at least 2")
        if values.min() == values.max():
            checks.fail(name, f"{values[0]:g} at every node", "values that differ",
                        "nothing correlates with a constant")

    linear, ranks = stats.pearsonr(x, y), stats.spearmanr(x, y)
    edges = _borders(x, bins)
    place = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2)
    count = np.bincount(place, minlength=len(edges) - 1)
    low, high = _bands(y, place, count, confidence, bootstrap, seed)
    return MetricPerformanceRelation(
        float(linear.statistic), float(linear.pvalue), float(ranks.statistic), float(ranks.pvalue),
        edges, count, np.bincount(place, x) / count, np.bincount(place, y) / count, low, high,
        float(confidence), len(x))


def _values(values: Any, argument: str) -> Floats:
    array = checks.to_numpy(values, argument)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        checks.fail(argument, f"shape {tuple(array.shape)}", "shape (N,), one value per node")
    if array.dtype.kind not in "fiub":
        checks.fail(argument, f"dtype {array.dtype}", "numbers", kind=checks.GraphTypeError)
    return array.astype(np.float64)


def _borders(x: Floats, bins: int) -> Floats:
    """Quantiles, without the bins that would be empty."""
    edges = np.unique(np.quantile(x, np.linspace(0, 1, bins + 1)))
    inside = edges[1:-1]
    # A bin is empty where no value lies from its lower border up to the next.
    place = np.unique(np.searchsorted(inside, x, side="right"))
    kept = inside[place[place > 0] - 1]
    return np.concatenate([edges[:1], kept, edges[-1:]])


def _bands(
    y: Floats, place: NDArray[np.int64], count: NDArray[np.int64], confidence: float,
    bootstrap: int, seed: int,
) -> tuple[Floats, Floats]:
    """Percentiles of the means of each bin's nodes, drawn anew."""
    rng = np.random.default_rng(seed)
    order = np.argsort(place, kind="stable")
    tails = np.array([0.5 - confidence / 2, 0.5 + confidence / 2])
    bands = np.empty((len(count), 2))
    for b, values in enumerate(np.split(y[order], count.cumsum()[:-1])):
        step = max(1, _ROOM // len(values))
        means = [
            values[rng.integers(0, len(values), (min(step, bootstrap - done), len(values)))]
            .mean(axis=1) for done in range(0, bootstrap, step)
        ]
        bands[b] = np.quantile(np.concatenate(means), tails)
    return bands[:, 0], bands[:, 1]
