"""The order in which a scan meets the nodes of a graph."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ... import topology
from ...graph import checks
from ...graph.csr import CSRGraph
from ...ops import Adjacency, as_adjacency, remember

NodeOrder = Literal["degree", "ppr", "core", "eigenvector", "orbit", "random"]
_STEPS = 100
# The constants of SplitMix64, as integers with a sign.
_STEP, _FIRST, _SECOND = (value - 2**64 for value in (
    0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


def order_nodes(
    edge_index: Any, by: NodeOrder | Tensor = "degree", *, num_nodes: int | None = None,
    batch: Tensor | None = None, noise: bool = True, descending: bool = False,
    generator: torch.Generator | None = None, seed: int | None = None
) -> Tensor:
    """Places of the nodes in the order of a key, graph by graph.

    "Graph Mamba: Towards Learning on Graphs with State Space Models" (arXiv:2402.08678) and
    "Graph-Mamba" (arXiv:2402.00789) put hubs last, where they see all others. Keys are computed
    once per ``edge_index`` tensor: ``"degree"`` is the number of in-edges, ``"ppr"`` PageRank,
    ``"core"`` the core number, ``"eigenvector"`` the eigenvector centrality within each graph,
    ``"orbit"`` the number of connected subgraphs of two to four nodes that a node is in, and
    ``"random"`` no key at all. All but the degree take the graph as simple and undirected.

    Args:
        edge_index: The graph: ``edge_index`` or anything :func:`~graphlocal.ops.as_adjacency`
            takes.
        by: A key by name, or one number per node.
        num_nodes: Number of nodes, where ``edge_index`` does not say it. Default: ``None``.
        batch: Which graph each node is in, sorted; the order is within graphs. Default: ``None``.
        noise: Whether nodes of equal keys come in random order; else in that of their numbers.
            Default: ``True``.
        descending: Whether the largest keys come first. Default: ``False``.
        generator: Draws the noise. Default: torch's own.
        seed: Draws the noise instead, from the place of each node within its graph: a graph has
            the same order in any batch. Default: ``None``.

    Shapes:
        - **by:** :math:`(N)` *(optional)*
        - **batch:** :math:`(N)` *(optional)*
        - **output:** :math:`(N)`, int64: ``x[order]`` is sorted, ``order.argsort()`` the way back

    Raises:
        GraphError: If the key is unknown or not one finite number per node, or ``batch`` is wrong.

    Example:
        >>> star = torch.tensor([[0, 0, 1, 2], [1, 2, 0, 0]])
        >>> order_nodes(star, noise=False)
        tensor([1, 2, 0])
        >>> order_nodes(star, batch=torch.tensor([0, 0, 1]), noise=False)
        tensor([1, 0, 2])
    """
    adjacency = as_adjacency(edge_index, num_nodes, num_nodes)
    if adjacency.num_src != adjacency.num_dst:
        checks.fail("edge_index", f"{adjacency.num_src} sources and {adjacency.num_dst} targets",
                    "a graph of one kind of nodes")
    device, count = adjacency.col.device, adjacency.num_dst
    if batch is not None:
        checks.check_groups(batch, adjacency.rowptr[1:])
        checks.check_sorted(batch)
    if seed is not None:
        checks.check_count(seed, "seed", least=-(2**63), most=2**63 - 1)
    if isinstance(by, Tensor):
        key = _given(by, count).to(device)
    else:
        checks.check_choice(by, "by", ("degree", "ppr", "core", "eigenvector", "orbit", "random"))
        others = (batch,) if by in ("eigenvector", "ppr") else ()
        key = remember((adjacency.rowptr, adjacency.col, *others), f"order by {by}",
                       lambda: _key(adjacency, by, batch).to(device))
    order = torch.arange(count, device=device)
    drawn = noise or (isinstance(by, str) and by == "random")
    if drawn and seed is not None:
        order = _hashed(places(batch, count, device), seed).argsort(stable=True)
    elif drawn:
        where = device if generator is None else generator.device
        order = torch.randperm(count, generator=generator, device=where).to(device)
    order = order[key[order].argsort(stable=True, descending=descending)]
    return order if batch is None else order[batch[order].argsort(stable=True)]


def places(batch: Tensor | None, count: int, device: torch.device) -> Tensor:
    """Number of each node within its graph."""
    number = torch.arange(count, device=device)
    if batch is None or count == 0:
        return number
    size = batch.bincount()
    return number - (size.cumsum(0) - size)[batch]


def _hashed(number: Tensor, seed: int) -> Tensor:
    """The numbers as SplitMix64 of this seed has them, so that their order is random."""
    x = _mixed(torch.full((), seed, dtype=torch.int64, device=number.device) + _STEP)
    return _mixed(x + number * _STEP)


def _mixed(x: Tensor) -> Tensor:
    for shift, factor in ((30, _FIRST), (27, _SECOND), (31, 1)):
        x = (x ^ ((x >> shift) & (2 ** (64 - shift) - 1))) * factor
    return x


def _given(key: Tensor, count: int) -> Tensor:
    if tuple(key.shape) != (count,):
        checks.fail("by", f"shape {tuple(key.shape)}", f"shape ({count},), one number per node")
    if key.is_complex() or (key.is_floating_point() and not bool(key.isfinite().all())):
        checks.fail("by", "keys that are not finite numbers", "finite ones, which can be ordered")
    return key.detach()


def _key(adjacency: Adjacency, by: str, batch: Tensor | None) -> Tensor:
    if by == "random":
        return torch.zeros(adjacency.num_dst, dtype=torch.int8)
    if by == "degree":
        return adjacency.degree
    row = torch.repeat_interleave(adjacency.degree.cpu(), output_size=adjacency.num_edges)
    graph = CSRGraph.from_edge_index(torch.stack([adjacency.col.cpu().long(), row]),
                                     adjacency.num_dst)
    if by == "core":
        return torch.from_numpy(np.asarray(topology.core_number(graph), dtype=np.int64))
    if by == "orbit":
        return torch.from_numpy(topology.orbit_counts(graph, size=4).sum(axis=1))
    parts = np.zeros(graph.num_nodes, dtype=np.int64) if batch is None else batch.cpu().numpy()
    if by == "ppr":
        # That of a graph within others is its own but for a factor.
        rank = np.asarray(topology.pagerank(graph), dtype=np.float64)
        mean = np.bincount(parts, rank) / np.maximum(np.bincount(parts), 1)
        return torch.from_numpy((rank / mean[parts]).round(9))  # nodes that are alike stay equal
    return torch.from_numpy(_eigenvector_centrality(graph, parts))


def _eigenvector_centrality(graph: CSRGraph, part: NDArray[np.int64]) -> NDArray[np.float64]:
    """Power iteration with the adjacency matrix plus the identity, which has no period."""
    matrix = graph.to_scipy().astype(np.float64)
    value = np.ones(graph.num_nodes)
    for _ in range(_STEPS):
        value = matrix @ value + value
        length = np.sqrt(np.bincount(part, value * value))
        value /= np.maximum(length, np.finfo(np.float64).tiny)[part]
    return value.round(12)  # nodes that are alike stay equal
