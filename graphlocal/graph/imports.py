"""What a graph can be made from: the half of :class:`CSRGraph` that leads in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import checks, convert, store

if TYPE_CHECKING:
    from .csr import CSRGraph

Directed = Literal["symmetrize", "error"]


class Imports:
    """Constructors of :class:`CSRGraph`: each reads its source and hands on plain arrays.

    Example:
        >>> from graphlocal import CSRGraph
        >>> CSRGraph.from_edges([(0, 1), (1, 2)])
        CSRGraph(num_nodes=3, num_edges=2)
    """

    __slots__ = ()

    @classmethod
    def from_edges(
        cls: type[CSRGraph],
        edges: ArrayLike | Any,
        num_nodes: int | None = None,
        edge_weight: ArrayLike | Any | None = None,
        *,
        directed: Directed = "symmetrize",
    ) -> CSRGraph:
        """Graph of edges in rows, one pair each; see :meth:`from_edge_index` for the rest.

        Shapes:
            - **edges:** :math:`(E, 2)`

        Raises:
            GraphError: If ``edges`` does not have two columns, or as :meth:`from_edge_index`.

        Example:
            >>> from graphlocal import CSRGraph
            >>> CSRGraph.from_edges([(0, 1), (1, 2)]).num_edges
            2
        """
        array = checks.to_numpy(edges, "edges")
        if array.size == 0 and array.ndim <= 2:
            array = np.zeros((0, 2), np.int64)
        if array.ndim != 2 or array.shape[1] != 2:
            checks.fail("edges", f"shape {tuple(array.shape)}", "shape (E, 2)",
                        "one row per edge; edge_index in PyG's layout goes to from_edge_index")
        return cls.from_edge_index(array.T, num_nodes, edge_weight, directed=directed)

    @classmethod
    def from_csr(
        cls: type[CSRGraph],
        rowptr: ArrayLike | Any,
        col: ArrayLike | Any,
        weight: ArrayLike | Any | None = None,
        *,
        ids: NDArray[Any] | None = None,
    ) -> CSRGraph:
        """Graph of row pointers and neighbours that are simple and undirected already.

        Nothing is repaired; every entry is checked.

        Shapes:
            - **rowptr:** :math:`(N + 1)`
            - **col, weight:** :math:`(2M)`
            - **ids:** :math:`(N)`

        Raises:
            GraphError: As the constructor.

        Example:
            >>> from graphlocal import CSRGraph
            >>> CSRGraph.from_csr([0, 1, 3, 4], [1, 0, 2, 1]).num_edges
            2
            >>> CSRGraph.from_csr([0, 1, 1], [1])
            Traceback (most recent call last):
            ...
            graphlocal.graph.errors.GraphError: argument 'col': got 1 in row 0 at position 0, \
