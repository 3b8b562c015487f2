"""The graph a predictor looks at: its neighbourhoods, less the links it must not see."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from ... import ops
from ...graph import checks
from ...ops.links import as_visible

#: Pairs times mean degree, per node, up to which lists of shared neighbours leave most nodes out.
_SHORT = 32


class Neighbors(NamedTuple):
    """A simple graph, and which entries of its rows count: one mask for encoder and predictor.

    Args:
        graph: Simple and undirected.
        keep: One flag per entry, ``None`` where all count.

    Shapes:
        - **keep:** :math:`(2M)` *(optional)*
    """

    graph: ops.SimpleGraph
    keep: Tensor | None = None

    @classmethod
    def of(cls, graph: Any, num_nodes: int | None, exclude: Tensor | None = None) -> Neighbors:
        """Neighbourhoods of whatever a graph came as, without the links ``exclude``."""
        keep = None
        if isinstance(graph, Neighbors):
            graph, keep = graph
        if graph is None:
            checks.fail("graph", "None", "the graph whose neighbourhoods are compared",
                        kind=checks.GraphTypeError)
        graph = ops.as_simple(graph, num_nodes)
        if exclude is not None:
            visible = as_visible(graph, exclude)
            keep = visible if keep is None else keep & visible
        return cls(graph, keep)

    def sum(self, x: Tensor, pairs: Tensor, *, part: str = "both", hops: tuple[int, int] = (1, 1),
            node_weight: Tensor | None = None) -> Tensor:
        """Sum of ``x`` over the neighbours that the two nodes of a pair share, or that only the
        left or the right one has."""
        return ops.overlap_sum(x, self.graph, pairs, part=part, node_weight=node_weight,
                               exclude=self.keep, hops=hops)

    def shared(self, pairs: Tensor) -> tuple[Tensor, Tensor] | None:
        """The shared neighbours as a list, where it is short enough for most nodes of the graph to
        be missing from it; else ``None``."""
        entries, count = self.graph.col.numel(), self.graph.num_nodes
        if torch.compiler.is_compiling() or pairs.size(1) * entries > _SHORT * count * count:
            return None
        return ops.common_neighbors(self.graph, pairs, exclude=self.keep)

    def count(self, pairs: Tensor) -> Tensor:
        """Number of neighbours that the two nodes of a pair share."""
        return ops.common_neighbor_counts(self.graph, pairs, exclude=self.keep)

    def split(self, pairs: Tensor) -> tuple[tuple[Tensor, Tensor], ...]:
        """The neighbours both, only the left, and only the right node has, as lists."""
        return ops.neighbor_split(self.graph, pairs, exclude=self.keep)

    def degree(self, dtype: torch.dtype) -> Tensor:
        """Number of neighbours of every node."""
        if self.keep is None:
            return self.graph.degree.to(dtype)
        return ops.segment_reduce(self.keep.to(dtype), self.graph.rowptr, "sum")

    def drop(self, p: float, symmetric: bool) -> Neighbors:
        """Forgets each link with probability ``p``, in both rows at once if ``symmetric``."""
        if p == 0:
            return self
        col = self.graph.col
        chance = torch.rand(col.shape, device=col.device)
        if symmetric:
            chance = torch.where(self._is_lower(), chance[self._reverse()], chance)
        keep = chance >= p
        return Neighbors(self.graph, keep if self.keep is None else keep & self.keep)

    def adjacency(self) -> ops.Adjacency:
        """All entries, kept or not, as what ``ops.spmm`` takes; weights are numbered likewise."""
        rowptr, col = self.graph

        def build() -> ops.Adjacency:
            number = torch.arange(col.numel(), dtype=col.dtype, device=col.device)
            adjacency = ops.Adjacency(rowptr, col, number, rowptr, col,
                                      self._reverse().to(col.dtype))
            # the parts of `self.graph` were checked, and this is all there is to it
            ops.remember(tuple(adjacency), "checked", lambda: True)
            return adjacency

        return ops.remember((col, rowptr), "symmetric adjacency", build)

    def _reverse(self) -> Tensor:
        """Where the entry of ``(j, i)`` is, for every entry ``(i, j)``."""
        # Of a symmetric graph the k-th entry by column is the k-th by row turned round.
        return ops.remember(self.graph.col, "reverse entries",
                            lambda: torch.argsort(self.graph.col, stable=True))

    def _is_lower(self) -> Tensor:
        """Whether an entry ``(i, j)`` has ``j < i``."""
        rowptr, col = self.graph
        return ops.remember((col, rowptr), "lower entries", lambda: col < torch.repeat_interleave(
            rowptr.diff(), output_size=col.numel()))
