"""The graph that layers see: compressed rows of the in-edges of every node, and their transpose."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..graph import checks
from ..graph.csr import CSRGraph
from ..kernels.cpu import adjacency as kernel
from .memory import remember
from .operator import operator

#: ``None``, the number of nodes, or ``(num_src, num_dst)``.
Size = int | tuple[int, int] | None


class Adjacency(NamedTuple):
    """Edges grouped by target, and by source, as tensors on one device.

    Row ``i`` lists the in-edges of target ``i`` in the order of ``edge_index``, where
    ``edge_index[0]`` is the source and ``edge_index[1]`` the target of an edge. Direction, parallel
    edges and self loops stay as they are. It is a tuple of tensors, so it passes through
    ``torch.compile``, ``DataLoader`` workers and ``pickle``. Make one with
    :meth:`from_edge_index` or :func:`as_adjacency`: they check the indices, which ops then trust.

    Args:
        rowptr: Where the row of each target starts, int64.
        col: Source of the edge in each slot, int32 (int64 past 2^31 nodes or edges).
        perm: Number of the edge in each slot, as ``edge_index`` counts, same dtype as ``col``.
        t_rowptr: Where the row of each source starts in the transpose.
        t_col: Target of the edge in each slot of the transpose.
        t_perm: Number of the edge in each slot of the transpose.

    Shapes:
        - **rowptr:** :math:`(N_{dst} + 1)`
        - **t_rowptr:** :math:`(N_{src} + 1)`
        - **col, perm, t_col, t_perm:** :math:`(E)`

    Example:
        >>> edge_index = torch.tensor([[0, 1, 0], [2, 2, 1]])
        >>> adjacency = Adjacency.from_edge_index(edge_index, 3)
        >>> adjacency.rowptr.tolist(), adjacency.col.tolist(), adjacency.perm.tolist()
        ([0, 0, 1, 3], [0, 0, 1], [2, 0, 1])
    """

    rowptr: Tensor
    col: Tensor
    perm: Tensor
    t_rowptr: Tensor
    t_col: Tensor
    t_perm: Tensor

    @classmethod
    def from_edge_index(cls, edge_index: Any, size: Size = None) -> Adjacency:
        """Adjacency of edge indices in PyG's layout; built once per tensor in eager mode.

        Args:
            edge_index: Integer tensor or ``EdgeIndex``, one column per edge.
            size: Number of nodes, or ``(num_src, num_dst)`` of a bipartite graph. ``None`` takes
                one more than the largest index.

        Shapes:
            - **edge_index:** :math:`(2, E)`

        Raises:
            GraphError: If the shape, the dtype or an index is wrong.

        Example:
            >>> Adjacency.from_edge_index(torch.tensor([[0, 1], [2, 0]]), (2, 3)).num_dst
            3
        """
        if size is None and hasattr(edge_index, "sparse_size"):  # an EdgeIndex may know
            known = edge_index.sparse_size()
            size = None if None in known else (known[0], known[1])
        if hasattr(edge_index, "as_tensor"):
            edge_index = edge_index.as_tensor()
        if isinstance(edge_index, np.ndarray):
            edge_index = torch.from_numpy(np.ascontiguousarray(edge_index))
        if not isinstance(edge_index, Tensor):
            checks.fail("edge_index", type(edge_index).__name__, "a tensor of shape (2, E)",
                        "pass torch.tensor(edges).t() for a list of pairs",
                        kind=checks.GraphTypeError)
        checks.check_edge_tensor(edge_index)
        if size is None:
            size = int(edge_index.max()) + 1 if edge_index.numel() else 0
        num_src, num_dst = size if isinstance(size, tuple) else (size, size)
        if not torch.compiler.is_compiling():  # a compiler's sizes are symbols, and no user's
            checks.check_count(num_src, "num_src")
            checks.check_count(num_dst, "num_dst")
        return remember(edge_index, ("adjacency", num_src, num_dst),
                        lambda: _build_checked(edge_index.detach(), num_src, num_dst))

    @property
    def num_src(self) -> int:
        """Number of source nodes."""
        return self.t_rowptr.shape[0] - 1

    @property
    def num_dst(self) -> int:
        """Number of target nodes."""
        return self.rowptr.shape[0] - 1

    @property
    def num_edges(self) -> int:
        """Number of edges as listed."""
        return self.col.shape[0]

    @property
    def degree(self) -> Tensor:
        """Number of in-edges of every target, ``[num_dst]``."""
        return self.rowptr.diff()

    def t(self) -> Adjacency:
        """The same edges turned round.

        Example:
            >>> Adjacency.from_edge_index(torch.tensor([[0], [2]]), 3).t().rowptr.tolist()
            [0, 1, 1, 1]
        """
        return Adjacency(self.t_rowptr, self.t_col, self.t_perm, self.rowptr, self.col, self.perm)

    def select(self, mask: Tensor) -> Adjacency:
        """The adjacency of ``edge_index[:, mask]``, without sorting again: a pass over the edges.

        Args:
            mask: Which edges to keep; those kept are numbered anew, so that weights are
                ``edge_weight[mask]``.

        Shapes:
            - **mask:** :math:`(E)`, boolean, in the order of ``edge_index``

        Raises:
            GraphError: If ``mask`` is no boolean tensor with an entry per edge.

        Example:
            >>> adjacency = Adjacency.from_edge_index(torch.tensor([[0, 1, 0], [2, 2, 1]]), 3)
            >>> kept = adjacency.select(torch.tensor([True, False, True]))
            >>> kept.rowptr.tolist(), kept.col.tolist(), kept.perm.tolist()
            ([0, 0, 1, 2], [0, 0], [1, 0])
        """
        if not isinstance(mask, Tensor) or mask.dtype is not torch.bool or (
                mask.shape != (self.num_edges,)):
            got = (f"{mask.dtype} of shape {tuple(mask.shape)}" if isinstance(mask, Tensor)
                   else type(mask).__name__)
            checks.fail("mask", got, f"a boolean tensor of shape ({self.num_edges},), one per edge",
                        kind=checks.GraphTypeError)
        if mask.device != self.col.device:
            checks.fail("mask", f"a tensor on {mask.device}", f"one on {self.col.device}")
        adjacency = Adjacency(*select_edges(*self, mask))
        remember(tuple(adjacency), "checked", lambda: True)
        return adjacency

    def to(self, device: torch.device | str) -> Adjacency:
        """The same adjacency on another device.

        Example:
            >>> Adjacency.from_edge_index(torch.tensor([[0], [2]])).to("cpu").num_edges
            1
        """
        return Adjacency(*(tensor.to(device) for tensor in self))


def as_adjacency(
    graph: Any, num_src: int | None = None, num_dst: int | None = None
) -> Adjacency:
    """Adjacency of whatever a graph came as: what every op calls on its first argument.

    Args:
        graph: An :class:`Adjacency`, an ``edge_index`` tensor, an ``EdgeIndex``, a ``torch.sparse``
            CSR, CSC or COO tensor (PyG's ``adj_t``: a row per target, only its structure is read)
            or a :class:`~graphlocal.CSRGraph`.
        num_src: Number of source nodes. ``None`` takes what the graph knows.
        num_dst: Number of target nodes. ``None`` takes what the graph knows, or ``num_src``.

    Raises:
        GraphError: If the graph is none of these, has a wrong index, or has other sizes.

    Example:
        >>> as_adjacency(torch.tensor([[0, 1], [1, 2]]), 4).num_dst
        4
    """
    if isinstance(graph, Adjacency):
        adjacency = graph
        if not torch.compiler.is_compiling():
            remember(tuple(graph), "checked", lambda: _check_parts(graph))
    elif isinstance(graph, CSRGraph):
        adjacency = remember(graph.rowptr, "adjacency", lambda: _from_csr_graph(graph))
    elif isinstance(graph, Tensor) and graph.layout is not torch.strided:
        adjacency = remember(graph, "adjacency", lambda: _from_sparse(graph))
    elif num_src is None and num_dst is None:
        return Adjacency.from_edge_index(graph)
    else:
        if num_dst is None:
            num_dst = num_src
        return Adjacency.from_edge_index(graph, (num_dst if num_src is None else num_src, num_dst))
    if num_src is not None and num_src != adjacency.num_src:
        checks.fail("x", f"{num_src} rows", f"{adjacency.num_src}, one per source node of 'graph'")
    if num_dst is not None and num_dst != adjacency.num_dst:
        checks.fail("num_dst", str(num_dst), f"{adjacency.num_dst}, the target nodes of 'graph'")
    return adjacency


def _build_checked(edge_index: Tensor, num_src: int, num_dst: int) -> Adjacency:
    adjacency = Adjacency(*build_adjacency(edge_index, num_src, num_dst))
    remember(tuple(adjacency), "checked", lambda: True)
    return adjacency


def _check_parts(adjacency: Adjacency) -> bool:
    """One that was put together by hand is looked over once: kernels follow its indices."""
    num_edges, edges = adjacency.num_edges, []
    sides = (("", *adjacency[:3], adjacency.num_src, "num_src"),
             ("t_", *adjacency[3:], adjacency.num_dst, "num_dst"))
    for prefix, rowptr, col, perm, limit, count in sides:
        checks.check_ptr(rowptr, num_edges, f"{prefix}rowptr")
        for name, index, bound, what in ((f"{prefix}col", col, limit, count),
                                         (f"{prefix}perm", perm, num_edges, "num_edges")):
            if index.shape != (num_edges,) or index.dtype != adjacency.col.dtype:
                checks.fail(name, f"shape {tuple(index.shape)}, {index.dtype}",
                            f"shape ({num_edges},), {adjacency.col.dtype}, as 'col'",
                            "make it with Adjacency.from_edge_index")
            if num_edges:
                low, high = torch.aminmax(index)
                checks.check_bounds(int(low), int(high), name, bound, what)
        own = torch.repeat_interleave(rowptr.diff(), output_size=num_edges).to(col.dtype)
        ends = torch.stack([col, own] if prefix else [own, col])
        edges.append(torch.full_like(ends, -1).index_copy_(1, perm.long(), ends))
    if not torch.equal(*edges) or bool((edges[0] < 0).any()):
        checks.fail("graph", "rows and transpose that list different edges", "the same edges",
                    "make it with Adjacency.from_edge_index")
    return True


def _from_csr_graph(graph: CSRGraph) -> Adjacency:
    """Every undirected edge in both directions, numbered by its place in ``graph.col``."""
    row = np.repeat(np.arange(graph.num_nodes), graph.degree)
    edge_index = torch.from_numpy(np.stack([graph.col.astype(np.int64), row]))
    return Adjacency.from_edge_index(edge_index, graph.num_nodes)


def _from_sparse(matrix: Tensor) -> Adjacency:
    """Edges numbered by the place of their value in ``matrix``."""
    if matrix.layout is torch.sparse_coo:
        row, col = matrix._indices()
    elif matrix.layout in (torch.sparse_csr, torch.sparse_csc):
        by_row = matrix.layout is torch.sparse_csr
        ptr = matrix.crow_indices() if by_row else matrix.ccol_indices()
        other = matrix.col_indices() if by_row else matrix.row_indices()
        own = torch.arange(len(ptr) - 1, device=ptr.device).repeat_interleave(ptr.diff())
        row, col = (own, other) if by_row else (other, own)
    else:
        checks.fail("graph", f"layout {matrix.layout}", "a CSR, CSC or COO tensor",
                    "convert it with .to_sparse_csr()", kind=checks.GraphTypeError)
    num_dst, num_src = matrix.shape[:2]
    return Adjacency.from_edge_index(torch.stack([col.long(), row.long()]), (num_src, num_dst))


def _build_adjacency(
    edge_index: Tensor, num_src: int, num_dst: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Checks the indices and sorts the edges by target and by source, stable in both."""
    if edge_index.numel():
        for index, limit, count in ((edge_index[0], num_src, "num_src"),
                                    (edge_index[1], num_dst, "num_dst")):
            low, high = torch.aminmax(index)
            name = "num_nodes" if num_src == num_dst else count
            checks.check_bounds(int(low), int(high), "edge_index", limit, name)
    source, target = edge_index.long().contiguous()
    dtype = _index_dtype(num_src, num_dst, source.shape[0])
    sort = _sort_on_cpu if edge_index.device.type == "cpu" else _sort
    return *sort(target, source, num_dst, dtype), *sort(source, target, num_src, dtype)


def _build_adjacency_fake(
    edge_index: Tensor, num_src: int, num_dst: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    from torch.fx.experimental.symbolic_shapes import guard_or_true

    num_edges = edge_index.shape[1]
    # How many edges an operator finds is known when it has run: then they are taken for few enough.
    small = all(guard_or_true(n < 2**31) for n in (num_src, num_dst, num_edges))
    dtype = torch.int32 if small else torch.int64

    def rows(count: int) -> tuple[Tensor, Tensor, Tensor]:
        return (edge_index.new_empty(count + 1, dtype=torch.int64),
                edge_index.new_empty(num_edges, dtype=dtype),
                edge_index.new_empty(num_edges, dtype=dtype))

    return *rows(num_dst), *rows(num_src)


build_adjacency = operator("adjacency", _build_adjacency, _build_adjacency_fake)


def _select_edges(
    rowptr: Tensor, col: Tensor, perm: Tensor, t_rowptr: Tensor, t_col: Tensor, t_perm: Tensor,
    mask: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Both sides of an adjacency with the edges of the mask alone, numbered anew."""
    parts: list[Tensor] = []
    sides = ((rowptr, col, perm), (t_rowptr, t_col, t_perm))
    if mask.device.type != "cpu":
        number = mask.cumsum(0) - 1
        for rowptr, col, perm in sides:
            kept = mask[perm]
            before = torch.nn.functional.pad(kept.cumsum(0), (1, 0))
            parts += [before[rowptr], col[kept], number[perm[kept]].to(perm.dtype)]
        return tuple(parts)
    number = torch.empty(len(mask), dtype=perm.dtype).numpy()
    kernel.number_kept(mask.contiguous().numpy(), number)
    count = int(torch.count_nonzero(mask))
    for rowptr, col, perm in sides:
        new = (torch.empty_like(rowptr), *(col.new_empty(count + 1) for _ in range(2)))
        kernel.select_rows(rowptr.numpy(), col.numpy(), perm.numpy(), number,
                           *(tensor.numpy() for tensor in new))
        parts += [new[0], new[1][:-1].clone(), new[2][:-1].clone()]
    return tuple(parts)


def _select_edges_fake(rowptr, col, perm, t_rowptr, t_col, t_perm, mask):
    count = torch.library.get_ctx().new_dynamic_size()
    return (torch.empty_like(rowptr), col.new_empty(count), perm.new_empty(count),
            torch.empty_like(t_rowptr), col.new_empty(count), perm.new_empty(count))


select_edges = operator("select_edges", _select_edges, _select_edges_fake)


def _index_dtype(num_src: int, num_dst: int, num_edges: int) -> torch.dtype:
    return torch.int32 if max(num_src, num_dst, num_edges) < 2**31 else torch.int64


def _sort_on_cpu(
    key: Tensor, other: Tensor, num_rows: int, dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    rowptr = torch.zeros(num_rows + 1, dtype=torch.int64)
    col, perm = torch.empty(len(key), dtype=dtype), torch.empty(len(key), dtype=dtype)
    key, other = key.numpy(), other.numpy()
    kernel.count_rows(key, rowptr.numpy())
    rowptr.cumsum_(0)
    kernel.fill_rows(key, other, rowptr[:-1].numpy().copy(), col.numpy(), perm.numpy())
    return rowptr, col, perm


def _sort(
    key: Tensor, other: Tensor, num_rows: int, dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    order = torch.argsort(key, stable=True)
    rowptr = key.new_zeros(num_rows + 1)
    torch.cumsum(torch.bincount(key, minlength=num_rows), 0, out=rowptr[1:])
    return rowptr, other[order].to(dtype), order.to(dtype)
