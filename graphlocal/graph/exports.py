"""What a graph can be turned into: the half of :class:`CSRGraph` that leads out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import convert, store

if TYPE_CHECKING:
    from .csr import CSRGraph


class Exports:
    """Methods of :class:`CSRGraph` that write it or hand it to another library.

    Example:
        >>> from graphlocal import CSRGraph
        >>> CSRGraph.from_edges([(0, 1), (1, 2)]).to_edges().tolist()
        [[0, 1], [1, 2]]
    """

    __slots__ = ()

    def save(self: CSRGraph, directory: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Writes ``rowptr.npy, col.npy, meta.json`` (weights and ids too) for :meth:`open`.

        The directory appears whole or not at all.

        Args:
            directory: A new name; its parent exists.
            overwrite: Replace a graph saved there before, never anything else.

        Raises:
            GraphError: If the directory exists or cannot be written.

        Example:
            >>> from graphlocal import CSRGraph
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     CSRGraph.from_edges([(0, 1)]).save(f"{folder}/graph")
        """
        store.save_graph(self, directory, overwrite=overwrite)

    def write_edges(
        self: CSRGraph, path: str | os.PathLike[str], *, sep: str = "\t", header: bool = False
    ) -> None:
        """Writes an edge list, every edge once, with ids and weights. Isolated nodes are lost.

        Args:
            path: File to write; packed if its name ends in ``.gz``.
            sep: Character between columns.
            header: Begin with a line that names the columns.

        Raises:
            GraphError: If the file cannot be written there.

        Example:
            >>> from graphlocal import CSRGraph
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     CSRGraph.from_edges([(0, 1), (2, 1)]).write_edges(f"{folder}/edges.tsv")
            ...     print(open(f"{folder}/edges.tsv").read().split())
            ['0', '1', '1', '2']
        """
        convert.write_edges(self, path, sep, header)

    def to_edges(self: CSRGraph) -> NDArray[np.int64]:
        """Every edge once, in rows, smaller end first.

        Shapes:
            - **output:** :math:`(M, 2)`

        Example:
            >>> from graphlocal import CSRGraph
            >>> CSRGraph.from_edges([(2, 1), (0, 1)]).to_edges().tolist()
            [[0, 1], [1, 2]]
        """
        return np.stack(convert.upper_edges(self)[:2], axis=1)

    def to_edge_index(self: CSRGraph) -> NDArray[np.int64]:
        """Every edge in both directions, in columns, sorted by row: PyG's layout.

        ``torch.from_numpy`` makes it a tensor; :attr:`weight` is in the same order.

        Shapes:
            - **output:** :math:`(2, 2M)`

        Example:
            >>> from graphlocal import CSRGraph
            >>> CSRGraph.from_edges([(0, 1), (1, 2)]).to_edge_index().tolist()
            [[0, 1, 1, 2], [1, 0, 2, 1]]
        """
        index = np.empty((2, len(self.col)), np.int64)
        index[0] = np.repeat(np.arange(self.num_nodes), self.degree)
        index[1] = self.col
        return index

    def to_networkx(self: CSRGraph) -> Any:
        """``networkx.Graph`` with the ids as labels, weights as ``weight``.

        Example:
            >>> from graphlocal import CSRGraph
            >>> CSRGraph.read(b"ann bob\\n").to_networkx().edges
            EdgeView([('ann', 'bob')])
        """
        return convert.to_networkx(self)

    def to_scipy(self: CSRGraph) -> Any:
        """``scipy.sparse.csr_array`` of the weights, or of ones.

        Shapes:
            - **output:** :math:`(N, N)`

        Example:
            >>> from graphlocal import CSRGraph
            >>> CSRGraph.from_edges([(0, 1)]).to_scipy().toarray().tolist()
            [[0.0, 1.0], [1.0, 0.0]]
        """
        from scipy.sparse import csr_array

        values = np.ones(len(self.col)) if self.weight is None else self.weight
        shape = (self.num_nodes, self.num_nodes)
        return csr_array((values.copy(), self.col.copy(), self.rowptr.copy()), shape=shape)

    def to_data(self: CSRGraph) -> Any:
        """PyG's ``Data`` with ``edge_index``, ``num_nodes`` and perhaps ``edge_weight``.

        Example:
            >>> from graphlocal import CSRGraph
            >>> CSRGraph.from_edges([(0, 1)], num_nodes=3).to_data()
            Data(edge_index=[2, 2], num_nodes=3)
        """
        import torch
        from torch_geometric.data import Data

        data = Data(edge_index=torch.from_numpy(self.to_edge_index()), num_nodes=self.num_nodes)
        if self.weight is not None:
            data.edge_weight = torch.from_numpy(self.weight.astype(np.float32))
        return data
