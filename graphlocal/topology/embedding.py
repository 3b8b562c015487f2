"""Node embeddings that factorise how often nodes meet: on orbits, or on random walks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..graph import CSRGraph, as_graph
from ..graph.checks import GraphTypeError, check_count, check_nonnegative, fail
from ..kernels.cpu.parallel import run_blocks
from .orbit_adjacency import OrbitAdjacency, orbit_adjacency
from .svd import truncated_svd

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: Rows of the walk matrix that exist at a time, and nodes up to which it is exact by default.
_BLOCK, EXACT_NODES = 256, 20_000


def ppmi(counts: Any) -> csr_array:
    r"""Positive pointwise mutual information of counts of meetings.

    .. math::
        \mathrm{PPMI}_{uv} = \max\Big(0, \log \frac{C_{uv} \sum_{ab} C_{ab}}
        {\sum_b C_{ub} \sum_a C_{av}}\Big)

    Args:
        counts: A sparse or dense matrix of counts, none below zero.

    Shapes:
        - **counts, output:** :math:`(N, M)`; the output has values where ``counts`` has

    Raises:
        GraphError: If a count is negative or not finite.

    Example:
        >>> ppmi(np.array([[0, 2], [2, 0]])).toarray().round(3).tolist()
        [[0.0, 0.693], [0.693, 0.0]]
    """
    from scipy.sparse import csr_array

    try:
        matrix = csr_array(counts, dtype=np.float64, copy=True)
    except (TypeError, ValueError) as error:
        fail("counts", f"{type(counts).__name__} ({error})", "a matrix of numbers",
             kind=GraphTypeError)
    matrix.sum_duplicates()
    check_nonnegative(matrix.data, "counts")
    matrix.eliminate_zeros()
    rows, columns = matrix.sum(axis=1), matrix.sum(axis=0)
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    # Logarithms are added: products of large counts would lose digits.
    information = (np.log(matrix.data) + np.log(rows.sum() or 1.0) - np.log(rows[row])
                   - np.log(columns[matrix.indices]))
    matrix.data = np.maximum(information, 0.0)
    matrix.eliminate_zeros()
    return matrix


def gopmi(
    source: Any, dim: int = 128, *, orbits: tuple[int, int, int] | None = None, seed: int = 0
) -> NDArray[np.float64]:
    r"""Embeds nodes by the information that meeting on a pair of graphlet orbits holds.

    An orbit adjacency is taken for counts of meetings; the largest singular triplets of its
    :func:`ppmi` are the embedding :math:`\mathbf{U} \sqrt{\mathbf{\Sigma}}`. Of an adjacency that
    is not symmetric, half of ``dim`` is :math:`\mathbf{U} \sqrt{\mathbf{\Sigma}}`, what a node is
    as a row, and half :math:`\mathbf{V} \sqrt{\mathbf{\Sigma}}`, what it is as a column. GRADCO
    (`"Combining graphlets and random walks for capturing complex network topology"
    <https://doi.org/10.1038/s41598-026-44410-x>`_) names the method.

    Args:
        source: A graph, with ``orbits``; or an :class:`OrbitAdjacency` or a sparse matrix of
            counts, without.
        dim: Number of columns. Those past the rank of the matrix are 0.
        orbits: ``(hop, i, j)``, one of the 28.
        seed: Of the first vector of the iteration; signs are fixed, so that equal input gives
            equal output.

    Shapes:
        - **output:** :math:`(N, dim)`

    Raises:
        GraphError: If there are no such orbits, the matrix is not square or has negative counts,
            or ``dim`` is below 1.

    Example:
        >>> import networkx as nx
        >>> gopmi(nx.karate_club_graph(), 8, orbits=(1, 3, 3)).shape
        (34, 8)
    """
    dim = check_count(dim, "dim", least=1)
    seed = check_count(seed, "seed")
    symmetric: bool | None = None
    if orbits is not None:
        if not isinstance(orbits, tuple | list) or len(orbits) != 3:
            fail("orbits", repr(orbits), "(hop, i, j)", kind=GraphTypeError)
        counts = orbit_adjacency(source, *orbits)
        symmetric = orbits[1] == orbits[2]
    elif isinstance(source, OrbitAdjacency):
        counts = source.tocsr()
    elif isinstance(source, CSRGraph) or not (hasattr(source, "tocsr")
                                              or isinstance(source, np.ndarray)):
        fail("orbits", "None", "(hop, i, j) to embed a graph by",
             "the edges themselves are (1, 0, 0)")
    else:
        counts = source
    matrix = ppmi(counts)
    if matrix.shape[0] != matrix.shape[1]:
        fail("source", f"shape {matrix.shape}", "a square matrix")
    if symmetric is None:
        difference = matrix - matrix.T
        symmetric = difference.nnz == 0 or bool(np.abs(difference.data).max() < 1e-9)
    return _factorised(matrix, dim, symmetric, seed)


def rwpmi(
    graph: Any,
    dim: int = 128,
    *,
    window: int = 10,
    negative: float = 1.0,
    rank: int | None = None,
    seed: int = 0,
) -> NDArray[np.float64]:
    r"""Embeds nodes by the information that meeting on random walks holds, as DeepWalk does in
    the limit; from `"Network Embedding as Matrix Factorization"
    <https://arxiv.org/abs/1710.02971>`_.

    .. math::
        \log \max\Big(1, \frac{\mathrm{vol}(G)}{b\,T} \sum_{r=1}^{T}
        (\mathbf{D}^{-1}\mathbf{A})^r \mathbf{D}^{-1}\Big)

    is factorised as :math:`\mathbf{U} \sqrt{\mathbf{\Sigma}}`. The exact matrix takes
    :math:`O(T M N)` time and is made in blocks of rows; the approximate one, by eigenvectors of
    the normalised adjacency, :math:`O(h N^2)`. Of either only the values above 0 are kept, 12 to
    16 bytes each, which on a graph of small diameter are a large part of :math:`N^2`.

    Args:
        graph: A :class:`~graphlocal.graph.CSRGraph` or anything :func:`~graphlocal.graph.as_graph`
            takes.
        dim: Number of columns. Those past the rank of the matrix are 0.
        window: Steps T a context reaches.
        negative: Negative samples b.
        rank: Number h of eigenvectors to approximate with, those whose eigenvalues are the
            largest in size; 256 in the paper. ``None`` is exact up
            to 20,000 nodes and takes 256 above.
        seed: Of the first vector of the iterations.

    Shapes:
        - **output:** :math:`(N, dim)`; rows of isolated nodes are 0

    Raises:
        GraphError: If no graph can be made from ``graph``, or a number is below 1
            (``negative``: not above 0).

    Example:
        >>> import networkx as nx
        >>> rwpmi(nx.karate_club_graph(), 8, window=5).shape
        (34, 8)
    """
    graph = as_graph(graph)
    dim, window = check_count(dim, "dim", least=1), check_count(window, "window", least=1)
    seed = check_count(seed, "seed")
    if isinstance(negative, bool) or not isinstance(negative, (int, float, np.number)):
        fail("negative", repr(negative), "a number", kind=GraphTypeError)
    if not 0 < negative < np.inf:
        fail("negative", str(negative), "a number above 0")
    if rank is not None:
        rank = check_count(rank, "rank", least=1)
    elif graph.num_nodes > EXACT_NODES:
        rank = 256
    return _factorised(_walk_matrix(graph, window, float(negative), rank, seed), dim, True, seed)


def concatenate_embeddings(*embeddings: Any, normalize: bool = True) -> NDArray[np.float64]:
    """Embeddings of the same nodes side by side.

    Args:
        embeddings: Matrices with a row per node.
        normalize: Scale every row of every part to length 1 first, so that no part outweighs
            another; rows of zeros stay.

    Shapes:
        - **embeddings:** :math:`(N, F_k)`
        - **output:** :math:`(N, \\sum_k F_k)`

    Raises:
        GraphError: If there are none, or their rows differ in number.

    Example:
        >>> concatenate_embeddings(np.array([[3.0, 4.0]]), np.array([[2.0]])).tolist()
        [[0.6, 0.8, 1.0]]
    """
    parts = [np.asarray(part, np.float64) for part in embeddings]
    if not parts:
        fail("embeddings", "none", "at least one")
    if any(part.ndim != 2 or len(part) != len(parts[0]) for part in parts):
        fail("embeddings", f"shapes {', '.join(str(part.shape) for part in parts)}",
             "matrices with the same number of rows")
    if normalize:
        lengths = [np.linalg.norm(part, axis=1, keepdims=True) for part in parts]
        parts = [part / np.where(length > 0, length, 1.0)
                 for part, length in zip(parts, lengths, strict=True)]
    return np.concatenate(parts, axis=1)


def _factorised(
    matrix: csr_array, dim: int, symmetric: bool, seed: int
) -> NDArray[np.float64]:
    half = dim if symmetric else (dim + 1) // 2
    u, values, v = truncated_svd(matrix, half, symmetric=symmetric, seed=seed)
    root = np.sqrt(values)
    parts = [u * root] if symmetric else [u * root, (v * root)[:, : dim - half]]
    return np.concatenate(parts, axis=1)


def _walk_matrix(
    graph: CSRGraph, window: int, negative: float, rank: int | None, seed: int
) -> csr_array:
    """The matrix NetMF factorises. Powers of D^-1/2 A D^-1/2 are symmetric, so rows are columns."""
    from scipy.sparse import csr_array, vstack

    n, degree = graph.num_nodes, graph.degree
    if graph.num_edges == 0:
        return csr_array((n, n))
    scale = np.zeros(n)
    np.divide(1.0, np.sqrt(degree), out=scale, where=degree > 0)
    row = np.repeat(np.arange(n), degree)
    walk = csr_array((scale[row] * scale[graph.col], graph.col.copy(), graph.rowptr.copy()),
                     shape=(n, n))
    factor = degree.sum() / (negative * window)
    if rank is not None:
        # The largest in size, of either sign: dropping the negative ones costs more.
        vectors, values, signed = truncated_svd(walk, min(rank, n), symmetric=True, seed=seed)
        values = values * np.sign((vectors * signed).sum(axis=0))
        powers = sum(values ** r for r in range(1, window + 1))

    def block(start: int, stop: int) -> csr_array:
        if rank is not None:
            total = (vectors * powers) @ vectors[start:stop].T  # [N, B]
        else:
            power = np.zeros((n, stop - start))
            power[np.arange(start, stop), np.arange(stop - start)] = 1.0
            total = np.zeros_like(power)
            for _ in range(window):
                power = walk @ power
                total += power
        total *= scale[:, None] * (factor * scale[start:stop])
        np.log(np.maximum(total, 1.0, out=total), out=total)
        return csr_array(np.ascontiguousarray(total.T))

    borders = [*range(0, n, _BLOCK), n]
    return csr_array(vstack(run_blocks(block, borders), format="csr"))