expected 0 in row 1 too, an undirected graph (build the graph with CSRGraph.from_edge_index)
        """
        return cls(rowptr, col, weight, ids)

    @classmethod
    def from_networkx(
        cls: type[CSRGraph], graph: Any, weight: str | None = "weight", *,
        directed: Directed = "symmetrize",
    ) -> CSRGraph:
        """Graph of a networkx graph of any kind; its labels become the ids.

        Integer labels are sorted, others keep the order of ``graph.nodes``.

        Args:
            graph: ``Graph``, ``DiGraph``, ``MultiGraph`` or ``MultiDiGraph``.
            weight: Edge attribute with the weights; an edge without it weighs 1, and a graph
                without it has no weights.
            directed: As in :meth:`from_edge_index`, for directed graphs.

        Raises:
            GraphError: If ``graph`` is no networkx graph or weights are not finite numbers.

        Example:
            >>> from graphlocal import CSRGraph
            >>> import networkx as nx
            >>> graph = CSRGraph.from_networkx(nx.DiGraph([("a", "b"), ("b", "a"), ("b", "c")]))
            >>> graph.num_edges, graph.ids.tolist()
            (2, ['a', 'b', 'c'])
        """
        index, num_nodes, values, ids = convert.networkx_edges(graph, weight)
        if values is not None:
            values = checks.check_weight(values, index.shape[1], "weight")
        # Checked first: an undirected graph passes whatever the policy.
        checks.check_choice(directed, "directed", ("symmetrize", "error"))
        if not graph.is_directed():
            directed = "symmetrize"
        return cls._from_checked(index, num_nodes, values, ids, directed, source="graph")

    @classmethod
    def from_scipy(
        cls: type[CSRGraph],
        matrix: Any,
        weight: bool | None = None,
        *,
        ids: NDArray[Any] | None = None,
        directed: Directed = "symmetrize",
    ) -> CSRGraph:
        """Graph of a square sparse adjacency matrix of any format.

        Explicit zeros are no edges; :attr:`report` counts them.

        Args:
            matrix: A scipy sparse array or matrix. A triangular one is symmetrised.
            weight: Whether values are weights; ``None`` means unless all of them are 1.
            ids: Names of the nodes.
            directed: As in :meth:`from_edge_index`.

        Shapes:
            - **matrix:** :math:`(N, N)`

        Raises:
            GraphError: If the matrix is dense, not square, or its arrays are damaged.

        Example:
            >>> from graphlocal import CSRGraph
            >>> from scipy.sparse import csr_array
            >>> CSRGraph.from_scipy(csr_array([[0, 2.5, 0], [0, 0, 1], [0, 0, 0]]))
            CSRGraph(num_nodes=3, num_edges=2, weighted)
        """
        index, num_nodes, values, zeros = convert.scipy_edges(matrix, weight)
        ids = convert.check_names(ids, num_nodes)
        return cls._from_checked(index, num_nodes, values, ids, directed, source="matrix",
                                 zeros=zeros)

    @classmethod
    def from_data(
        cls: type[CSRGraph],
        data: Any,
        weight: bool | str | None = None,
        *,
        directed: Directed = "symmetrize",
    ) -> CSRGraph:
        """Graph of PyG's ``Data``, or of any object with ``edge_index``.

        Args:
            data: Object with ``edge_index`` and perhaps ``num_nodes``.
            weight: ``None`` takes ``edge_weight`` or one-dimensional ``edge_attr``, where there
                is one; ``False`` none; ``True`` demands one; a name takes that attribute.
            directed: As in :meth:`from_edge_index`.

        Raises:
            GraphError: If there is no ``edge_index``, or as :meth:`from_edge_index`.

        Example:
            >>> from graphlocal import CSRGraph
            >>> import torch
            >>> from torch_geometric.data import Data
            >>> CSRGraph.from_data(Data(edge_index=torch.tensor([[0, 1], [1, 2]]), num_nodes=5))
            CSRGraph(num_nodes=5, num_edges=2)
        """
        index, num_nodes, values = convert.data_edges(data, weight)
        return cls.from_edge_index(index, num_nodes, values, directed=directed)

    @classmethod
    def read(cls: type[CSRGraph], source: Any, **options: Any) -> CSRGraph:
        """Graph of a file; :func:`graphlocal.graph.read` has the options.

        Example:
            >>> from graphlocal import CSRGraph
            >>> CSRGraph.read(b"ann bob\\nbob eve\\n").ids.tolist()
            ['ann', 'bob', 'eve']
        """
        from .formats import read

        return read(source, **options)

    @classmethod
    def open(
        cls: type[CSRGraph], directory: str | os.PathLike[str], *, check: bool = False
    ) -> CSRGraph:
        """Opens what :meth:`save` wrote, without reading it: arrays are mapped, read-only.

        Args:
            directory: The directory.
            check: Go through every edge too, as :meth:`read` and the command line do, for a
                directory of unknown origin: a damaged one may crash what is computed.

        Raises:
            GraphError: If the directory is none of ours, incomplete or damaged.

        Example:
            >>> from graphlocal import CSRGraph
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     CSRGraph.from_edges([(0, 1)]).save(f"{folder}/graph")
            ...     CSRGraph.open(f"{folder}/graph").num_edges
            1
        """
        return store.open_graph(directory, check=check)
