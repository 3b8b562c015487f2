"""How much less new links lean on a node's surroundings than the old ones do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...graph import as_graph, checks
from .exact import topological_concentration
from .targets import as_targets


@dataclass(frozen=True)
class DistributionShift:
    """Topological concentration of training links, of new links, and their difference.

    Args:
        train: Concentration of the training neighbours.
        new: Concentration of the new neighbours, NaN for nodes that have none.
        shift: ``train - new``, NaN for nodes that have no new neighbours.

    Shapes:
        - **train, new, shift:** :math:`(N)`

    Example:
        >>> shift = DistributionShift(np.array([0.5, 0.1]), np.array([0.2, np.nan]),
        ...                           np.array([0.3, np.nan]))
        >>> print(shift)
        train 0.5000 - new 0.2000 = shift 0.3000 (mean of 1 of 2 nodes)
    """

    train: NDArray[np.float64]
    new: NDArray[np.float64]
    shift: NDArray[np.float64]

    @property
    def num_nodes(self) -> int:
        """Number of nodes with new neighbours, the ones the means are over."""
        return int(np.count_nonzero(~np.isnan(self.shift)))

    @property
    def mean_train(self) -> float:
        """Mean training concentration of the nodes with new neighbours; NaN where none has any."""
        return self._mean(self.train)

    @property
    def mean_new(self) -> float:
        """Mean concentration of new neighbours over the nodes that have some."""
        return self._mean(self.new)

    @property
    def mean(self) -> float:
        """Mean shift over the nodes with new neighbours."""
        return self._mean(self.shift)

    def _mean(self, values: NDArray[np.float64]) -> float:
        there = ~np.isnan(self.shift)
        return float(values[there].mean()) if there.any() else float("nan")

    def to_dict(self) -> dict[str, float | int]:
        """The means, for a log.

        Example:
            >>> one = np.array([0.5])
            >>> DistributionShift(one, one, one - one).to_dict()["shift"]
            0.0
        """
        return {"train": self.mean_train, "new": self.mean_new, "shift": self.mean,
                "num_nodes": self.num_nodes}

    def __str__(self) -> str:
        return (f"train {self.mean_train:.4f} - new {self.mean_new:.4f} = shift {self.mean:.4f} "
                f"(mean of {self.num_nodes} of {len(self.shift)} nodes)")


def topological_distribution_shift(
    graph: Any,
    targets: Any,
    hops: Literal[1, 2, 3] = 1,
    beta: float | None = None,
) -> DistributionShift:
    r"""The topological distribution shift (TDS): how much less a node's new links concentrate in
    its surroundings than its training links do, of "A Topological Perspective on Demystifying
    GNN-Based Link Prediction Performance" (arXiv:2310.04612).

    .. math::
        \mathrm{TC}_i^{\mathrm{train}} - \mathrm{TC}_i^{\mathrm{new}}

    Its mean is over the nodes that have new links, as zeros of the others would hide it.

    Args:
        graph: The training graph: a :class:`~graphlocal.graph.CSRGraph` or anything
            :func:`~graphlocal.graph.as_graph` takes.
        targets: The validation or test pairs, one row each, or a ``CSRGraph`` of them.
        hops: Depth of the trees. (default: ``1``)
        beta: Weight of a further hop. (default: ``None``, 1 / mean degree over all nodes)

    Shapes:
        - **targets:** :math:`(P, 2)`

    Raises:
        GraphError: As :func:`~graphlocal.topology.topological_concentration`.

    Example:
        >>> from graphlocal import CSRGraph
        >>> graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)])
        >>> print(topological_distribution_shift(graph, [(0, 3)]))
        train 0.5000 - new 0.7500 = shift -0.2500 (mean of 2 of 4 nodes)
    """
    graph = as_graph(graph)
    if targets is None:
        checks.fail("targets", "None", "the validation or test pairs",
                    "training links do not shift against themselves", kind=checks.GraphTypeError)
    chosen = as_targets(graph, targets)
    train = topological_concentration(graph, None, hops, beta)
    new = topological_concentration(graph, chosen, hops, beta)
    new[chosen.degree == 0] = np.nan
    return DistributionShift(train, new, train - new)
