"""The smoothest vibrations of a graph: eigenvectors of its normalised Laplacian."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..graph import CSRGraph, as_graph
from ..graph.checks import check_count
from .components import connected_components

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: Nodes of a component up to which all its eigenvectors are computed, and numbers of a stack of
#: components of one size that are taken together.
_DENSE, _STACK = 512, 1 << 21
#: Restarts of the iteration before the Laplacian is factorised instead.
_RESTARTS = 20
#: What is no more than this share is rounding.
_ROUNDING = 1e-6


def laplacian_eigenvectors(
    graph: Any, k: int = 8, *, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Eigenvalues and eigenvectors of the normalised Laplacian of each component:
    ``(values, vectors)``, the smallest first, without the one of eigenvalue 0.

    .. math::
        \mathbf{L} = \mathbf{I} - \mathbf{D}^{-1/2} \mathbf{A} \mathbf{D}^{-1/2}, \qquad
        \mathbf{L} \mathbf{u}_c = \lambda_c \mathbf{u}_c

    Every component is taken for a graph by itself, so eigenvectors do not mix components and graphs
    side by side get what they get alone. An eigenvector has length 1 in its component. Of the two
    signs it is given the one that makes the sum of its cubes positive; where that is 0, the first
    of its largest entries is. Eigenvectors of an eigenvalue that occurs several times are any
    basis of their space, the same for the same input (in components of more than 512 nodes from
    scipy 1.17 on).

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        k: Number of eigenvectors. (default: ``8``)
        seed: Of the first vector of the iteration, for components of more than 512 nodes.
            (default: ``0``)

    Shapes:
        - **values, vectors:** :math:`(N, k)`; a node's row of values is that of its component.
          Columns a component has no eigenvectors for are 0

    Raises:
        GraphError: If no graph can be made from ``graph``, or ``k`` is below 1.

    Example:
        >>> from graphlocal import CSRGraph
        >>> values, vectors = laplacian_eigenvectors(CSRGraph.from_edges([(0, 1), (1, 2)]), 3)
        >>> values[0].round(3).tolist(), vectors[:, 1].round(3).tolist()
        ([1.0, 2.0, 0.0], [-0.5, 0.707, -0.5])
    """
    graph = as_graph(graph)
    k = check_count(k, "k", least=1)
    seed = check_count(seed, "seed")
    values, vectors = np.zeros((graph.num_nodes, k)), np.zeros((graph.num_nodes, k))
    label = connected_components(graph)
    sizes = np.bincount(label)
    order = np.argsort(label, kind="stable")  # node by node, component after component
    begin = np.concatenate([[0], np.cumsum(sizes)])
    place = np.empty_like(order)
    place[order] = np.arange(len(order)) - np.repeat(begin[:-1], sizes)
    for size in np.unique(sizes[sizes > 1]):
        found = min(k, int(size) - 1)
        components = np.flatnonzero(sizes == size)
        stack = max(1, _STACK // int(size) ** 2)
        for first in range(0, len(components), stack):
            nodes = order[begin[components[first:first + stack], None] + np.arange(size)]  # [B, n]
            if size <= max(_DENSE, 2 * found):
                some, basis = np.linalg.eigh(_laplacians(graph, nodes, place))
                some, basis = some[:, 1:found + 1], basis[:, :, 1:found + 1]
            else:
                some, basis = (x[None] for x in _iterated(graph, nodes[0], place, found, seed))
            values[nodes, :found] = some[:, None]
            vectors[nodes, :found] = _signed(basis)
    return values, vectors


def _laplacians(
    graph: CSRGraph, nodes: NDArray[np.int64], place: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Laplacians ``[B, n, n]`` of components of one size, dense."""
    count, size = nodes.shape
    row, other, value = _entries(graph, nodes.ravel())
    matrix = np.zeros((count, size, size))
    matrix[row // size, row % size, place[other]] = -value
    matrix[:, np.arange(size), np.arange(size)] = 1.0
    return matrix


def _iterated(
    graph: CSRGraph, nodes: NDArray[np.int64], place: NDArray[np.int64], found: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The smallest eigenvalues past 0 of one large component, with their vectors."""
    from scipy.sparse import csr_array, eye_array
    from scipy.sparse.linalg import ArpackNoConvergence, eigsh

    size = len(nodes)
    row, other, value = _entries(graph, nodes)
    walk: csr_array = csr_array((value, (row, place[other])), shape=(size, size))
    first = np.random.default_rng(seed).uniform(-1.0, 1.0, size)
    options: dict[str, Any] = {"v0": first, "ncv": min(size, max(64, 4 * found))}
    if "rng" in inspect.signature(eigsh).parameters:  # of the vectors after one that leads nowhere
        options["rng"] = np.random.default_rng(seed)
    try:
        near, basis = eigsh(walk, found + 1, which="LA", maxiter=_RESTARTS, **options)
        values = 1.0 - near
    except ArpackNoConvergence:  # long thin graphs, whose factors are sparse
        values, basis = eigsh(eye_array(size, format="csc") - walk.tocsc(), found + 1,
                              sigma=-1e-3, **options)
    ascending = np.argsort(values, kind="stable")[1:]
    return values[ascending], basis[:, ascending]


def _entries(
    graph: CSRGraph, nodes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.integer], NDArray[np.float64]]:
    """Entries of the normalised adjacency in the rows of ``nodes``: row, node, value."""
    degree = graph.degree
    row = np.repeat(np.arange(len(nodes)), degree[nodes])
    before = np.concatenate([[0], np.cumsum(degree[nodes])[:-1]])
    other = graph.col[np.arange(len(row)) + np.repeat(graph.rowptr[nodes] - before, degree[nodes])]
    return row, other, 1.0 / np.sqrt(degree[nodes][row] * degree[other])


def _signed(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns ``[B, n, k]`` with the sign that was agreed on."""
    cubes = vectors**3
    skew, whole = cubes.sum(axis=1), np.abs(cubes).sum(axis=1)
    size = np.abs(vectors)
    peak = (size >= size.max(axis=1, keepdims=True) * (1 - _ROUNDING)).argmax(axis=1)
    largest = np.take_along_axis(vectors, peak[:, None], axis=1)[:, 0]
    sign = np.where(np.abs(skew) > _ROUNDING * whole, skew, largest)
    return vectors * np.where(sign < 0, -1.0, 1.0)[:, None]
