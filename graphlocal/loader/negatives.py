"""Node pairs that are no edges, drawn uniformly whatever the density of the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..graph.checks import check_bounds, check_count, fail
from ..graph.csr import CSRGraph


class NegativePairs:
    r"""Draws pairs of different nodes that are not joined in a graph.

    The missing pairs are numbered from 0 and a number is turned into its pair by one binary search
    among the edges, so that no draw is ever rejected: a graph that lacks ten edges is drawn from as
    fast as a sparse one, and the draw is exactly uniform. It sees this graph and no other: made
    from training edges, it knows nothing of the edges held back, some of which it will draw, as it
    must.

    Args:
        graph: The graph to draw missing edges of, undirected: an ``edge_index``, which may list
            either or both directions, or a :class:`~graphlocal.CSRGraph`.
        num_nodes (int, optional): Number of nodes. ``None`` takes what the graph knows.

    Shapes:
        - **graph:** :math:`(2, E)`

    Raises:
        GraphError: If the graph is malformed.

    Example:
        >>> triangle_and_tail = torch.tensor([[0, 1, 2, 2], [1, 2, 0, 3]])
        >>> missing = NegativePairs(triangle_and_tail)
        >>> missing.num_missing
        2
        >>> missing.sample(2, torch.Generator().manual_seed(0)).sort().values.tolist()
        [[0, 1], [3, 3]]
    """

    def __init__(self, graph: Any, num_nodes: int | None = None) -> None:
        if not isinstance(graph, CSRGraph):
            graph = CSRGraph.from_edge_index(graph, num_nodes)
        n = self.num_nodes = graph.num_nodes
        row = np.repeat(np.arange(n), graph.degree)
        col = graph.col.astype(np.int64)
        upper = row < col
        # Pairs i < j are numbered row by row: row i starts at first[i] and has n - 1 - i of them.
        first = np.zeros(n + 1, np.int64)
        np.cumsum(n - 1 - np.arange(n), out=first[1:])
        number = first[row[upper]] + col[upper] - row[upper] - 1
        self._first = torch.from_numpy(first)
        self._missing_before = torch.from_numpy(number - np.arange(len(number)))
        #: Number of pairs that are no edges.
        self.num_missing = int(first[-1]) - len(number)
        # The same of ordered pairs, the diagonal counted as taken; made when first asked for.
        self._graph = graph
        self._ordered: tuple[Tensor, Tensor] | None = None

    def sample(
        self, num_pairs: int, generator: torch.Generator | None = None, *, distinct: bool = True
    ) -> Tensor:
        """Missing pairs, the smaller node first, in random order.

        Args:
            num_pairs: How many.
            generator: Source of randomness on the CPU; ``None`` takes torch's own.
            distinct: Whether no pair may come twice: a uniform draw without replacement.

        Shapes:
            - **output:** :math:`(2, P)`

        Raises:
            GraphError: If the graph lacks fewer edges, or none.

        Example:
            >>> path = NegativePairs(torch.tensor([[0, 1], [1, 2]]))
            >>> path.sample(1).tolist()
            [[0], [2]]
        """
        num_pairs = check_count(num_pairs, "num_pairs")
        if num_pairs > self.num_missing and (distinct or self.num_missing == 0):
            fail("num_pairs", str(num_pairs), f"at most {self.num_missing}, the pairs of different "
                 "nodes that are no edges", "" if distinct else "every pair is an edge")
        if distinct:
            number = _distinct(self.num_missing, num_pairs, generator)
        else:
            number = torch.randint(max(self.num_missing, 1), (num_pairs,), generator=generator)
        # In order the searches walk through memory; shuffled afterwards.
        number = number.sort().values
        number = number + torch.searchsorted(self._missing_before, number, right=True)
        source = torch.searchsorted(self._first, number, right=True) - 1
        target = number - self._first[source] + source + 1
        order = torch.randperm(num_pairs, generator=generator)
        return torch.stack([source[order], target[order]])

    def sample_targets(
        self, source: Tensor, num_targets: int = 1, generator: torch.Generator | None = None
    ) -> Tensor:
        """For every source nodes that it is not joined to, itself never; repeats are possible.

        Args:
            source: Nodes.
            num_targets: How many for each.
            generator: Source of randomness on the CPU; ``None`` takes torch's own.

        Shapes:
            - **source:** :math:`(P)`
            - **output:** :math:`(P, K)`

        Raises:
            GraphError: If a node is out of range or joined to all others.

        Example:
            >>> star = NegativePairs(torch.tensor([[0, 0, 0], [1, 2, 3]]), 5)
            >>> star.sample_targets(torch.tensor([0, 0]), 2).tolist()
            [[4, 4], [4, 4]]
        """
        num_targets = check_count(num_targets, "num_targets", least=1)
        if source.numel() == 0:
            return source.new_zeros((0, num_targets))
        low, high = torch.aminmax(source)
        check_bounds(int(low), int(high), "source", self.num_nodes, "num_nodes")
        missing_before, before_row = self._ordered_pairs()
        count = before_row[source + 1] - before_row[source]
        if bool((count == 0).any()):
            node = int(source[count == 0][0])
            fail("source", f"node {node}, which is joined to all others",
                 "nodes that lack a neighbour")
        draw = torch.rand((len(source), num_targets), generator=generator, dtype=torch.float64)
        number = (draw * count[:, None]).long().clamp_(max=count[:, None] - 1)
        number += before_row[source][:, None]
        number += torch.searchsorted(missing_before, number, right=True)
        return number - source[:, None] * self.num_nodes

    def _ordered_pairs(self) -> tuple[Tensor, Tensor]:
        """Missing ordered pairs before every taken one, and before every row."""
        if self._ordered is None:
            n, graph = self.num_nodes, self._graph
            row = np.repeat(np.arange(n), graph.degree)
            taken = np.concatenate([row * n + graph.col, np.arange(n) * (n + 1)])
            taken.sort()
            before_row = np.arange(n + 1) * n - graph.rowptr - np.arange(n + 1)
            self._ordered = (torch.from_numpy(taken - np.arange(len(taken))),
                             torch.from_numpy(before_row))
        return self._ordered


def _distinct(total: int, count: int, generator: torch.Generator | None) -> Tensor:
    """A uniform subset of ``range(total)``, in no particular order."""
    if 3 * count > total:
        return torch.randperm(total, generator=generator)[:count]
    # Distinct values of independent draws treat all numbers alike, and so does any rule that
    # drops some of them at random: what stays is uniform among the subsets of its size.
    drawn = torch.empty(0, dtype=torch.int64)
    while len(drawn) < count:
        more = torch.randint(total, (count - len(drawn) + 16,), generator=generator)
        drawn = torch.cat([drawn, more]).unique()
    return drawn[torch.randperm(len(drawn), generator=generator)[:count]]
