"""The largest singular triplets of a sparse matrix, the same for the same input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: Below this share of the largest, a singular value is rounding and its vectors mean nothing.
_ROUNDING = 1e-7
#: Rows and columns up to which all of the decomposition is made, dense.
_DENSE = 512


def truncated_svd(
    matrix: csr_array, rank: int, *, symmetric: bool = False, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The ``rank`` largest singular values with their vectors: ``(u, values, v)``.

    Signs are chosen so that the largest entry of every column of ``u`` is positive. Where the
    matrix has a lower rank, values and vectors past it are 0.

    Args:
        matrix: A sparse matrix.
        rank: Number of triplets.
        symmetric: That the matrix is, which halves the work.
        seed: Of the first vector of the iteration.

    Shapes:
        - **matrix:** :math:`(N, M)`
        - **u:** :math:`(N, rank)`
        - **values:** :math:`(rank)`
        - **v:** :math:`(M, rank)`

    Example:
        >>> from scipy.sparse import csr_array
        >>> u, values, v = truncated_svd(csr_array(np.diag([3.0, 1.0, 2.0])), 2)
        >>> values.round(6).tolist(), u.round(6).tolist()
        ([3.0, 2.0], [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    """
    from scipy.sparse.linalg import eigsh, svds

    rows, columns = matrix.shape
    least = min(rows, columns)
    found = min(rank, least)
    if matrix.nnz == 0 or found == 0:
        u, values, v = np.zeros((rows, 0)), np.zeros(0), np.zeros((columns, 0))
    else:
        dense = least <= max(_DENSE, 2 * found)
        first = np.random.default_rng(seed).uniform(-1.0, 1.0, least)
        if symmetric:
            # Eigenvectors, not just any singular vectors where a value and its negative meet.
            signed, u = (np.linalg.eigh(matrix.toarray()) if dense
                         else eigsh(matrix, found, which="LM", v0=first))
            values, v = np.abs(signed), u * np.where(signed < 0, -1.0, 1.0)
        else:
            u, values, vt = (np.linalg.svd(matrix.toarray(), full_matrices=False) if dense
                             else svds(matrix, found, v0=first))
            v = vt.T
    order = np.argsort(-values, kind="stable")[:found]
    order = order[values[order] > _ROUNDING * values.max(initial=0.0)]
    u, values, v = u[:, order], values[order], v[:, order]
    # Exactly, not but for rounding.
    u[np.diff(matrix.indptr) == 0] = 0.0
    v[np.bincount(matrix.indices, minlength=columns) == 0] = 0.0
    if len(order):
        sign = np.sign(u[np.abs(u).argmax(axis=0), np.arange(len(order))])
        u, v = u * sign, v * sign
    more = ((0, 0), (0, rank - len(order)))
    return np.pad(u, more), np.pad(values, more[1]), np.pad(v, more)
