"""Negatives that look like edges, for every positive its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...graph.checks import check_choice, check_count, fail
from ...graph.csr import CSRGraph
from ...loader import NegativePairs
from ...loader.pairs import pair_columns

__all__ = ["hard_negatives"]

_HEURISTICS = ("cn", "aa", "ra", "ppr")
#: Ends whose candidates are ranked at once.
_BLOCK = 2048


def hard_negatives(
    graph: Any,
    positives: Tensor,
    num_negatives: int = 500,
    *,
    num_nodes: int | None = None,
    heuristics: Sequence[str] = ("ra", "ppr"),
    known: Tensor | None = None,
    seed: int = 0,
) -> Tensor:
    """For each edge the pairs most like an edge that keep one of its ends.

    Random pairs are told from edges by any heuristic. As in "Evaluating Graph Neural Networks for
    Link Prediction: Current Pitfalls and New Benchmarking" (arXiv:2306.10453), half of an edge's
    negatives keep its first end and half its second, and the other end is taken from the top of a
    ranking of all nodes: by each heuristic for itself, the better of the ranks counting. Where
    fewer nodes than needed have any score, random ones follow.

    Args:
        graph: The training graph, in which pairs are ranked: ``edge_index`` or a CSRGraph.
        positives: Edges to be predicted.
        num_negatives: Negatives of each.
        num_nodes: Number of nodes; ``None`` takes what the graph knows.
        heuristics: Any of ``"cn"`` (common neighbours), ``"aa"`` (Adamic-Adar), ``"ra"``
            (resource allocation) and ``"ppr"`` (personalised PageRank, approximate).
        known: Further pairs that are edges and must be no negatives, such as the other split's.
            Edges of ``graph`` and the positives never are.
        seed: Of the order of equal ranks and of the random ones.

    Shapes:
        - **positives, known:** :math:`(2, P)`
        - **output:** :math:`(2, P, M)`, as ``val_neg`` and ``test_neg`` of :class:`LinkData`

    Raises:
        GraphError: If an index is out of range or a node has too few pairs that are no edges.

    Example:
        >>> path = torch.arange(8).unfold(0, 2, 1).t()
        >>> hard_negatives(path, torch.tensor([[0], [7]]), 2, heuristics=["cn"])[:, 0].t().tolist()
        [[0, 2], [5, 7]]
    """
    num_negatives = check_count(num_negatives, "num_negatives", least=1)
    if isinstance(heuristics, str):
        heuristics = (heuristics,)
    for name in heuristics:
        check_choice(name, "heuristics", _HEURISTICS)
    if not heuristics:
        fail("heuristics", "none", "at least one of " + ", ".join(map(repr, _HEURISTICS)))
    if not isinstance(graph, CSRGraph):
        graph = CSRGraph.from_edge_index(graph, num_nodes)
    n = graph.num_nodes
    pairs = pair_columns(positives, "positives", n).cpu()
    extra = [pairs.numpy(), graph.to_edges().T]
    if known is not None:
        extra.append(pair_columns(known, "known", n).cpu().numpy())
    taken = CSRGraph.from_edge_index(np.concatenate(extra, axis=1), n)
    # The first end keeps its place in the first half of the negatives, the second in the others.
    first, second = (num_negatives + 1) // 2, num_negatives // 2
    ends, place = np.unique(pairs.numpy(), return_inverse=True)
    place = place.reshape(2, -1)
    rng = np.random.default_rng(check_count(seed, "seed"))
    lists = np.concatenate([np.zeros((0, first), np.int64),
                            *_ranked(graph, taken, ends, heuristics, first, rng)])
    out = np.empty((2, pairs.size(1), num_negatives), np.int64)
    out[0, :, :first] = pairs[0].numpy()[:, None]
    out[1, :, :first] = lists[place[0]]
    out[0, :, first:] = lists[place[1], :second]
    out[1, :, first:] = pairs[1].numpy()[:, None]
    return torch.from_numpy(out).to(positives.device)


def _ranked(
    graph: CSRGraph, taken: CSRGraph, ends: NDArray[np.int64], heuristics: Sequence[str],
    length: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """The ``length`` best partners ``[B, length]`` of the ends that are not theirs already."""
    n = graph.num_nodes
    short = np.flatnonzero(n - 1 - taken.degree[ends] < length)
    if short.size:
        node = ends[short[0]]
        fail("num_negatives", f"{length} partners for node {node}",
             f"at most {n - 1 - taken.degree[node]}, the nodes it has no edge with")
    missing = NegativePairs(taken)
    edge = np.repeat(np.arange(n), taken.degree) * n + taken.col
    edge = np.sort(np.concatenate([edge, np.arange(n) * (n + 1)]))
    products = _products(graph, [name for name in heuristics if name != "ppr"])
    for start in range(0, len(ends), _BLOCK):
        block = ends[start:start + _BLOCK]
        found = products(block)
        if "ppr" in heuristics:
            from ...topology import personalized_pagerank

            found.append(personalized_pagerank(graph, block))
        keys, ranks = [], []
        for matrix in found:
            matrix = matrix.tocoo()
            row, col = matrix.coords
            key = row.astype(np.int64) * n + col
            where = block[row] * n + col
            slot = np.searchsorted(edge, where).clip(max=len(edge) - 1)
            free = (edge[slot] != where) & (matrix.data > 0)
            key, row, value = key[free], row[free], matrix.data[free]
            order = np.lexsort((rng.random(len(key)), -value, row))
            rank = np.arange(len(key)) - np.searchsorted(row[order], row[order])
            keys.append(key[order][rank < length])
            ranks.append(rank[rank < length])
        yield _first(np.concatenate(keys), np.concatenate(ranks), block, length, n, missing, rng)


def _first(
    key: NDArray[np.int64], rank: NDArray[np.int64], block: NDArray[np.int64], length: int, n: int,
    missing: NegativePairs, rng: np.random.Generator
) -> NDArray[np.int64]:
    """The first ``length`` of each row by rank, then random ones that are not among them."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    while True:
        order = np.lexsort((rank, key))
        key, rank = key[order], rank[order]
        once = np.ones(len(key), bool)
        once[1:] = key[1:] != key[:-1]
        key, rank = key[once], rank[once]
        count = np.bincount(key // n, minlength=len(block))
        lacking = np.flatnonzero(count < length)
        if not lacking.size:
            break
        # A node that lacks few edges is drawn from many times over before all have come up.
        draws = missing.sample_targets(torch.from_numpy(block[lacking]), 2 * length, generator)
        more = (lacking[:, None] * n + draws.numpy()).ravel()
        key = np.concatenate([key, more])
        rank = np.concatenate([rank, np.full(len(more), length + n)])
    order = np.lexsort((rng.random(len(key)), rank, key // n))
    row = key[order] // n
    chosen = np.arange(len(row)) - np.searchsorted(row, row) < length
    return (key[order][chosen] % n).reshape(len(block), length)


def _products(graph: CSRGraph, names: Sequence[str]) -> Any:
    """A function of nodes that gives their rows of each heuristic over two hops."""
    from scipy.sparse import csr_array

    n = graph.num_nodes
    rows = csr_array((np.ones(len(graph.col)), graph.col, graph.rowptr), shape=(n, n))
    degree = graph.degree.astype(np.float64)
    weights = {"cn": np.ones(n), "ra": 1 / np.maximum(degree, 1),
               # Of a common neighbour's two edges at least: its logarithm is above zero.
               "aa": 1 / np.log(np.maximum(degree, 2))}
    weighted = [csr_array((np.repeat(weights[name], graph.degree), graph.col, graph.rowptr),
                          shape=(n, n)) for name in names]
    return lambda nodes: [rows[nodes] @ matrix for matrix in weighted]
