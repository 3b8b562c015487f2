"""One side of a graph as arrays that kernels walk along."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..graph import checks
from ..graph.csr import CSRGraph
from ..kernels.cpu import sorted_rows as kernel
from .adjacency import Adjacency, _index_dtype, _sort_on_cpu, as_adjacency
from .memory import remember

Direction = Literal["in", "out"]


class Rows(NamedTuple):
    """The edges that enter, or that leave, every node, as read-only arrays.

    Args:
        rowptr: Where the row of each node starts, int64.
        col: The other end of each edge, int32 (int64 past 2^31 nodes or edges).
        perm: Number of the edge in each slot; empty where that is the slot's own.

    Shapes:
        - **rowptr:** :math:`(N + 1)`
        - **col, perm:** :math:`(E)`

    Example:
        >>> as_rows(torch.tensor([[0, 1], [2, 2]]), direction="in").col.tolist()
        [0, 1]
    """

    rowptr: NDArray[np.int64]
    col: NDArray[np.integer]
    perm: NDArray[np.integer]

    @property
    def num_nodes(self) -> int:
        """Number of nodes."""
        return len(self.rowptr) - 1


def as_rows(
    graph: Any, num_nodes: int | None = None, *, direction: Direction, ordered: bool = False
) -> Rows:
    """Rows of whatever :func:`~graphlocal.ops.as_adjacency` takes, on the CPU.

    Args:
        graph: The graph, with as many sources as targets.
        num_nodes: Number of nodes; ``None`` takes what the graph knows.
        direction: ``"in"`` for the sources of the edges that enter a node, ``"out"`` for the
            targets of those that leave it.
        ordered: Whether the entries of a row must be in order; ``perm`` is then empty.

    Raises:
        GraphError: If the graph is malformed, or has other targets than sources.

    Example:
        >>> rows = as_rows(torch.tensor([[0, 0], [2, 1]]), 4, direction="out", ordered=True)
        >>> rows.rowptr.tolist(), rows.col.tolist()
        ([0, 2, 2, 2, 2], [1, 2])
    """
    if isinstance(graph, CSRGraph):
        if num_nodes is not None and num_nodes != graph.num_nodes:
            checks.fail("num_nodes", str(num_nodes), f"{graph.num_nodes}, the nodes of 'graph'")
        return Rows(graph.rowptr, graph.col, frozen(graph.col[:0]))
    if isinstance(graph, Rows):
        return graph
    if num_nodes is not None:
        num_nodes = checks.check_count(num_nodes, "num_nodes")
    adjacency = as_adjacency(graph, num_nodes)
    if adjacency.num_src != adjacency.num_dst:
        checks.fail("graph", f"{adjacency.num_src} sources and {adjacency.num_dst} targets",
                    "one set of nodes", "a bipartite graph cannot be walked or sampled")
    side = adjacency if direction == "in" else adjacency.t()
    rowptr, col, perm = (frozen(tensor) for tensor in side[:3])
    if not ordered:
        return Rows(rowptr, col, perm)
    other = adjacency.t() if direction == "in" else adjacency
    col = remember(side.col, "ordered", lambda: _ordered(rowptr, other))
    return Rows(rowptr, col, frozen(col[:0]))


def build_rows(edge_index: Tensor, num_nodes: int, *, direction: Direction) -> Rows:
    """Rows of one side alone, in memory of their own: for those who keep them.

    Args:
        edge_index: One column per edge.
        num_nodes: Number of nodes.
        direction: As in :func:`as_rows`.

    Shapes:
        - **edge_index:** :math:`(2, E)`

    Raises:
        GraphError: If the shape, the dtype or an index is wrong.

    Example:
        >>> rows = build_rows(torch.tensor([[0, 1], [2, 2]]), 3, direction="in")
        >>> rows.col.tolist(), rows.perm.tolist()
        ([0, 1], [0, 1])
    """
    if hasattr(edge_index, "as_tensor"):  # an EdgeIndex
        edge_index = edge_index.as_tensor()
    checks.check_edge_tensor(edge_index)
    if edge_index.numel():
        low, high = torch.aminmax(edge_index)
        checks.check_bounds(int(low), int(high), "edge_index", num_nodes, "num_nodes")
    source, target = edge_index.detach().cpu().long().contiguous()
    key, other = (target, source) if direction == "in" else (source, target)
    return Rows(*map(frozen, _sort_on_cpu(
        key, other, num_nodes, _index_dtype(num_nodes, num_nodes, len(key)))))


def as_undirected(graph: Any, num_nodes: int | None = None) -> CSRGraph:
    """The graph with all edges in both directions, each once, and no self loops.

    Args:
        graph: What :func:`~graphlocal.ops.as_adjacency` takes, with as many sources as targets.
        num_nodes: Number of nodes; ``None`` takes what the graph knows.

    Raises:
        GraphError: If the graph is malformed, or has other targets than sources.

    Example:
        >>> as_undirected(torch.tensor([[0, 0, 1], [1, 1, 1]]), 3).degree.tolist()
        [1, 1, 0]
    """
    if isinstance(graph, CSRGraph):
        if num_nodes is not None and num_nodes != graph.num_nodes:
            checks.fail("num_nodes", str(num_nodes), f"{graph.num_nodes}, the nodes of 'graph'")
        return graph
    if not isinstance(graph, Tensor) or graph.layout is not torch.strided:
        rows = as_rows(graph, num_nodes, direction="out")
        source = np.repeat(np.arange(rows.num_nodes), np.diff(rows.rowptr))
        graph, num_nodes = np.stack([source, rows.col]), rows.num_nodes
    return CSRGraph.from_edge_index(graph, num_nodes)


def merge_parallel(rows: Rows) -> Rows:
    """Ordered rows without the repeats of parallel edges.

    Example:
        >>> rows = as_rows(torch.tensor([[0, 0], [1, 1]]), direction="out", ordered=True)
        >>> merge_parallel(rows).col.tolist()
        [1]
    """
    rowptr, col = np.empty_like(rows.rowptr), np.empty_like(rows.col)
    kernel.merge_rows(*rows[:2], rowptr, col)
    col = frozen(col[: rowptr[-1]].copy())
    return Rows(frozen(rowptr), col, frozen(col[:0]))


def frozen(values: Tensor | NDArray[Any]) -> NDArray[Any]:
    """Read-only array of a tensor or an array, so that kernels compile for one kind.

    Example:
        >>> frozen(torch.tensor([1])).flags.writeable
        False
    """
    if isinstance(values, Tensor):
        values = values.detach().cpu().contiguous().numpy()
    array = np.ascontiguousarray(values).view()
    array.flags.writeable = False
    return array


def _ordered(rowptr: NDArray[np.int64], other: Adjacency) -> NDArray[np.integer]:
    col = np.empty(len(other.col), frozen(other.col[:0]).dtype)
    kernel.order_rows(frozen(other.rowptr), frozen(other.col), rowptr[:-1].copy(), col)
    return frozen(col)


def to_nodes(nodes: Any, num_nodes: int, argument: str = "nodes") -> NDArray[np.int64]:
    """Node numbers in one dimension, checked, as a read-only array.

    Example:
        >>> to_nodes(torch.tensor([2, 0]), 3).tolist()
        [2, 0]
    """
    array = checks.check_nodes(nodes, num_nodes, argument)
    return frozen(array)


def device_of(nodes: Any) -> torch.device:
    """Where results about these nodes belong.

    Example:
        >>> device_of([0, 1])
        device(type='cpu')
    """
    return nodes.device if isinstance(nodes, Tensor) else torch.device("cpu")
