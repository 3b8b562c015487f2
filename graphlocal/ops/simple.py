"""The graph that pairs of nodes are compared on: simple, undirected, rows sorted."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..graph import checks
from ..graph.build import build_csr
from ..graph.csr import CSRGraph, Directed
from .adjacency import Adjacency, as_adjacency
from .memory import remember
from .operator import operator


class SimpleGraph(NamedTuple):
    """Sorted neighbours of every node: no self loops, no duplicates, every edge in both rows.

    What :func:`common_neighbors` and its kin look at, where :class:`Adjacency` keeps an
    ``edge_index`` as it stands. A tuple of tensors on one device, which passes through
    ``torch.compile``, ``DataLoader`` workers and ``pickle``. Make one with :func:`as_simple`.

    Args:
        rowptr: Where the row of each node starts, int64.
        col: Neighbours, row after row, int32 (int64 past 2^31 nodes).

    Shapes:
        - **rowptr:** :math:`(N + 1)`
        - **col:** :math:`(2M)`

    Example:
        >>> SimpleGraph(torch.tensor([0, 1, 2]), torch.tensor([1, 0], dtype=torch.int32)).num_nodes
        2
    """

    rowptr: Tensor
    col: Tensor

    @property
    def num_nodes(self) -> int:
        """Number of nodes N."""
        return self.rowptr.shape[0] - 1

    @property
    def num_entries(self) -> int:
        """Length of ``col``: every undirected edge counts twice."""
        return self.col.shape[0]

    @property
    def degree(self) -> Tensor:
        """Number of neighbours of each node, ``[N]``."""
        return self.rowptr.diff()

    def to(self, device: torch.device | str) -> SimpleGraph:
        """The same graph on another device.

        Example:
            >>> as_simple(torch.tensor([[0], [1]])).to("cpu").num_entries
            2
        """
        return SimpleGraph(self.rowptr.to(device), self.col.to(device))


def as_simple(
    graph: Any, num_nodes: int | None = None, *, directed: Directed = "symmetrize"
) -> SimpleGraph:
    """Simple undirected graph of whatever a graph came as; built once per tensor in eager mode.

    Self loops are dropped, repeated edges merged, and an edge listed in one direction counts in
    both. Weights are not looked at. A sparse matrix may hold its edges either way round.

    Args:
        graph: A :class:`SimpleGraph`, an ``edge_index`` tensor, an ``EdgeIndex``, an
            :class:`Adjacency`, a ``torch.sparse`` matrix or a :class:`~graphlocal.CSRGraph`.
        num_nodes: Number of nodes. ``None`` takes what the graph knows; for an ``edge_index``, one
            more than its largest index.
        directed: What to do when some edge is listed in one direction only: take it as undirected
            (``"symmetrize"``), or refuse (``"error"``).

    Raises:
        GraphError: If the graph is none of these, has a wrong index or another number of nodes, or
            is directed and ``directed="error"``.

    Example:
        >>> graph = as_simple(torch.tensor([[0, 1, 1, 2], [1, 0, 1, 1]]))
        >>> graph.rowptr.tolist(), graph.col.tolist()
        ([0, 1, 3, 4], [1, 0, 2, 1])
    """
    checks.check_choice(directed, "directed", ("symmetrize", "error"))
    if isinstance(graph, SimpleGraph):
        simple = graph
        if not torch.compiler.is_compiling():
            remember(tuple(graph), "checked as simple", lambda: _check_parts(graph))
    elif isinstance(graph, CSRGraph):
        simple = remember(graph.rowptr, "simple", lambda: _trusted(
            torch.from_numpy(graph.rowptr.copy()), torch.from_numpy(graph.col.copy())))
    elif isinstance(graph, Adjacency):
        simple = remember(tuple(graph), ("simple", directed), lambda: _from_adjacency(
            as_adjacency(graph), directed))
    elif isinstance(graph, Tensor) and graph.layout is not torch.strided:
        simple = remember(graph, ("simple", directed), lambda: _from_adjacency(
            as_adjacency(graph), directed))
    else:
        return _from_edge_index(graph, num_nodes, directed)
    if num_nodes is not None and num_nodes != simple.num_nodes:
        checks.fail("num_nodes", str(num_nodes), f"{simple.num_nodes}, the nodes of 'graph'")
    return simple


def _from_edge_index(graph: Any, num_nodes: int | None, directed: str) -> SimpleGraph:
    edge_index = graph
    if num_nodes is None:
        num_nodes = checks.known_num_nodes(edge_index)
    if hasattr(edge_index, "as_tensor"):  # an EdgeIndex
        edge_index = edge_index.as_tensor()
    if not isinstance(edge_index, Tensor):
        array = checks.to_numpy(edge_index, "graph")
        if array.dtype.kind not in "biuf":
            checks.fail("graph", type(graph).__name__, "a graph", "pass an edge_index, an "
                        "Adjacency, a torch.sparse matrix or a CSRGraph",
                        kind=checks.GraphTypeError)
        edge_index = torch.from_numpy(array)
    checks.check_edge_tensor(edge_index, "graph")
    if edge_index.is_meta:
        checks.fail("graph", "a tensor on meta", "one that holds values",
                    kind=checks.GraphTypeError)
    if num_nodes is None:
        num_nodes = checks.infer_num_nodes(edge_index.detach().cpu().numpy(), "graph")
    if not torch.compiler.is_compiling():
        checks.check_count(num_nodes, "num_nodes")
    return remember(edge_index, ("simple", num_nodes, directed), lambda: _trusted(
        *build_simple(edge_index.detach(), num_nodes, directed)))


def _from_adjacency(adjacency: Adjacency, directed: str) -> SimpleGraph:
    if adjacency.num_src != adjacency.num_dst:
        checks.fail("graph", f"{adjacency.num_src} sources and {adjacency.num_dst} targets",
                    "one set of nodes", "a bipartite graph has no common neighbours of this kind")
    target = torch.repeat_interleave(adjacency.degree, output_size=adjacency.num_edges)
    edge_index = torch.stack([adjacency.col.long(), target])
    return _trusted(*build_simple(edge_index, adjacency.num_dst, directed))


def _trusted(rowptr: Tensor, col: Tensor) -> SimpleGraph:
    simple = SimpleGraph(rowptr, col)
    remember(tuple(simple), "checked as simple", lambda: True)
    return simple


def _check_parts(graph: SimpleGraph) -> bool:
    """One that was put together by hand is looked over once: kernels follow its indices."""
    for name, tensor in zip(graph._fields, graph, strict=True):
        if not isinstance(tensor, Tensor):
            checks.fail(name, type(tensor).__name__, "a tensor", kind=checks.GraphTypeError)
    rowptr, col = graph
    if rowptr.dtype != torch.int64 or col.dtype not in (torch.int32, torch.int64):
        checks.fail("graph", f"dtypes {rowptr.dtype} and {col.dtype}",
                    "int64 and int32 or int64", "make it with as_simple")
    if rowptr.dim() != 1 or len(rowptr) == 0 or col.dim() != 1:
        checks.fail("graph", f"shapes {tuple(rowptr.shape)} and {tuple(col.shape)}",
                    "(N + 1,) and (2M,)", "make it with as_simple")
    if rowptr.device != col.device:
        checks.fail("graph", f"tensors on {rowptr.device} and {col.device}", "one device")
    checks.check_csr(rowptr.cpu().numpy(), col.cpu().numpy(), None)
    return True


def _build_simple(edge_index: Tensor, num_nodes: int, directed: str) -> tuple[Tensor, Tensor]:
    """Checks the indices and builds the rows, on the CPU."""
    if edge_index.numel():
        low, high = torch.aminmax(edge_index)
        checks.check_bounds(int(low), int(high), "graph", num_nodes, "num_nodes")
    source, target = edge_index.cpu().long().contiguous().numpy()
    rowptr, col, _, report = build_csr(source, target, num_nodes)
    if directed == "error" and report.one_way:
        checks.fail("graph", f"{report.one_way:,} of {len(col) // 2:,} edges in one direction only",
                    "every edge in both directions, because directed='error'",
                    "pass directed='symmetrize' to take it as undirected")
    device = edge_index.device
    return torch.from_numpy(rowptr).to(device), torch.from_numpy(col).to(device)


def _build_simple_fake(edge_index: Tensor, num_nodes: int, directed: str) -> tuple[Tensor, Tensor]:
    entries = torch.library.get_ctx().new_dynamic_size()
    dtype = torch.int32 if num_nodes <= 2**31 else torch.int64
    return (edge_index.new_empty(num_nodes + 1, dtype=torch.int64),
            edge_index.new_empty(entries, dtype=dtype))


build_simple = operator("simple_graph", _build_simple, _build_simple_fake)
