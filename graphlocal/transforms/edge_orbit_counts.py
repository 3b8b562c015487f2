"""Orbit counts as features of edges."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from ..graph.checks import check_choice, check_edge_index
from ..topology.orbits import edge_orbit_counts
from .attach import append, check_free, check_name, features, graph_of, put_edges


@functional_transform("add_edge_orbit_counts")
class AddEdgeOrbitCounts(BaseTransform):
    r"""Adds to every edge how often it takes each place in each graphlet, see
    :func:`~graphlocal.topology.edge_orbit_counts` (functional name: ``add_edge_orbit_counts``).

    There is one row for each entry of ``data.edge_index``, in its order. Both directions of an
    edge and its repetitions have the same row. Self loops are in no graphlet: their rows are zero.

    Counts with the logarithm are float32. Raw ones are int64 in an attribute of their own; in
    ``edge_attr`` they take its dtype, at least float32, which is exact up to :math:`2^{24}`.

    Args:
        size: 4 for 12 edge orbits, 5 for 68. (default: ``4``)
        log: Whether to take :math:`\log(1 + \cdot)`, as counts span many orders of magnitude.
            (default: ``True``)
        attr: ``"edge_attr"``, to append to it or to be it where there is none, or the name of a
            new attribute. (default: ``"edge_attr"``)

    Shapes:
        - **input:** ``data.edge_index`` :math:`(2, E)`
        - **output:** ``data[attr]`` :math:`(E, F + 12)` or :math:`(E, F + 68)`

    Raises:
        GraphError: If an argument is unknown, ``data`` has several types of nodes or a wrong
            ``edge_index``, ``data.edge_attr`` is not floating-point, or ``data`` has the
            attribute already.

    Example:
        >>> import torch
        >>> from torch_geometric.data import Data
        >>> paw = Data(edge_index=torch.tensor([[0, 1, 2, 2, 2], [1, 2, 0, 3, 2]]))
        >>> AddEdgeOrbitCounts(log=False, attr="edge_orbits")(paw).edge_orbits[:, 1]  # triangles
        tensor([1, 1, 1, 0, 0])
    """

    def __init__(self, size: Literal[4, 5] = 4, log: bool = True, attr: str = "edge_attr") -> None:
        self.size: Literal[4, 5] = check_choice(size, "size", (4, 5))
        self.log = bool(log)
        self.attr = check_name(attr)

    def forward(self, data: Any) -> Any:
        graph = graph_of(data)
        if self.attr != "edge_attr":
            check_free(data, self.attr)
        index, _ = check_edge_index(data.edge_index, graph.num_nodes)
        proper = index[0] != index[1]
        counts = np.zeros((index.shape[1], {4: 12, 5: 68}[self.size]), np.int64)
        counts[proper] = edge_orbit_counts(graph, self.size, edges=index[:, proper])
        values = features(counts, self.log, data.edge_index.device)
        if self.attr == "edge_attr":
            values = append(data, "edge_attr", values)
        put_edges(data, self.attr, values)
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, log={self.log}, attr='{self.attr}')"
