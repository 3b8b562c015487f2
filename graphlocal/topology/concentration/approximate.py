"""Topological concentration by propagating random features."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...graph import CSRGraph, as_graph, checks
from ...kernels.cpu import spmm
from ...kernels.cpu.parallel import row_blocks, run_blocks
from .targets import as_targets, check_undefined, chosen_beta


def approximate_topological_concentration(
    graph: Any,
    targets: Any = None,
    *,
    hops: int = 1,
    dim: int = 256,
    norm: Literal["row", "sym"] = "row",
    similarity: Literal["cosine", "inner"] = "cosine",
    beta: float | None = None,
    seed: int = 0,
    undefined: float = 0.0,
) -> NDArray[np.float64]:
    r"""Approximate topological concentration (ATC): how alike random features have become, at a
    node and at its targets, after propagation over the training graph.

    .. math::
        \mathbf{X} = \sum_{k=1}^{K} \beta^{k-1} \tilde{\mathbf{A}}^k \mathbf{R}, \qquad
        \mathrm{ATC}_i^{K,t} = \frac{1}{|N_i^t|} \sum_{j \in N_i^t} \phi(\mathbf{x}_i, \mathbf{x}_j)

    with rows of :math:`\mathbf{R}` drawn from :math:`N(0, \mathbf{I}/d)`, of "A Topological
    Perspective on Demystifying GNN-Based Link Prediction Performance" (arXiv:2310.04612). It costs
    :math:`O(K d (M + N))` time and :math:`3 N d` numbers of float32 whatever the degrees are, where
    :func:`~graphlocal.topology.topological_concentration` of three hops does not end. It follows
    the exact values, it does not estimate them: compare nodes, not numbers. One hop is cheaper
    exactly.

    Args:
        graph: The training graph: a :class:`~graphlocal.graph.CSRGraph` or anything
            :func:`~graphlocal.graph.as_graph` takes.
        targets: As of :func:`~graphlocal.topology.topological_concentration`. (default: ``None``)
        hops: Depth K. (default: ``1``)
        dim: Number of features d; the error falls with its root. (default: ``256``)
        norm: :math:`\tilde{\mathbf{A}}` is :math:`\mathbf{D}^{-1}\mathbf{A}` (``"row"``) or
            :math:`\mathbf{D}^{-1/2}\mathbf{A}\mathbf{D}^{-1/2}` (``"sym"``). (default: ``"row"``)
        similarity: :math:`\phi`, the cosine or the inner product. (default: ``"cosine"``)
        beta: Weight of a further hop. (default: ``None``, 1 / mean degree over all nodes)
        seed: Of the random features. (default: ``0``)
        undefined: Value of nodes without training neighbours or without targets.
            (default: ``0.0``)

    Shapes:
        - **targets:** :math:`(P, 2)`
        - **output:** :math:`(N)`

    Raises:
        GraphError: If no graph can be made from ``graph``, a pair names a node that is not there,
            or an argument is out of range.

    Example:
        >>> from graphlocal import CSRGraph
        >>> graph = CSRGraph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3)])
        >>> values = approximate_topological_concentration(graph, dim=1024)
        >>> bool(values[0] > values[3])
        True
    """
    graph = as_graph(graph)
    hops, dim = checks.check_count(hops, "hops", least=1), checks.check_count(dim, "dim", least=1)
    checks.check_choice(norm, "norm", ("row", "sym"))
    checks.check_choice(similarity, "similarity", ("cosine", "inner"))
    seed = checks.check_count(seed, "seed")
    beta, undefined = chosen_beta(graph, beta, hops), check_undefined(undefined)
    chosen = graph if targets is None else as_targets(graph, targets)

    x = _propagated(graph, hops, dim, norm == "sym", beta, seed)
    if similarity == "cosine":
        length = np.sqrt(np.einsum("nd,nd->n", x, x))[:, None]
        np.divide(x, length, out=x, where=length > 0)
    # The mean over targets goes inside: both similarities are linear in what they compare with.
    mean = _rows(chosen, x, mean=True)
    values = np.einsum("nd,nd->n", x, mean, dtype=np.float64)
    return np.where((graph.degree > 0) & (chosen.degree > 0), values, undefined)


def _propagated(
    graph: CSRGraph, hops: int, dim: int, symmetric: bool, beta: float, seed: int
) -> NDArray[np.float32]:
    shape = (graph.num_nodes, dim)
    x = np.random.default_rng(seed).standard_normal(shape, np.float32)
    x /= np.float32(np.sqrt(dim))
    root = np.sqrt(np.maximum(graph.degree, 1)).astype(np.float32)[:, None]
    total: NDArray[np.float32] | None = None
    for hop in range(hops):
        if symmetric:
            x /= root
        x = _rows(graph, x, mean=not symmetric)
        if symmetric:
            x /= root
        if total is None:
            total = x if hops == 1 else x.copy()
        else:
            total += np.float32(beta**hop) * x
    return x if total is None else total


def _rows(graph: CSRGraph, x: NDArray[np.float32], mean: bool) -> NDArray[np.float32]:
    """Sum or mean of the rows of the neighbours."""
    out = np.empty_like(x)
    borders = row_blocks(graph.rowptr)
    run_blocks(spmm.sum_rows, borders, graph.rowptr, graph.col, np.zeros(0, np.float32), mean,
               x.reshape(-1), x.shape[1], out.reshape(-1))
    return out
